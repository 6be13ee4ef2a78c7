"""What a no of the person does to the rows of a plan. It is neutral, and no reason has a place."""

from collections.abc import Collection, Mapping
from typing import Any

from backend import clock
from backend.access import Actor
from backend.alerts.actions import close_all, close_answered
from backend.appointments.rules import ASKED_OF_A_DATE, COMING
from backend.database import connection
from backend.messages import outbox
from backend.plans import rules
from backend.plans.actions.writing import write_milestone
from backend.welcomes.ending import end_welcomes
from backend.welcomes.rules import FOUND

AGAIN = "ask-again"  # about an offer, on a day that the person chose
# who said of it that something was done is not asked any more
_ENDS = {"cause": None, "said_by": None}
_OF_PATHWAY = "SELECT * FROM milestone WHERE plan = $1 AND pathway = $2 ORDER BY id FOR UPDATE"


async def decline_pathway(actor: Actor, plan: Mapping[str, Any], pathway: str) -> None:
    """Decline what is offered or under way of a pathway; what hangs on it, or on what was done of
    it, is not needed.

    The caller holds the plan's lock, and the plan is not over. What else sleeps stays asleep.
    """
    rows = await connection().fetch(_OF_PATHWAY, plan["id"], pathway)
    ids = frozenset(rules.goes_with_pathway(pathway, rows))
    for row in rows:
        if row["id"] in ids:
            await write_milestone(actor, row, plan, {"state": "declined", **_ENDS})
    begun = {row["code"] for row in rows if row["state"] == "done" and rules.is_own_offer(row)}
    await let_fall(actor, plan, pathway, begun | {row["code"] for row in rows if row["id"] in ids})
    if any(row["code"] == FOUND for row in rows):
        await end_welcomes(plan["id"])  # also one that was not asked yet: the step may sleep


async def let_fall(
    actor: Actor, plan: Mapping[str, Any], pathway: str, codes: Collection[str]
) -> None:
    """End what hangs on these rows of one pathway, which the person wants no more.

    Their coming dates are off too: nobody who said no is reminded of one, or looked for.
    """
    rows = await connection().fetch(_OF_PATHWAY, plan["id"], pathway)
    fallen = frozenset(rules.falls_with(codes, rows))
    for row in rows:
        if row["id"] in fallen:
            await write_milestone(actor, row, plan, {"state": "not_needed", **_ENDS})
    off = [row["id"] for row in rows if row["id"] in fallen or row["code"] in codes]
    if any(row["code"] == FOUND for row in rows if row["id"] in off):
        await end_welcomes(plan["id"])
    await _ask_no_more(await _call_off(plan, off))
    await close_all(off, (AGAIN,), "settled")


async def rest_of_family(actor: Actor, plan: Mapping[str, Any]) -> None:
    """Nobody of the family is left to take part: what hangs on a relative's yes is not needed.

    Its coming dates are off. The caller holds the plan's lock; a human opens it again.
    """
    if plan["state"] in rules.OVER:
        return
    rows = await connection().fetch(_OF_PATHWAY, plan["id"], "FAM")
    off = [row for row in rows if "F" in row["agree"] and row["state"] in rules.OPEN]
    for row in off:
        await write_milestone(actor, row, plan, {"state": "not_needed", **_ENDS})
    await _ask_no_more(await _call_off(plan, [row["id"] for row in off]))


# A date under supervision is kept or moved by a human, whatever it was planned for.
_OFF = """
WITH off AS (
  UPDATE appointment SET state = 'cancelled_by_person', version = version + 1
   WHERE plan = $1 AND milestone = ANY ($2) AND state = ANY ($3) AND role <> 'PO'
     AND (held_on + held_at) AT TIME ZONE zone > $4)
SELECT id FROM appointment WHERE plan = $1 AND milestone = ANY ($2) AND role <> 'PO'
"""


async def _call_off(plan: Mapping[str, Any], milestones: list[Any]) -> list[Any]:
    """Coming dates are off; all dates of these rows, also those that were missed."""
    held = await connection().fetch(_OFF, plan["id"], milestones, sorted(COMING), clock.now())
    return [row["id"] for row in held]


async def _ask_no_more(dates: list[Any]) -> None:
    """Nothing more is said about these dates, and nobody is asked to call for them."""
    await outbox.cancel_about(dates, "settled")
    for date_ in dates:
        await close_answered(date_, "settled")
    await close_all(dates, ASKED_OF_A_DATE, "settled")
