"""What ends when somebody from outside is of a circle no more: everything, in one transaction.

It is the same whoever wanted it, so that nothing which is left behind tells who it was.
"""

from typing import Any
from uuid import UUID

from backend import clock
from backend.circles.gates import pass_gate_on
from backend.database import connection
from backend.messages import outbox
from backend.messages.links import end_link

WHY = "mandate-ended"
# What they asked of a human waits for its answer, whatever became of the circle; and so does that
# somebody else than the plan's social worker stopped it.
ASKED = frozenset({"need-help", "call-me", "free-text", "not-read", "complaint-due"})
ASKED |= {"stopped-by-glass"}

_UNTOLD = """
UPDATE disclosure SET withdrawn_at = $3, version = version + 1
 WHERE plan = $1 AND recipient = $2 AND withdrawn_at IS NULL
"""
_NO_YES = """
UPDATE channel_consent SET withdrawn_at = $3, version = version + 1
 WHERE plan = $1 AND subject = $2 AND withdrawn_at IS NULL
"""
_NO_MANDATE = """
UPDATE mandate SET ends = greatest(starts, $3::timestamptz), version = version + 1
 WHERE plan = $1 AND actor = $2 AND (ends IS NULL OR ends > $3)
"""


async def part_ways(plan: Any, who: UUID) -> None:
    """End chats, what waits, gate duty, each yes and the mandate of a mentor or relative.

    Nobody is told. The caller holds the plan's lock.
    """
    held, now = connection(), clock.now()
    await end_chats(plan, who)
    await _close_tasks(plan["id"], who)
    for sql in (_UNTOLD, _NO_YES, _NO_MANDATE):
        await held.execute(sql, plan["id"], who, now)
    await pass_gate_on(plan["id"], who)
    await held.execute(
        "UPDATE member SET gate = NULL, call_weekday = NULL, call_at = NULL, version = version + 1"
        " WHERE id = $1 AND (gate IS NOT NULL OR call_weekday IS NOT NULL)",
        who,
    )


async def end_chats(plan: Any, who: UUID) -> None:
    """Every chat of somebody on a plan; what waits falls away, and is not tried again.

    Chats are held before messages, as everybody does.
    """
    links = await connection().fetch(
        "SELECT * FROM link WHERE plan = $1 AND subject = $2 AND state <> 'ended'"
        " ORDER BY id FOR UPDATE",
        plan["id"],
        who,
    )
    await outbox.cancel_recipient(plan["id"], who, WHY)
    for link in links:
        await end_link(link, "ended")


async def _close_tasks(plan: UUID, who: UUID) -> None:
    closed = await connection().fetch(
        "UPDATE task SET closed_at = $3, outcome = $4, version = version + 1"
        " WHERE plan = $1 AND about = $2 AND closed_at IS NULL AND kind <> ALL ($5) RETURNING id",
        plan,
        who,
        clock.now(),
        WHY,
        sorted(ASKED),
    )
    await outbox.cancel_about([row["id"] for row in closed], WHY)
