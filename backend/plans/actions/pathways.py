"""How far each pathway of a plan has come, as rows that its reader may know say it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, find_plan, require
from backend.audit.actions import record
from backend.database import transaction
from backend.plans import rules
from backend.templates.actions import template_of
from backend.templates.rules import PATHWAYS

COUNTED = rules.OPEN | {"done"}  # what sleeps, or is not wanted or needed, is not in it


@dataclass(frozen=True)
class Bar:
    """Of `all` rows that are open or done, how many are `done`, and how many `late`.

    `name` is there where the pathway is the agency's own.
    """

    pathway: str
    done: int
    all: int
    late: int
    name: str | None = None


def bars(
    rows: Iterable[Any], plan: Mapping[str, Any], today: date, own: Mapping[str, str]
) -> list[Bar]:
    """One for each pathway of these rows, in the usual order; `own` names the agency's."""
    by_pathway: dict[str, list[Any]] = {}
    for row in rows:
        if row["state"] in COUNTED:
            by_pathway.setdefault(row["pathway"], []).append(row)
    order = (*PATHWAYS, *sorted(by_pathway.keys() - set(PATHWAYS)))
    return [
        Bar(
            one,
            sum(row["state"] == "done" for row in by_pathway[one]),
            len(by_pathway[one]),
            _late(by_pathway[one], plan, today),
            own.get(one),
        )
        for one in order
        if one in by_pathway
    ]


def _late(rows: Collection[Any], plan: Mapping[str, Any], today: date) -> int:
    if rules.stands_still(plan["state"]):
        return 0
    left = plan["left_custody_at"] is not None
    return sum(rules.is_overdue(row, today, left_custody=left) for row in rows)


_ROWS = """
SELECT pathway, state, day, due_on, win_after FROM milestone WHERE plan = $1 AND state = ANY ($2)
"""


async def get_pathways(actor: Actor, plan_id: UUID) -> Sequence[Bar]:
    """For the workers of a plan: what others may know of it are mostly rows that are done.

    Raises NotFound.
    """
    require(actor, "getPathways")
    async with transaction(actor.id) as held:
        plan = await find_plan(actor, plan_id, group="milestone detail", roles=rules.WORKERS)
        await record(actor, "getPathways", plan=plan_id)
        rows = await held.fetch(_ROWS, plan_id, sorted(COUNTED))
        own = (await template_of(plan)).pathways
        return bars(rows, plan, clock.today(plan["zone"]), own)
