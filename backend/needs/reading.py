"""Reviews of needs and strengths, opened for the plan's workers. Every read is written down."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from backend.access import Actor, find_plan, require
from backend.actors.actions import unseal_or_none
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.needs import rules
from backend.needs.rules import Column
from backend.needs.writing import GROUP, place
from backend.plans.rules import WORKERS


async def list_reviews(actor: Actor, plan_id: UUID) -> Sequence[dict[str, Any]]:
    """Every review with its areas, the newest first. Raises NotFound."""
    require(actor, "listNeedsReviews")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, group=GROUP, roles=WORKERS)
        await record(actor, "listNeedsReviews", plan=plan_id)
        return await reviews_of(plan)


_AREAS = """
SELECT a.*, m.code, m.title, m.state AS step_state, m.due_on AS step_due
  FROM needs_area a LEFT JOIN milestone m ON m.id = a.agreed WHERE a.plan = $1
"""


async def reviews_of(plan: Any) -> list[dict[str, Any]]:
    """The reviews of a plan (its id and person), opened; a column without its key is None."""
    held, areas = connection(), dict[UUID, list[dict[str, Any]]]()
    for row in await held.fetch(_AREAS, plan["id"]):
        said = {
            column: await unseal_or_none(plan["person"], place(column, row["id"]), row[column])
            for column in ("own", "view")
        }
        columns = {
            name: None if one is None else msgspec.convert(one, Column)
            for name, one in said.items()
        }
        areas.setdefault(row["review"], []).append({**row, **columns})
    reviews = await held.fetch(
        "SELECT r.*, s.alias FROM needs_review r LEFT JOIN staff s ON s.id = r.held_by"
        " WHERE r.plan = $1 ORDER BY r.held_on DESC, r.begun_at DESC, r.id",
        plan["id"],
    )
    return [
        {
            **row,
            "areas": sorted(
                areas.get(row["id"], ()), key=lambda one: rules.AREAS.index(one["area"])
            ),
        }
        for row in reviews
    ]
