"""What a no of the person does to the rows of a plan. It is neutral, and no reason has a place."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.access import Actor
from backend.database import connection
from backend.plans import rules
from backend.plans.actions.writing import write_milestone

# who said of it that something was done is not asked any more
_ENDS = {"cause": None, "said_by": None}
_OF_PATHWAY = "SELECT * FROM milestone WHERE plan = $1 AND pathway = $2 ORDER BY id FOR UPDATE"


async def decline_pathway(actor: Actor, plan: Mapping[str, Any], pathway: str) -> None:
    """Decline what is offered or under way of a pathway, with what hangs on it.

    The caller holds the plan's lock, and the plan is not over. What sleeps stays asleep.
    """
    rows = await connection().fetch(_OF_PATHWAY, plan["id"], pathway)
    ids = frozenset(rules.goes_with_pathway(pathway, rows))
    declined = [row for row in rows if row["id"] in ids]
    for row in declined:
        await write_milestone(actor, row, plan, {"state": "declined", **_ENDS})
    await let_fall(actor, plan, declined)


async def let_fall(
    actor: Actor, plan: Mapping[str, Any], declined: Sequence[Mapping[str, Any]]
) -> None:
    """End what hangs on rows of one pathway that were declined in this transaction."""
    if not declined:
        return
    rows = await connection().fetch(_OF_PATHWAY, plan["id"], declined[0]["pathway"])
    by_id = {row["id"]: row for row in rows}
    for id_ in rules.falls_with([row["code"] for row in declined], rows):
        await write_milestone(actor, by_id[id_], plan, {"state": "not_needed", **_ENDS})
