"""The first sheets of all whom one decision let go, by language, for the rota to hand out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, require
from backend.amnesty.actions import WAITING, step_of
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState
from backend.papers.actions import SOURCE, sheets_of
from backend.papers.telling import Sheet
from backend.papers.wording import LANGUAGES
from backend.plans.actions.reading import read_plan
from backend.typesetting import typeset

A_PART = 20  # people in one file: some seconds to set, and no more memory than that
SHEETS = ("day-one", "72-hours")
OPEN_FOR = timedelta(days=14)  # after that each plan prints its own

# What the coordinator ran, of the plans that are theirs still, whoever else has them by now.
_LET_GO = """
SELECT t.step, t.opened_at, p.id, p.alias, s.language
  FROM task t JOIN plan p ON p.id = t.plan AND p.state IN ('active_inside', 'active_outside')
  JOIN my_mandates_by_flow() h ON h.plan = p.id AND h.role = 'CO' AND h.groups IS NULL
  JOIN person s ON s.id = p.person
 WHERE t.kind = ANY ($1) AND t.assignee = $2 AND t.outcome = 'done' AND t.opened_at > $3
   AND p.id NOT IN (SELECT plans_by_glass()) AND ($4::text IS NULL OR t.step = $4)
 ORDER BY t.opened_at DESC, t.step, p.alias, p.id
"""


@dataclass(frozen=True)
class Spoken:
    """How many of a batch speak a language, and in how many files their sheets are.

    None where no sheet is written in it: each plan prints in another that they read.
    """

    language: str
    people: int
    parts: int


@dataclass(frozen=True)
class Batch:
    """All whom one decision let go, as far as they are the coordinator's still."""

    id: UUID
    at: datetime
    spoken: Sequence[Spoken]


async def list_amnesties(actor: Actor) -> list[Batch]:
    """What the coordinator ran in the last two weeks, the newest first."""
    require(actor, "listAmnesties")
    async with transaction(actor.id):
        rows = await _let_go(actor)
        await record(actor, "listAmnesties")
    batches: dict[str, list[Any]] = {}
    for row in rows:
        batches.setdefault(row["step"], []).append(row)
    return [
        Batch(_id_of(step), people[0]["opened_at"], _by_language(people))
        for step, people in batches.items()
    ]


async def print_amnesty(actor: Actor, id_: UUID, language: str, part: int) -> bytes:
    """The sheets of the first day and of 72 hours of up to `A_PART` people, as one PDF.

    A look at each plan, by the coordinator's own mandate, and written down for each. Whose plan
    prints nothing by now is left out. Raises NotFound for a part that holds nobody, TooMuch.
    """
    require(actor, "printAmnesty")
    sheets = list[Sheet]()
    async with transaction(actor.id):
        people = [one for one in await _let_go(actor, id_) if one["language"] == language]
        for one in people[(part - 1) * A_PART : part * A_PART] if language in LANGUAGES else ():
            sheets += await _sheets_of(actor, one["id"], language)
        if not sheets:
            raise NotFound
    return await typeset(SOURCE, sheets)


async def _let_go(actor: Actor, batch: UUID | None = None) -> Sequence[Any]:
    since, step = clock.now() - OPEN_FOR, None if batch is None else step_of(batch)
    rows: Sequence[Any] = await connection().fetch(
        _LET_GO, sorted(WAITING.values()), actor.id, since, step
    )
    return rows


async def _sheets_of(actor: Actor, plan: UUID, language: str) -> list[Sheet]:
    read = await read_plan(actor, plan, everything=True)
    try:
        sheets = await sheets_of(plan, read, SHEETS, language)
    except NotFromThisState:
        return []
    await record(actor, "printAmnesty", plan=plan)
    return sheets


def _by_language(people: Sequence[Any]) -> list[Spoken]:
    found: dict[str, int] = {}
    for one in people:
        found[one["language"]] = found.get(one["language"], 0) + 1
    return [
        Spoken(language, number, -(-number // A_PART) if language in LANGUAGES else 0)
        for language, number in sorted(found.items())
    ]


def _id_of(step: str) -> UUID:
    return UUID(step.ljust(32, "0"))
