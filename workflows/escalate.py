"""When nobody answers: ask once more, then give the matter to a human. Never more than that.

Each statement is set-based and idempotent: the occurrence key of what it writes
is unique. Silence ends in a task; it is never a remark about anybody.
"""

from collections.abc import Sequence
from typing import Any

from backend import clock
from backend.agencies.actions import on_duty
from backend.database import connection, transaction
from backend.messages import outbox, rules
from backend.messages.outbox import Occurrence
from backend.messages.rules import Step

_UNANSWERED = """
  FROM message a JOIN plan p ON p.id = a.plan
       AND p.state IN ('active_inside', 'active_outside', 'step_down')
 WHERE a.rule = $2 AND a.step LIKE 'ask%' AND a.state = 'sent' AND a.answered_at IS NULL
   AND a.sent_at + $3::interval <= $1 AND a.sent_at + $3::interval > $1::timestamptz - interval '3 days'
   AND NOT EXISTS (SELECT 1 FROM message b WHERE b.rule = a.rule AND b.subject = a.subject
                   AND b.recipient = a.recipient AND b.answered_at > a.sent_at)
"""
REPEATS = (
    """
INSERT INTO message (id, agency, plan, version, bot, link, recipient, rule, step, subject,
                     local_due, key, urgent, critical, due_at, expires_at, created_at, state)
SELECT gen_random_uuid(), a.agency, a.plan, 1, a.bot, a.link, a.recipient, a.rule, 'repeat',
       a.subject, a.local_due, a.key, false, a.critical, a.sent_at + $3::interval,
       a.sent_at + $3::interval + interval '12 hours', $1, 'queued'
"""
    + _UNANSWERED
    + " ON CONFLICT (rule, step, subject, recipient, local_due) DO NOTHING"
)
_TASK = """
INSERT INTO task (id, agency, plan, version, kind, step, role, subject, about, local_due, due_at,
                  urgency, opened_at)
"""
_TASK_ONCE = " ON CONFLICT (kind, step, subject, about, local_due) DO NOTHING"
SILENT = (
    _TASK + "SELECT gen_random_uuid(), a.agency, a.plan, 1, $4, $5, $6, a.subject, a.recipient,"
    " a.local_due, a.sent_at + $3::interval, 0, $1" + _UNANSWERED + _TASK_ONCE
)
# the third cycle of a rhythm without an answer: the coordinator calls, not to reproach but to care
SILENT_CYCLES = (
    _TASK
    + """
SELECT gen_random_uuid(), a.agency, a.plan, 1, 'mentor-care-call', 'silent-3', 'CO', a.plan,
       a.recipient, max(a.local_due), $1, 0, $1
  FROM message a JOIN plan p ON p.id = a.plan
       AND p.state IN ('active_inside', 'active_outside', 'step_down')
 WHERE a.rule = 'CONTACT' AND a.step = 'ask' AND a.state = 'sent'
   AND a.sent_at > coalesce((SELECT max(b.answered_at) FROM message b WHERE b.rule = 'CONTACT'
        AND b.recipient = a.recipient AND b.plan = a.plan), '-infinity')
 GROUP BY a.agency, a.plan, a.recipient HAVING count(*) >= $2
    AND max(a.sent_at) > $1::timestamptz - interval '3 days'
"""
    + _TASK_ONCE
)

