"""Make the reminders that fall due today: one set-based statement for each kind.

A row exists from the day it falls due, never earlier, and once: its occurrence
key is unique. Days that were missed while nothing ran are made up for, up to a
fortnight; what is too late by then becomes a task when it is sent.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from backend import clock
from backend.database import connection, transaction
from backend.messages import rules
from backend.messages.outbox import WAKE_SENDER
from backend.messages.rules import Ask
from workflows.ladders import MOVED_ONCE

CATCH_UP = timedelta(days=14)

_INTO = """
INSERT INTO message (id, agency, plan, version, bot, link, recipient, rule, step, subject,
                     local_due, key, urgent, critical, due_at, expires_at, created_at, state)
SELECT gen_random_uuid(), p.agency, p.id, 1, l.bot, l.id, l.subject, k.rule, k.step, {subject},
       d.day, CASE WHEN r.role = 'FA' THEN k.family ELSE k.key END, false, k.critical,
       {due}, {due} + k.late, $1, 'queued'
  FROM unnest($2::date[], $3::text[]) AS d(day, zone)
 CROSS JOIN unnest($4::text[], $5::text[], $6::text[], $7::int[], $8::time[], $9::text[],
                   $10::text[], $11::text[], $12::bool[], $13::interval[])
         AS k(rule, step, carries, days, at, role, key, family, critical, late)
"""
_RECIPIENT = """
  JOIN mandate r ON r.plan = p.id AND r.starts <= $1 AND (r.ends IS NULL OR r.ends > $1)
  JOIN link l ON l.subject = r.actor AND l.state = 'active'
       AND (l.plan = p.id OR l.plan IS NULL)
"""
_LOCAL = "((d.day + k.at) AT TIME ZONE l.zone)"
# What was cancelled on this very day, for a cause that has gone since, is queued anew.
_ONCE = """
ON CONFLICT (rule, step, subject, recipient, local_due) DO UPDATE
   SET state = 'queued', reason = NULL, link = excluded.link, bot = excluded.bot,
       key = excluded.key, due_at = excluded.due_at, expires_at = excluded.expires_at,
       retry_at = NULL, version = message.version + 1
 WHERE message.state = 'cancelled' AND message.sending_at IS NULL AND message.answered_at IS NULL
   AND message.reason IN ('moved', 'settled', 'not-today', 'not-confirmed', 'paused', 'plan-paused')
"""

# The rows that are asked about come first, by their own index, whatever the size of the table;
# only then everything that has to be asked of each.
MILESTONES = (
    """
WITH asked AS MATERIALIZED (
    SELECT d.day, k.*, m.id AS about, m.plan AS of, m.day AS counted
      FROM (SELECT DISTINCT day FROM unnest($2::date[]) AS day) AS d
     CROSS JOIN unnest($4::text[], $5::text[], $6::text[], $7::int[], $8::time[], $9::text[],
                       $10::text[], $11::text[], $12::bool[], $13::interval[])
             AS k(rule, step, carries, days, at, role, key, family, critical, late)
      JOIN milestone m ON m.message = k.carries AND m.due_on = d.day - k.days
           AND m.state IN ('planned', 'in_progress'))
INSERT INTO message (id, agency, plan, version, bot, link, recipient, rule, step, subject,
                     local_due, key, urgent, critical, due_at, expires_at, created_at, state)
SELECT gen_random_uuid(), p.agency, p.id, 1, l.bot, l.id, l.subject, q.rule, q.step, q.about,
       q.day, CASE WHEN r.role = 'FA' THEN q.family ELSE q.key END, false, q.critical,
       (q.day + q.at) AT TIME ZONE l.zone, (q.day + q.at) AT TIME ZONE l.zone + q.late, $1,
       'queued'
  FROM asked q
  JOIN plan p ON p.id = q.of
       AND p.state IN ('active_inside', 'active_outside', 'step_down')
       AND (q.counted <= 0 OR p.left_custody_at IS NOT NULL)
  JOIN unnest($2::date[], $3::text[]) AS z(day, zone) ON z.day = q.day AND z.zone = p.zone
