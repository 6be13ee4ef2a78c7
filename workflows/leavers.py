"""Whose account has ended leaves every circle and the rota, and their own chat ends.

An administrator ends accounts and sees no plan, so what hangs on plans is done here.
"""

from typing import Any

from backend import clock
from backend.access import Actor
from backend.alerts.actions import open_task
from backend.audit.actions import record
from backend.database import connection, fetch, transaction
from backend.messages.links import end_link
from workflows.rounds import Round

_STANDING = """
SELECT m.id, m.plan, m.agency FROM mandate m JOIN staff s ON s.id = m.actor AND NOT s.active
 WHERE m.ends IS NULL OR m.ends > $1 ORDER BY m.plan, m.id LIMIT 500
"""
_END = """
UPDATE mandate SET ends = least(ends, greatest(starts + interval '1 microsecond', $2)),
       version = version + 1
 WHERE id = $1 AND (ends IS NULL OR ends > $2) RETURNING id, actor, role, agency
"""
_WORKED_BY = """
SELECT 1 FROM mandate m JOIN staff s ON s.id = m.actor AND s.active
 WHERE m.plan = $1 AND m.role = 'SW' AND m.glass IS NULL
   AND m.starts <= $2 AND (m.ends IS NULL OR m.ends > $2)
"""
# A mandate that had an end has come to it, and nobody took over.
_WITHOUT = """
SELECT p.id, p.agency, p.zone FROM plan p WHERE p.state <> ALL ($2)
   AND NOT EXISTS (SELECT 1 FROM mandate m JOIN staff s ON s.id = m.actor AND s.active
        WHERE m.plan = p.id AND m.role = 'SW' AND m.glass IS NULL
          AND m.starts <= $1 AND (m.ends IS NULL OR m.ends > $1)
          AND NOT is_barred(p.person, m.actor, m.role))
   AND NOT EXISTS (SELECT 1 FROM task t WHERE t.plan = p.id AND t.kind = 'without-worker'
        AND t.closed_at IS NULL) LIMIT 500
"""
_OFF_DUTY = """
UPDATE duty_shift d SET ends = greatest(d.starts, $1), version = d.version + 1
  FROM staff s WHERE s.id = d.staff AND NOT s.active AND d.ends > greatest(d.starts, $1)
"""
_CHATS = """
SELECT l.* FROM link l JOIN staff s ON s.id = l.subject AND NOT s.active
 WHERE l.plan IS NULL AND l.state <> 'ended' ORDER BY l.id FOR UPDATE OF l SKIP LOCKED
"""
ENDED = ("closed", "transferred", "ended_death")


async def leavers() -> int:
    """How many mandates were to end. A plan without a social worker is a coordinator's task.

    Where it fails for one, the others leave all the same.
    """
    round_ = Round("leavers")
    with round_.one():
        async with transaction() as held:
            await held.execute(_OFF_DUTY, clock.now())
            for link in await held.fetch(_CHATS):
                await end_link(link, "ended")
    for plan in await fetch(_WITHOUT, clock.now(), list(ENDED)):
        with round_.one(plan["agency"]):
            async with transaction():
                await _ask_who(plan)
    standing = await fetch(_STANDING, clock.now())
    for row in standing:
        with round_.one(row["agency"]):
            await _leave(row)
    round_.end()
    return len(standing)


async def _leave(standing: Any) -> None:
    """One plan at a time, and its row first: as everybody does who ends a mandate."""
    async with transaction() as held:
        plan = await held.fetchrow(
            "SELECT id, agency, zone, state FROM plan WHERE id = $1 FOR NO KEY UPDATE",
            standing["plan"],
        )
        ended = await held.fetchrow(_END, standing["id"], clock.now())
        if ended is None:
            return
        who = Actor(ended["actor"], "staff", ended["role"], ended["agency"])
        await record(who, "leaveCircle", plan=plan["id"], thing=ended["id"])
        if not await _is_over_or_in_hand(plan):
            await _ask_who(plan)


async def _ask_who(plan: Any) -> None:
    await open_task(
        "without-worker",
        agency=plan["agency"],
        plan=plan["id"],
        subject=plan["id"],
        local_due=clock.today(plan["zone"]),
        role="CO",
    )


async def _is_over_or_in_hand(plan: Any) -> bool:
    if plan["state"] in ENDED:
        return True
    return await connection().fetchval(_WORKED_BY, plan["id"], clock.now()) is not None
