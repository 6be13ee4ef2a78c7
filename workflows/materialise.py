"""Make the reminders that fall due today: one set-based statement for each kind.

A row exists from the day it falls due, never earlier, and once: its occurrence
key is unique. Days that were missed while nothing ran are made up for, up to a
fortnight; what is too late by then becomes a task when it is sent.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from uuid import uuid4

from backend import clock
from backend.database import connection, transaction
from backend.messages import rules
from backend.messages.outbox import WAKE_SENDER
from backend.messages.questions import RELEASE_AT
from backend.messages.rules import Ask
from workflows.ladders import MOVED_ONCE
from workflows.rounds import Round
from workflows.statements import Part, together

CATCH_UP = timedelta(days=14)

_SELECT = """
SELECT p.agency, p.id AS plan, l.bot, l.id AS link, l.subject AS recipient, k.rule, k.step,
       {subject} AS subject, d.day AS local_due,
       CASE WHEN r.role = 'FA' THEN k.family ELSE k.key END AS key, k.critical,
       {due} AS due_at, {due} + k.late AS expires_at, l.confirmed_at
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
SELECT p.agency, p.id AS plan, l.bot, l.id AS link, l.subject AS recipient, q.rule, q.step,
       q.about AS subject, q.day AS local_due,
       CASE WHEN r.role = 'FA' THEN q.family ELSE q.key END AS key, q.critical,
       (q.day + q.at) AT TIME ZONE l.zone AS due_at,
       (q.day + q.at) AT TIME ZONE l.zone + q.late AS expires_at, l.confirmed_at
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
)

_GATE = """
  JOIN milestone g ON g.plan = p.id AND g.code = 'GAT-01'
       AND g.state IN ('planned', 'in_progress', 'done')
"""
GATES = (
    _SELECT.format(subject="g.id", due=_LOCAL)
    + """
  JOIN plan p ON p.release_date = d.day - k.days AND p.zone = d.zone
       AND p.state = 'active_inside' AND p.certainty = 'confirmed'
"""
    + _GATE
    + _RECIPIENT
    + f"""
  JOIN member b ON b.id = r.actor AND b.gate = 'first'
 WHERE r.role IN ('ME', 'FA') AND (k.step <> 'repeat' OR NOT EXISTS (
        SELECT 1 FROM message a WHERE a.subject = g.id AND a.rule = k.rule
           AND a.recipient = r.actor AND a.answered_at IS NOT NULL
           AND {RELEASE_AT.format(at="a.created_at")} = p.release_date))
"""
)

