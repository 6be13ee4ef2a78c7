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
_ONCE = "ON CONFLICT (rule, step, subject, recipient, local_due) DO NOTHING"

MILESTONES = (
    _INTO.format(subject="m.id", due=_LOCAL)
    + """
  JOIN milestone m ON m.due_on = d.day - k.days AND m.message = k.carries
       AND m.state IN ('planned', 'in_progress')
  JOIN plan p ON p.id = m.plan AND p.zone = d.zone
       AND p.state IN ('active_inside', 'active_outside', 'step_down')
       AND (m.day <= 0 OR p.left_custody_at IS NOT NULL)
       AND (m.message <> 'NIGHT1' OR p.left_custody_at IS NOT NULL)
"""
    + _RECIPIENT
    + """
 WHERE r.role = k.role AND (k.rule <> 'MEN-TASK' OR NOT EXISTS (
        SELECT 1 FROM message a WHERE a.subject = m.id AND a.rule = k.rule
           AND a.answered_at > $1::timestamptz - interval '6 days'))
"""
    + _ONCE
)

GATES = (
    _INTO.format(subject="g.id", due=_LOCAL)
    + """
  JOIN plan p ON p.release_date = d.day - k.days AND p.zone = d.zone
       AND p.state = 'active_inside' AND p.certainty = 'confirmed'
  JOIN milestone g ON g.plan = p.id AND g.code = 'GAT-01'
       AND g.state NOT IN ('cancelled', 'not_needed', 'declined', 'not_possible')
"""
    + _RECIPIENT
    + """
  JOIN member b ON b.id = r.actor AND b.gate = 'first'
 WHERE r.role IN ('ME', 'FA') AND (k.step <> 'repeat' OR NOT EXISTS (
        SELECT 1 FROM message a WHERE a.subject = g.id AND a.rule = k.rule
           AND a.recipient = r.actor AND a.answered_at IS NOT NULL))
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
  JOIN milestone g ON g.plan = p.id AND g.code = 'GAT-01'
       AND g.state NOT IN ('cancelled', 'not_needed', 'declined', 'not_possible')
"""
    + _RECIPIENT
    + " JOIN member b ON b.id = r.actor AND b.gate = 'first' WHERE r.role IN ('ME', 'FA') "
    + _ONCE
)

FIRST_CONTACT = (
    _INTO.format(subject="m.id", due=_LOCAL)
    + """
  JOIN plan p ON (p.left_custody_at AT TIME ZONE p.zone)::date = d.day - k.days
       AND p.zone = d.zone AND p.state = 'active_outside'
  JOIN milestone m ON m.plan = p.id AND m.message = k.carries
       AND m.state IN ('planned', 'in_progress')
"""
    + _RECIPIENT
    + " WHERE r.role = k.role "
    + _ONCE
)

APPOINTMENTS = (
    _INTO.format(subject="a.id", due=_LOCAL)
    + """
  JOIN appointment a ON a.held_on = d.day - k.days AND a.zone = d.zone
       AND (a.state IN ('proposed', 'scheduled') OR (a.state = 'confirmed' AND k.step = '7'))
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

_GATE_0 = (Ask("GATE-0", "ask", "GATE", 0, rules.TEN, "", "GATE-0", critical=True),)
_CALL = (Ask("FAM-CALL", "ask", "FAM-CALL", 0, rules.TEN, "FA", "FAM-CALL"),)


# A cycle that nobody answered passes by; silence is no reason to stop asking, nor a mark.
NEXT_CYCLES = """
UPDATE milestone m SET cycle = m.cycle + 1, due_on = m.due_on + m.repeat_days,
       version = m.version + 1
  FROM plan p, unnest($1::date[], $2::text[]) AS d(day, zone)
 WHERE p.id = m.plan AND p.zone = d.zone AND m.repeat_days IS NOT NULL
   AND m.state IN ('planned', 'in_progress') AND NOT m.pinned
   AND (m.day <= 0 OR p.left_custody_at IS NOT NULL)
   AND p.state IN ('active_inside', 'active_outside', 'step_down')
   AND m.due_on + m.repeat_days = d.day
   AND m.day + (m.cycle + 1) * m.repeat_days <= m.repeat_until
"""


async def materialise() -> int:
    """Make what falls due today in each time zone, and what was missed; how many rows came."""
    async with transaction() as held:
        days = await _days()
        await held.execute(NEXT_CYCLES, *_columns(days))
        made = 0
        for sql, asks, more in (
            (MILESTONES, rules.MILESTONE_ASKS, ()),
            (GATES, (*rules.GATE_ASKS, rules.GATE_REPEAT), ()),
            (DAY_ITSELF, _GATE_0, (rules.GATE_AFTER,)),
            (FIRST_CONTACT, rules.CONTACT72_ASKS, ()),
            (APPOINTMENTS, rules.APPOINTMENT_ASKS, ()),
            (FAMILY_CALLS, _CALL, ()),
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