# Steps at a time of day around the release date, on an open day of the agency.
GATE = (
    _TASK
    + """
SELECT gen_random_uuid(), p.agency, p.id, 1, $2, $3, $4, g.id, NULL, p.release_date,
       (open_day(p.release_date + $5::int, s.working_days) + $6::time) AT TIME ZONE p.zone, $7, $1
  FROM plan p JOIN agency s ON s.id = p.agency
  JOIN milestone g ON g.plan = p.id AND g.code = 'GAT-01'
       AND g.state NOT IN ('cancelled', 'not_needed', 'declined', 'not_possible')
 WHERE p.state = 'active_inside' AND p.certainty = 'confirmed'
   AND p.release_date >= (($1::timestamptz AT TIME ZONE p.zone)::date)
   AND (open_day(p.release_date + $5::int, s.working_days) + $6::time) AT TIME ZONE p.zone <= $1
   AND NOT EXISTS (SELECT 1 FROM message a WHERE a.subject = g.id AND a.rule = $8
                   AND a.answered_at IS NOT NULL AND a.local_due > p.release_date - 14)
"""
    + _TASK_ONCE
)
DAY_ITSELF = (
    _TASK
    + """
SELECT gen_random_uuid(), p.agency, p.id, 1, 'gate-unanswered', 'silent-' || $2, $2, g.id, NULL,
       p.release_date, (p.release_date + p.release_time) AT TIME ZONE p.zone + $3::interval, 2, $1
  FROM plan p JOIN milestone g ON g.plan = p.id AND g.code = 'GAT-01'
 WHERE p.state IN ('active_inside', 'active_outside') AND p.certainty = 'confirmed'
   AND p.release_time IS NOT NULL
   AND p.release_date = (($1::timestamptz AT TIME ZONE p.zone)::date)
   AND (p.release_date + p.release_time) AT TIME ZONE p.zone + $3::interval <= $1
   AND NOT EXISTS (SELECT 1 FROM message a WHERE a.subject = g.id AND a.rule = 'GATE-0'
                   AND a.answered_at IS NOT NULL)
   AND NOT EXISTS (SELECT 1 FROM milestone d WHERE d.plan = p.id AND d.code = 'MEN-07'
                   AND d.state = 'done')
"""
    + _TASK_ONCE
)
# From the recorded day of leaving: the first night, and the first contact.
AFTER_LEAVING = (
    _TASK
    + """
SELECT gen_random_uuid(), p.agency, p.id, 1, $2, $3, $4, m.id, NULL, m.due_on,
       (open_day((p.left_custody_at AT TIME ZONE p.zone)::date + $5::int, s.working_days)
        + $6::time) AT TIME ZONE p.zone, $7, $1
  FROM plan p JOIN agency s ON s.id = p.agency
  JOIN milestone m ON m.plan = p.id AND m.message = $8 AND m.state IN ('planned', 'in_progress')
       AND m.said_by IS NULL
 WHERE p.state = 'active_outside'
   AND p.left_custody_at > $1::timestamptz - interval '7 days'
   AND (open_day((p.left_custody_at AT TIME ZONE p.zone)::date + $5::int, s.working_days)
        + $6::time) AT TIME ZONE p.zone <= $1
"""
    + _TASK_ONCE
)
NOT_CONFIRMED = (
    _TASK
    + """
SELECT gen_random_uuid(), p.agency, p.id, 1, 'date-not-confirmed', '', 'SW', p.id, NULL,
       p.release_date, $1, 0, $1
  FROM plan p
 WHERE p.state = 'active_inside' AND p.certainty <> 'confirmed'
   AND p.release_date BETWEEN ($1::timestamptz AT TIME ZONE p.zone)::date
                          AND ($1::timestamptz AT TIME ZONE p.zone)::date + 7
"""
    + _TASK_ONCE
)
WAITING = """
UPDATE task SET urgency = 2, version = version + 1
 WHERE kind = 'gate-waiting' AND closed_at IS NULL AND acknowledged_at IS NULL AND urgency < 2
   AND opened_at + $2::interval <= $1
"""
UNOPENED = (
    _TASK
    + """
SELECT gen_random_uuid(), t.agency, t.plan, 1, 'unopened', 'silent-' || $2, $2, t.id, t.about,
       t.local_due, t.opened_at + $3::interval, 1, $1
  FROM task t WHERE t.urgency >= 2 AND t.kind <> 'unopened' AND t.acknowledged_at IS NULL
   AND t.closed_at IS NULL AND t.opened_at + $3::interval <= $1 AND t.opened_at > $1::timestamptz - interval '7 days'
"""
    + _TASK_ONCE
)
URGENT = """
SELECT t.*, a.zone FROM task t JOIN agency a ON a.id = t.agency
 WHERE t.urgency >= 2 AND t.acknowledged_at IS NULL AND t.closed_at IS NULL
   AND t.opened_at > $1::timestamptz - interval '1 day' ORDER BY t.opened_at
"""


async def escalate() -> int:
    """One round over everything that waits for an answer; how many rows came of it."""
    async with transaction() as held:
        made, now = 0, clock.now()
        for silence in rules.SILENCES:
            if silence.task is None:
                made += await _run(REPEATS, now, silence.rule, silence.after)
            else:
                values = (silence.rule, silence.after, silence.task, silence.step, silence.role)
                made += await _run(SILENT, now, *values)
        made += await _run(SILENT_CYCLES, now, rules.SILENT_CYCLES)
        for step in rules.GATE_STEPS:
            made += await _run(GATE, now, *_step(step), step.rule)
        for after, role in rules.DAY0_SILENCES:
            made += await _run(DAY_ITSELF, now, role, after)
        for step in (*rules.NIGHT_STEPS, rules.CONTACT72_END):
            made += await _run(AFTER_LEAVING, now, *_step(step), step.rule)
        made += await _run(NOT_CONFIRMED, now)
        made += await _run(WAITING, now, rules.WAITING_PAGES_AFTER)
        for after, role in rules.UNOPENED:
            made += await _run(UNOPENED, now, role, after)
        made += await _page()
        if made:
            await held.execute(f"NOTIFY {outbox.WAKE_SENDER}")
        return made


def _step(step: Step) -> tuple[Any, ...]:
    urgency = 1 if step.role == "CO" else 0
    return step.task, step.step, step.role, step.days, step.at, urgency


async def _run(sql: str, *values: object) -> int:
    status: str = await connection().execute(sql, *values)
    return int(status.rsplit(" ", 1)[-1])


async def _page() -> int:
    """Page whoever is on duty for each urgent task: the next one every fifteen minutes."""
    made = 0
    for task in await connection().fetch(URGENT, clock.now()):
        waited = clock.now() - task["opened_at"]
        rounds = int(waited / rules.PAGE_NEXT_AFTER) + 1
        made += await _page_first(task, await on_duty(task["agency"]), rounds)
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
