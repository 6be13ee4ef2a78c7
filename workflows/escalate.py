"""When nobody answers: ask once more, then give the matter to a human. Never more than that.

Each statement is set-based and idempotent: the occurrence key of what it writes
is unique. Silence ends in a task; it is never a remark about anybody.
"""

from collections.abc import Sequence
from typing import Any

from backend import clock
from backend.agencies.actions import on_duty
from backend.appointments.rules import PROPOSED
from backend.database import connection, fetch_at_once, transaction
from backend.messages import outbox, rules
from backend.messages.outbox import Occurrence
from workflows.ladders import REPEATS, asks, ladders
from workflows.rounds import Round

_REPEAT = f"""
INSERT INTO message (id, agency, plan, version, bot, link, recipient, rule, step, subject,
                     local_due, key, urgent, critical, due_at, expires_at, created_at, state)
SELECT gen_random_uuid(), agency, plan, 1, bot, link, recipient, rule, 'repeat', subject,
       local_due, key, false, critical, at, at + interval '12 hours', $1, 'queued'
  FROM ({REPEATS}) AS silent WHERE at <= $1
ON CONFLICT (rule, step, subject, recipient, local_due) DO NOTHING
"""
AT_ONCE = "unplanned-release"  # of a plan: who works on it is told too
# `e` is a step of the same matter, further down: a coordinator stands above the others, and whoever
# is named on duty above these. Whoever is reached by both is told once.
_BELOW = """e.kind = d.kind AND e.subject = d.subject AND e.local_due = d.local_due
          AND e.about IS NOT DISTINCT FROM d.about
          AND (e.role = 'CO')::int + (e.assignee IS NOT NULL)::int
              < (d.role = 'CO')::int + (d.assignee IS NOT NULL)::int"""
_TASKS = """
WITH due AS MATERIALIZED (
    SELECT l.*, reached(l.plan, l.role, l.assignee, $1) AS hands FROM ({ladder}) AS l
     WHERE at <= $1 AND NOT EXISTS (
           SELECT 1 FROM task t WHERE t.kind = l.kind AND t.step = l.step
              AND t.subject = l.subject AND t.about IS NOT DISTINCT FROM l.about
              AND t.local_due = l.local_due))
INSERT INTO task (id, agency, plan, version, kind, step, role, assignee, subject, about,
                  local_due, due_at, urgency, opened_at)
SELECT gen_random_uuid(), agency, plan, 1, kind, step, role, assignee, subject, about,
       local_due, at, urgency, $1
  FROM due d
 WHERE NOT EXISTS (
       SELECT 1 FROM due e WHERE {below} AND e.at <= d.at AND e.hands = d.hands)
   AND NOT EXISTS (
       SELECT 1 FROM task e WHERE {below} AND e.closed_at IS NULL
          AND reached(e.plan, e.role, e.assignee, $1) = d.hands)
ON CONFLICT (kind, step, subject, about, local_due) DO NOTHING
"""
_WAITED_TOO_LONG = """
UPDATE task SET urgency = 2, version = version + 1
 WHERE kind = 'gate-waiting' AND closed_at IS NULL AND acknowledged_at IS NULL AND urgency < 2
   AND opened_at + $2::interval <= $1
"""
# Nobody can say yes to a proposal any more: its hour has come, or it was answered.
_FELL_AWAY = """
UPDATE task t SET closed_at = $1, outcome = 'passed', version = t.version + 1
  FROM appointment a WHERE t.kind = $2 AND t.closed_at IS NULL AND a.id = t.subject
   AND (a.state <> 'proposed' OR (a.held_on + a.held_at) AT TIME ZONE a.zone <= $1)
"""
# `since`: from when on whoever is on duty is paged. `passed_on`: how many said that they cannot.
URGENT = """
SELECT t.id, t.agency, t.plan, t.local_due, t.kind,
       count(m.id) FILTER (WHERE m.answer = 'cant') AS passed_on,
       t.opened_at + CASE t.kind WHEN 'gate-waiting' THEN $2::interval ELSE '0' END AS since
  FROM task t LEFT JOIN message m ON m.rule = 'UNPL' AND m.subject = t.id
 WHERE t.urgency >= 2 AND t.acknowledged_at IS NULL AND t.closed_at IS NULL
   AND t.opened_at > $1::timestamptz - interval '1 day' GROUP BY t.id ORDER BY t.opened_at, t.id
"""


async def escalate() -> int:
    """One round over everything that waits for an answer; how many rows came of it."""
    round_ = Round("escalate")
    made = await _escalated() + await _page(round_)
    round_.end()
    return made


async def _escalated() -> int:
    async with transaction() as held:
        now = clock.now()
        made = await _run(_REPEAT, now, *asks(), rules.REPEAT_AFTER, list(rules.REPEATED))
        ladder = ladders()
        made += await _run(_TASKS.format(ladder=ladder.sql, below=_BELOW), now, *ladder.values)
        made += await _run(_FELL_AWAY, now, PROPOSED)
        made += await _run(_WAITED_TOO_LONG, now, rules.WAITING_PAGES_AFTER)
        if made:
            await held.execute(f"NOTIFY {outbox.WAKE_SENDER}")
        return made


async def _run(sql: str, *values: object) -> int:
    status: str = await connection().execute(sql, *values)
    return int(status.rsplit(" ", 1)[-1])


async def _page(round_: Round) -> int:
    """Page whoever is on duty for each urgent task: the next one every fifteen minutes."""
    made, now = 0, clock.now()
    for task in await fetch_at_once(URGENT, now, rules.WAITING_PAGES_AFTER):
        rounds = int((now - task["since"]) / rules.PAGE_NEXT_AFTER) + 1 + task["passed_on"]
        with round_.one(task["agency"]):
            async with transaction():
                duty = await on_duty(task["agency"], task["plan"])
                made += await _page_first(task, duty, rounds)
                if task["kind"] == AT_ONCE:
                    made += await _tell_workers(task, duty)
    return made


_WORKERS = """
SELECT DISTINCT ON (l.subject) l.* FROM link l
  JOIN mandate m ON m.plan = $1 AND m.actor = l.subject AND m.role IN ('SW', 'CO', 'PO')
       AND m.glass IS NULL AND m.starts <= $2 AND (m.ends IS NULL OR m.ends > $2)
 WHERE l.plan IS NULL AND l.state = 'active' AND l.subject <> ALL ($3)
 ORDER BY l.subject, l.confirmed_at DESC
"""


async def _tell_workers(task: Any, duty: Sequence[Any]) -> int:
    """Who works on the plan, once and within their own hours; whoever is on duty is paged."""
    made, paged = 0, [shift["staff"] for shift in duty]
    for link in await connection().fetch(_WORKERS, task["plan"], clock.now(), paged):
        occurrence = Occurrence("UNPL", "told", task["id"], task["local_due"])
        made += await outbox.queue(link, "UNPL", occurrence) is not None
    return made


async def _page_first(task: Any, duty: Sequence[Any], rounds: int) -> int:
    made = 0
    for shift in duty[:rounds]:
        link = await outbox.active_link(None, shift["staff"])
        if link is None:
            continue
        occurrence = Occurrence("UNPL", f"page-{shift['place']}", task["id"], task["local_due"])
        queued = await outbox.queue(link, "UNPL", occurrence, urgent=True, critical=True)
        made += queued is not None
    return made