# asked an hour after the planned time, in the time of the place
DAY_ITSELF = (
    _SELECT.format(
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
)

# Counted from the recorded day of leaving. Staff are asked on an open day: the one before
# where it is closed, but not before the day itself; nobody is asked in the first hour.
LEAVING = (
    _SELECT.format(subject="m.id", due=f"greatest({_LOCAL}, p.left_custody_at + $14::interval)")
    + """
  JOIN plan p ON p.zone = d.zone AND p.state = 'active_outside'
       AND p.left_custody_at > $1::timestamptz - interval '7 days'
  JOIN calendar s ON s.id = coalesce(p.calendar, p.agency)
  JOIN milestone m ON m.plan = p.id AND m.message = k.carries AND m.code <> 'FAR-02'
       AND m.state IN ('planned', 'in_progress') AND (m.said_by IS NULL OR k.role = 'PO')
 CROSS JOIN LATERAL (SELECT (p.left_custody_at AT TIME ZONE p.zone)::date AS left_on) AS o
"""
    + _RECIPIENT
    + f"""
 WHERE r.role = k.role AND d.day = CASE WHEN l.plan IS NULL
       THEN greatest(open_day(o.left_on + k.days, s), o.left_on)
       ELSE o.left_on + k.days END
   AND (l.plan IS NOT NULL OR {MOVED_ONCE.format(left="o.left_on")})
"""
)

# On the day on which a date was moved the move itself was told.
APPOINTMENTS = (
    _SELECT.format(subject="a.id", due=_LOCAL)
    + """
  JOIN appointment a ON a.held_on = d.day - k.days AND a.zone = d.zone
       AND a.state = 'scheduled' AND whose_milestone(a.milestone, $1) IS NULL
       AND NOT EXISTS (SELECT 1 FROM message s WHERE s.subject = a.id AND s.rule = 'APPT-MOVED'
                          AND s.local_due = d.day AND s.state <> 'cancelled')
  JOIN plan p ON p.id = a.plan AND p.state IN ('active_inside', 'active_outside', 'step_down')
"""
    + _RECIPIENT
    + " WHERE r.role = k.role "
)

FAMILY_CALLS = (
    _SELECT.format(subject="m.id", due="((d.day + b.call_at) AT TIME ZONE l.zone)")
    + """
  JOIN member b ON b.call_weekday = extract(isodow FROM d.day)
  JOIN plan p ON p.id = b.plan AND p.zone = d.zone AND p.state = 'active_inside'
  JOIN milestone m ON m.plan = p.id AND m.message = k.carries
       AND m.state IN ('planned', 'in_progress')
"""
    + _RECIPIENT
    + " WHERE r.role = k.role AND r.actor = b.id "
)

# One message for one occurrence, however many chats somebody has. What was cancelled on this
# very day, for a cause that has gone since, is queued anew.
_MAKE = """
INSERT INTO message AS m (id, agency, plan, version, bot, link, recipient, rule, step, subject,
                          local_due, key, urgent, critical, due_at, expires_at, created_at, state)
SELECT DISTINCT ON (rule, step, subject, recipient, local_due)
       gen_random_uuid(), agency, plan, 1, bot, link, recipient, rule, step, subject, local_due,
       key, false, critical, due_at, expires_at, $1::timestamptz, 'queued'
  FROM ({asked}) AS asked
 ORDER BY rule, step, subject, recipient, local_due, confirmed_at DESC
ON CONFLICT (rule, step, subject, recipient, local_due) DO UPDATE
   SET state = 'queued', reason = NULL, link = excluded.link, bot = excluded.bot,
       key = excluded.key, due_at = excluded.due_at, expires_at = excluded.expires_at,
       retry_at = NULL, act = NULL, version = m.version + 1
 WHERE m.state = 'cancelled' AND m.sending_at IS NULL AND m.answered_at IS NULL
   AND m.reason IN ('moved', 'settled', 'taken_back', 'not-today', 'not-confirmed', 'paused',
                    'plan-paused')
"""

# A cycle that nobody answered passes by; silence is no reason to stop asking, nor a mark.
# Cycles that passed while a plan was paused pass by all at once. A plan that somebody is writing
# is left to the next round: its lock comes before those of its rows.
NEXT_CYCLES = """
WITH passed AS MATERIALIZED (
  SELECT o.id, o.due_on, n.cycles
    FROM milestone o JOIN plan p ON p.id = o.plan
    JOIN unnest($1::text[], $2::date[]) AS z(zone, today) ON z.zone = p.zone
   CROSS JOIN LATERAL (SELECT least((z.today - o.due_on) / o.repeat_days,
          (o.repeat_until - o.day) / o.repeat_days - o.cycle) AS cycles) AS n
   WHERE o.repeat_days IS NOT NULL AND n.cycles > 0
     AND o.state IN ('planned', 'in_progress') AND NOT o.pinned
     AND (o.day <= 0 OR p.left_custody_at IS NOT NULL)
     AND p.state IN ('active_inside', 'active_outside', 'step_down')
     AND o.due_on + o.repeat_days <= z.today
     FOR NO KEY UPDATE OF p SKIP LOCKED)
UPDATE milestone m SET cycle = m.cycle + n.cycles, due_on = m.due_on + n.cycles * m.repeat_days,
       version = m.version + 1
  FROM passed n
 WHERE m.id = n.id AND m.due_on = n.due_on AND m.state IN ('planned', 'in_progress')
"""


async def materialise() -> int:
    """Make what falls due today in each time zone, and what was missed; how many rows came.

    A zone that nobody knows is passed over.
    """
    round_ = Round("materialise")
    made = await _made(round_)
    round_.end()
    return made


async def _made(round_: Round) -> int:
    async with transaction() as held:
        days, new = await _days(round_)
        if not days:
            return 0
        today = {zone: max(day for day, of in days if of == zone) for _, zone in days}
        await held.execute(NEXT_CYCLES, list(today), list(today.values()))
        asked = _asked()
        sql = _MAKE.format(asked=asked.sql)
        status: str = await held.execute(sql, clock.now(), *_columns(days), *asked.values)
        made = int(status.rsplit(" ", 1)[-1])
        await _remember(new)
        if made:
            await held.execute(f"NOTIFY {WAKE_SENDER}")
        return made


@cache
def _asked() -> Part:
    """Everything that is asked about, with who is asked and when."""
    return together(
        3,
        Part(MILESTONES, _rows(rules.MILESTONE_ASKS)),
        Part(GATES, _rows((*rules.GATE_ASKS, rules.GATE_REPEAT))),
        Part(DAY_ITSELF, (*_rows((rules.GATE_0,)), rules.GATE_AFTER)),
        Part(LEAVING, (*_rows(rules.LEAVING_ASKS), rules.LEAVING_PAUSE)),
        Part(APPOINTMENTS, _rows(rules.APPOINTMENT_ASKS)),
        Part(FAMILY_CALLS, _rows((rules.FAMILY_CALL,))),
    )


_ZONES = """
SELECT p.zone, z.through FROM (SELECT DISTINCT zone FROM plan
       WHERE state IN ('active_inside', 'active_outside', 'step_down')) AS p
  LEFT JOIN zone_day z ON z.zone = p.zone
"""


async def _days(round_: Round) -> tuple[list[tuple[date, str]], list[tuple[date, str]]]:
    """The civil days to make, with their zone: today, and days on which nothing ran.

    And those of them that are made for the first time.
    """
    days, new = [], []
    for row in await connection().fetch(_ZONES):
        with round_.one():
            zone, today = row["zone"], clock.today(row["zone"])
            through = min(row["through"] or today - timedelta(days=1), today)
            first = min(max(through + timedelta(days=1), today - CATCH_UP), today)
            days += [(first + timedelta(days=n), zone) for n in range((today - first).days + 1)]
            if through < today:
                new.append((today, zone))
    return days, new


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
