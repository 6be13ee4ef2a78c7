"""A caseload, a page at a time. Every read is written down."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from backend import clock
from backend.access import OPERATIONS, Actor, Bearer, require
from backend.actors.actions import vault
from backend.audit.actions import record
from backend.database import MOMENT, fetch_at_once, transaction
from backend.plans import rules, told


class CaseloadLine(msgspec.Struct, frozen=True):
    """One plan of a caseload. `overdue` is computed for this very answer."""

    id: UUID
    version: int
    alias: str
    name: str | None
    state: str
    release_date: date
    certainty: str
    next_due_on: date | None
    next_title: str | None
    overdue: bool


_LINES = "SELECT caseload_lines($1, $2, $3, $4, $5, $6, $7)"
_LINES_AT_ONCE = "SELECT * FROM read_caseload($1, $2, $3, $4, $5, $6, $7, $8)"
_RULES = (sorted(OPERATIONS["listPlans"]), sorted(rules.WORKERS))
After = tuple[date, UUID] | None
FIRST = (date(1, 1, 1), UUID(int=0))


async def list_plans(
    actor: Actor, *, after: After = None, limit: int = 50
) -> Sequence[CaseloadLine]:
    """My caseload by next due date, a page at a time. Nothing is ever ordered by lateness."""
    require(actor, "listPlans")
    async with transaction(actor.id) as held:
        values = (actor.id, actor.role, clock.now(), _RULES[1], *(after or FIRST), limit)
        lines = await held.fetchval(_LINES, *values)
        await record(actor, "listPlans")
        return _lines(lines)


async def list_plans_of(
    bearer: Bearer, *, after: After = None, limit: int = 50
) -> tuple[UUID, Sequence[CaseloadLine]]:
    """The same for whoever holds the token, in one round trip; who it was too.

    Raises NotSignedIn, NotYourRole.
    """
    values = (bearer.token, MOMENT, *_RULES, bearer.request, *(after or FIRST), limit)
    found = await fetch_at_once(_LINES_AT_ONCE, *values)
    return found[0]["actor"], _lines(found[0]["lines"])


class _Named(msgspec.Struct):
    """Of an identity the name alone is read: the rest of it stays bytes."""

    name: str


_named = msgspec.json.Decoder(_Named).decode


def _lines(lines: str | None) -> list[CaseloadLine]:
    rows = told.caseload(lines) if lines else []
    todays = {zone: clock.today(zone) for zone in {row.zone for row in rows}}
    return [_line(row, todays[row.zone]) for row in rows]


def _line(row: told.CaseloadRow, today: date) -> CaseloadLine:
    name, due = None, row.due_on
    if row.mandate in rules.READ_NAMES:
        wrapped, sealed = bytes.fromhex(row.wrapped), bytes.fromhex(row.identity)
        name = _named(
            vault().unseal(row.person, wrapped, f"person.identity:{row.person}", sealed)
        ).name
    late = due is not None and (today - due).days > (row.win_after or 0)
    return CaseloadLine(
        row.id,
        row.version,
        row.alias,
        name,
        row.state,
        row.release_date,
        row.certainty,
        due,
        row.title,
        late,
    )
