"""What somebody of the circle says of a row is a claim: it ends the asking, and settles nothing.

Whoever may not know of a claim goes on as if nobody had made it: a probation officer is asked
until a worker or a service settles the row.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor
from backend.alerts.actions import close_silence_but, open_task
from backend.database import connection
from backend.evidence.rules import SINCE_IT_BEGAN
from backend.plans.actions.writing import write_milestone

UNTOLD = ("PO",)  # is asked about the first contact, and is told of no claim


async def claim_milestone(
    actor: Actor,
    row: Mapping[str, Any],
    plan: Mapping[str, Any],
    what: str,
    *,
    day: date | None = None,
    message: UUID | None = None,
) -> None:
    """Somebody says that it happened. The caller holds the row's lock."""
    after = {"said_by": actor.role, "what": what, "saying": _saying(plan, day, message)}
    await write_milestone(actor, row, plan, after)
    await _ask_no_more(row)


async def deny_milestone(
    actor: Actor,
    row: Mapping[str, Any],
    plan: Mapping[str, Any],
    what: str,
    *,
    message: UUID | None = None,
) -> None:
    """Somebody says that it did not happen, or not yet; the row stays as it is."""
    saying = {**_saying(plan, None, message), "happened": False}
    await write_milestone(actor, row, plan, {"what": what, "saying": saying})


def _saying(plan: Mapping[str, Any], day: date | None, message: UUID | None) -> dict[str, Any]:
    return {"happened": True, "day": day or clock.today(plan["zone"]), "message": message}


_UNASK = """
UPDATE message s SET state = 'cancelled', reason = 'answered', version = s.version + 1
 WHERE s.subject = $1 AND s.state IN ('queued', 'claimed') AND s.sending_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM mandate m WHERE m.plan = s.plan AND m.actor = s.recipient
                      AND m.role = ANY ($2) AND m.starts <= $3
                      AND (m.ends IS NULL OR m.ends > $3))
"""


async def _ask_no_more(row: Mapping[str, Any]) -> None:
    if row["repeat_days"] is not None:
        return  # the chain of the cycle that was asked about has ended with the answer
    await connection().execute(_UNASK, row["id"], list(UNTOLD), clock.now())
    await close_silence_but(row["id"], UNTOLD, "answered")


_LATEST_CALL = """
SELECT t.*, (SELECT count(*) FROM task n WHERE n.subject = t.subject AND n.kind = t.kind
                AND n.step ^@ $4) AS before
  FROM task t
 WHERE t.subject = $1 AND t.step LIKE 'silent%' AND t.role <> ALL ($2)
   AND (t.about IS NULL OR t.about = $3)
   AND NOT EXISTS (SELECT 1 FROM milestone_event g WHERE g.milestone = t.subject
                      AND g.kind = 'again' AND g.at >= t.opened_at)
 ORDER BY t.due_at DESC, t.opened_at DESC, t.id LIMIT 1
"""
_AGAIN = "silent again-"


async def call_again(row: Mapping[str, Any], about: UUID | None = None) -> None:
    """Nobody says any more that it happened: the last call that a word has ended is made anew.

    As a task of its own, for the ladder makes each of its steps once; those before it stay ended.
    So does what a human has closed, and whatever was about the silence of another than `about`.
    """
    last = await connection().fetchrow(_LATEST_CALL, row["id"], list(UNTOLD), about, _AGAIN)
    if last is None or last["outcome"] != "answered":
        return
    of_the_same = ("agency", "plan", "subject", "about", "local_due", "role", "assignee", "urgency")
    await open_task(
        last["kind"],
        **{name: last[name] for name in of_the_same},
        step=f"{_AGAIN}{last['before'] + 1}",
        due_at=clock.now(),
    )


_WHO_SAYS_SO = f"""
SELECT e.role FROM evidence e
 WHERE e.milestone = $1 AND e.cycle = $2 AND e.provenance = 'said' AND e.happened
   AND e.taken_back_at IS NULL AND NOT EXISTS (
       SELECT 1 FROM evidence o WHERE o.milestone = e.milestone AND o.cycle = e.cycle
          AND o.provenance <> 'said' AND o.taken_back_at IS NULL AND o.row_version > e.row_version)
   AND {SINCE_IT_BEGAN.format(saying="e")}
 ORDER BY e.row_version DESC LIMIT 1
"""
_TAKE_BACK = """
UPDATE evidence SET taken_back_at = $3, version = version + 1
 WHERE message = $1 AND actor = $2 AND taken_back_at IS NULL RETURNING milestone
"""
# a day that somebody named is no evidence: it goes with the question that it answered
_OPEN = """
SELECT * FROM milestone
 WHERE (id = ANY ($1) OR id = (SELECT s.subject FROM message s WHERE s.id = $2))
   AND said_by IS NOT NULL AND state IN ('planned', 'in_progress') ORDER BY id FOR UPDATE
"""


async def take_back(actor: Actor, plan: Mapping[str, Any], message: UUID) -> None:
    """What the actor said by a message is not said any more; that it was said stays in the history.

    The caller holds the plan's lock.
    """
    held = connection()
    taken = await held.fetch(_TAKE_BACK, message, actor.id, clock.now())
    for row in await held.fetch(_OPEN, [one["milestone"] for one in taken], message):
        still = await held.fetchval(_WHO_SAYS_SO, row["id"], row["cycle"])
        if row["said_by"] != still:
            await write_milestone(actor, row, plan, {"said_by": still, "what": "taken_back"})
            if still is None:
                await call_again(row, actor.id)