"""
    + _RECIPIENT
    + """
 WHERE r.role = q.role AND (q.rule <> 'MEN-TASK' OR NOT EXISTS (
        SELECT 1 FROM message a WHERE a.subject = q.about AND a.rule = q.rule
           AND a.answered_at > $1::timestamptz - interval '6 days'
           AND a.answer <> 'no_date_yet'))
"""
    + _ONCE
)

_GATE = """
  JOIN milestone g ON g.plan = p.id AND g.code = 'GAT-01'
       AND g.state IN ('planned', 'in_progress', 'done')
"""
GATES = (
    _INTO.format(subject="g.id", due=_LOCAL)
    + """
  JOIN plan p ON p.release_date = d.day - k.days AND p.zone = d.zone
       AND p.state = 'active_inside' AND p.certainty = 'confirmed'
"""
    + _GATE
    + _RECIPIENT
    + """
  JOIN member b ON b.id = r.actor AND b.gate = 'first'
 WHERE r.role IN ('ME', 'FA') AND (k.step <> 'repeat' OR NOT EXISTS (
        SELECT 1 FROM message a WHERE a.subject = g.id AND a.rule = k.rule
           AND a.recipient = r.actor AND a.answered_at IS NOT NULL AND a.local_due >= d.day - 1))
"""
    + _ONCE
)

# asked an hour after the planned time, in the time of the place
DAY_ITSELF = (
    _INTO.format(
        subject="g.id", due="((d.day + p.release_time) AT TIME ZONE p.zone + $14::interval)"
    )
    + """
  JOIN plan p ON p.release_date = d.day AND p.zone = d.zone AND p.release_time IS NOT NULL
       AND p.state IN ('active_inside', 'active_outside') AND p.certainty = 'confirmed'
       AND (p.left_custody_at IS NULL OR (p.left_custody_at AT TIME ZONE p.zone)::date = d.day)
"""
    + _GATE
    + _RECIPIENT
    + " JOIN member b ON b.id = r.actor AND b.gate = 'first' WHERE r.role IN ('ME', 'FA') "
    + _ONCE
)

# Counted from the recorded day of leaving. Staff are asked on an open day: the one before
# where it is closed, but not before the day itself; nobody is asked in the first hour.
_ASKED_AT = f"greatest({_LOCAL}, p.left_custody_at + $14::interval)"
LEAVING = (
    _INTO.format(subject="m.id", due=_ASKED_AT)
    + """
  JOIN plan p ON p.zone = d.zone AND p.state = 'active_outside'
       AND p.left_custody_at > $1::timestamptz - interval '7 days'
  JOIN agency s ON s.id = p.agency
  JOIN milestone m ON m.plan = p.id AND m.message = k.carries AND m.code <> 'FAR-02'
       AND m.state IN ('planned', 'in_progress') AND m.said_by IS NULL
 CROSS JOIN LATERAL (SELECT (p.left_custody_at AT TIME ZONE p.zone)::date AS left_on) AS o
"""
    + _RECIPIENT
    + """
 WHERE r.role = k.role AND d.day = CASE WHEN l.plan IS NULL
       THEN greatest(open_day(o.left_on + k.days, s.working_days), o.left_on)
       ELSE o.left_on + k.days END
"""
    + f" AND (l.plan IS NOT NULL OR {MOVED_ONCE.format(left='o.left_on')}) "
    + _ONCE
)

APPOINTMENTS = (
    _INTO.format(subject="a.id", due=_LOCAL)
    + """
  JOIN appointment a ON a.held_on = d.day - k.days AND a.zone = d.zone
       AND a.state IN ('proposed', 'scheduled')
  JOIN plan p ON p.id = a.plan AND p.state IN ('active_inside', 'active_outside', 'step_down')
"""
    + _RECIPIENT
    + " WHERE r.role = k.role "
    + _ONCE
)

FAMILY_CALLS = (
    _INTO.format(subject="m.id", due="((d.day + b.call_at) AT TIME ZONE l.zone)")
    + """
  JOIN member b ON b.call_weekday = extract(isodow FROM d.day)
  JOIN plan p ON p.id = b.plan AND p.zone = d.zone AND p.state = 'active_inside'
  JOIN milestone m ON m.plan = p.id AND m.message = k.carries
       AND m.state IN ('planned', 'in_progress')
