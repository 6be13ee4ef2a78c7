"""The two steps of a plan that hang on a welcome."""

from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor
from backend.database import connection
from backend.plans.actions.milestones import wakes_with
from backend.plans.actions.writing import write_milestone
from backend.plans.rules import OPEN
from backend.welcomes.rules import FOUND, HOLDS


async def find_steps(plan: UUID) -> dict[str, Any]:
    """By code, locked; a template of an agency may leave them out. The caller holds the plan."""
    rows = await connection().fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND code = ANY ($2) ORDER BY id FOR UPDATE",
        plan,
        [FOUND, HOLDS],
    )
    return {row["code"]: row for row in rows}


async def wake(actor: Actor, plan: Any, row: Any) -> Any:
    """What slept is planned; the row as it is then."""
    if row is None or row["state"] != "dormant":
        return row
    woken = {"state": "planned", **wakes_with(row, plan)}
    await write_milestone(actor, row, plan, woken)
    return {**row, **woken}


async def finish(actor: Actor, plan: Any, row: Any) -> int:
    """Done today, where the plan is; what was closed before stays as it was. Its version."""
    row = await wake(actor, plan, row)
    if row["state"] not in OPEN:
        return int(row["version"])
    today = clock.today(plan["zone"])
    done = {"state": "done", "cause": None, "said_by": None, "done_on": today}
    return await write_milestone(actor, row, plan, done)