"""
    + _RECIPIENT
    + " WHERE r.role = k.role AND r.actor = b.id "
    + _ONCE
)

# A cycle that nobody answered passes by; silence is no reason to stop asking, nor a mark.
# Cycles that passed while a plan was paused pass by all at once.
NEXT_CYCLES = """
UPDATE milestone m SET cycle = m.cycle + n.cycles, due_on = m.due_on + n.cycles * m.repeat_days,
       version = m.version + 1
  FROM milestone o JOIN plan p ON p.id = o.plan
  JOIN unnest($1::text[], $2::date[]) AS z(zone, today) ON z.zone = p.zone
 CROSS JOIN LATERAL (SELECT least((z.today - o.due_on) / o.repeat_days,
        (o.repeat_until - o.day) / o.repeat_days - o.cycle) AS cycles) AS n
 WHERE m.id = o.id AND o.repeat_days IS NOT NULL AND n.cycles > 0
   AND o.state IN ('planned', 'in_progress') AND NOT o.pinned
   AND (o.day <= 0 OR p.left_custody_at IS NOT NULL)
   AND p.state IN ('active_inside', 'active_outside', 'step_down')
   AND o.due_on + o.repeat_days <= z.today
"""


async def materialise() -> int:
    """Make what falls due today in each time zone, and what was missed; how many rows came."""
    async with transaction() as held:
        days = await _days()
        today = {zone: max(day for day, of in days if of == zone) for _, zone in days}
        await held.execute(NEXT_CYCLES, list(today), list(today.values()))
        made = 0
        for sql, asks, more in (
            (MILESTONES, rules.MILESTONE_ASKS, ()),
            (GATES, (*rules.GATE_ASKS, rules.GATE_REPEAT), ()),
            (DAY_ITSELF, (rules.GATE_0,), (rules.GATE_AFTER,)),
            (LEAVING, rules.LEAVING_ASKS, (rules.LEAVING_PAUSE,)),
            (APPOINTMENTS, rules.APPOINTMENT_ASKS, ()),
            (FAMILY_CALLS, (rules.FAMILY_CALL,), ()),
        ):
            status: str = await held.execute(sql, clock.now(), *_columns(days), *_rows(asks), *more)
            made += int(status.rsplit(" ", 1)[-1])
        await _remember(days)
        if made:
            await held.execute(f"NOTIFY {WAKE_SENDER}")
        return made


async def _days() -> list[tuple[date, str]]:
    """The civil days to make, with their zone: today, and days on which nothing ran."""
    held = connection()
    through = {
        row["zone"]: row["through"]
        for row in await held.fetch("SELECT zone, through FROM zone_day")
    }
    zones = await held.fetch(
        "SELECT DISTINCT zone FROM plan WHERE state IN"
        " ('active_inside', 'active_outside', 'step_down')"
    )
    days = []
    for zone in (row["zone"] for row in zones):
        today = clock.now().astimezone(ZoneInfo(zone)).date()
        first = max(through.get(zone, today) + timedelta(days=1), today - CATCH_UP)
        first = min(first, today)
        days += [(first + timedelta(days=n), zone) for n in range((today - first).days + 1)]
    return days


async def _remember(days: Sequence[tuple[date, str]]) -> None:
    await connection().executemany(
        "INSERT INTO zone_day (id, zone, through) VALUES ($1, $2, $3) ON CONFLICT (zone)"
        " DO UPDATE SET through = excluded.through WHERE zone_day.through < excluded.through",
        [(uuid4(), zone, day) for day, zone in days],
    )


def _columns(days: Sequence[tuple[date, str]]) -> tuple[list[date], list[str]]:
    return [day for day, _ in days], [zone for _, zone in days]


def _rows(asks: Sequence[Ask]) -> tuple[list[object], ...]:
    return (
        [ask.rule for ask in asks],
        [ask.step for ask in asks],
        [ask.on for ask in asks],
        [ask.days for ask in asks],
        [ask.at for ask in asks],
        [ask.role for ask in asks],
        [ask.key for ask in asks],
        [rules.FAMILY_TEXTS.get(ask.key, ask.key) for ask in asks],
        [ask.critical for ask in asks],
        [rules.STALE_CRITICAL if ask.critical else rules.STALE for ask in asks],
    )
