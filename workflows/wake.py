"""When the worker next has something to do, read from the rows.

The jobs look every minute, and lose nothing by looking in vain: that costs less than to
ask here, and no mistake here can keep them asleep (docs/performance.md). This is for
whoever moves the time itself, and for a human who asks what comes next. Nothing is said here
about leases and retries of a send that failed: those are a matter of seconds.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from backend import clock
from backend.agencies.actions import on_duty
from backend.alerts.due import first_due
from backend.calendars.rules import open_days
from backend.database import connection, transaction
from backend.messages import rules
from workflows import digest
from workflows.escalate import URGENT
from workflows.ladders import REPEATS, RUNNING, asks, ladders

_QUEUED = """
SELECT min(greatest(due_at, retry_at)) FROM message
 WHERE state = 'queued' AND greatest(due_at, retry_at) > $1
"""
_LADDER = "SELECT min(at) FROM ({ladder}) AS due WHERE at > $1"
_ENDS = """
SELECT min(at) FROM (
    SELECT m.ends AS at FROM mandate m WHERE m.ends > $1 AND EXISTS (
           SELECT 1 FROM link l WHERE l.plan = m.plan AND l.subject = m.actor
              AND l.state IN ('invited', 'unconfirmed', 'active', 'stopped', 'inactive'))
    UNION ALL
    SELECT l.expires_at FROM link l WHERE l.state = 'invited' AND l.expires_at > $1
    UNION ALL
    SELECT t.opened_at + $2::interval FROM task t
     WHERE t.kind = 'gate-waiting' AND t.urgency < 2 AND t.closed_at IS NULL
       AND t.acknowledged_at IS NULL AND t.opened_at + $2::interval > $1) AS ends
"""
_NEXT_DUTY = "SELECT min(starts) FROM duty_shift WHERE agency = $1 AND starts > $2"
# The civil days after today on which something is asked about, by zone: made at midnight.
_DAYS = f"""
SELECT zone, min(day) AS day FROM (
    SELECT p.zone, m.due_on + k.days AS day
      FROM unnest($2::text[], $3::int[]) AS k(carries, days)
      JOIN milestone m ON m.message = k.carries AND m.state IN ('planned', 'in_progress')
      JOIN plan p ON p.id = m.plan AND {RUNNING} AND (m.day <= 0 OR p.left_custody_at IS NOT NULL)
    UNION ALL
    SELECT p.zone, m.due_on + m.repeat_days FROM milestone m JOIN plan p ON p.id = m.plan
     WHERE {RUNNING} AND m.repeat_days IS NOT NULL AND NOT m.pinned
       AND m.state IN ('planned', 'in_progress')
       AND m.day + (m.cycle + 1) * m.repeat_days <= m.repeat_until
       AND (m.day <= 0 OR p.left_custody_at IS NOT NULL)
    UNION ALL
    SELECT p.zone, p.release_date + k.days FROM plan p CROSS JOIN unnest($4::int[]) AS k(days)
     WHERE p.state = 'active_inside' AND p.certainty = 'confirmed'
    UNION ALL
    SELECT p.zone, (p.left_custody_at AT TIME ZONE p.zone)::date + k.days
      FROM plan p CROSS JOIN unnest($5::int[]) AS k(days) WHERE p.state = 'active_outside'
    UNION ALL
    SELECT a.zone, a.held_on + k.days FROM appointment a CROSS JOIN unnest($6::int[]) AS k(days)
      JOIN plan p ON p.id = a.plan AND {RUNNING} WHERE a.state = 'scheduled'
    UNION ALL
    SELECT p.zone, t.today + (b.call_weekday - extract(isodow FROM t.today)::int + 6) % 7 + 1
      FROM member b JOIN plan p ON p.id = b.plan AND p.state = 'active_inside'
      JOIN milestone m ON m.plan = p.id AND m.message = 'FAM-CALL'
           AND m.state IN ('planned', 'in_progress')
     CROSS JOIN LATERAL (SELECT ($1::timestamptz AT TIME ZONE p.zone)::date AS today) AS t
     WHERE b.call_weekday IS NOT NULL) AS days
 WHERE day > ($1::timestamptz AT TIME ZONE zone)::date GROUP BY zone
"""


async def next_wake(now: datetime) -> datetime | None:
    """The first instant after `now` at which a job has something to do; None for never.

    What is due already is not looked at. It may name an instant at which nothing comes
    of it after all, because somebody has no chat, but never one that is too late.
    """
    async with transaction() as held:
        found = [
            await held.fetchval(_QUEUED, now),
            await held.fetchval(_ENDS, now, rules.WAITING_PAGES_AFTER),
            *await _ladders(now),
            *await _pages(now),
            *await _midnights(now),
            *await _digests(now),
        ]
    return min((at for at in found if at is not None), default=None)


async def _ladders(now: datetime) -> list[datetime | None]:
    repeats = (*asks(), rules.REPEAT_AFTER, list(rules.REPEATED))
    return [
        await connection().fetchval(_LADDER.format(ladder=sql), now, *values)
        for sql, values in ((REPEATS, repeats), (ladders().sql, ladders().values))
    ]


async def _pages(now: datetime) -> list[datetime]:
    """When the next on duty is paged, for as long as nobody has the task, or a duty begins."""
    found, step = [], rules.PAGE_NEXT_AFTER
    for task in await connection().fetch(URGENT, now, rules.WAITING_PAGES_AFTER):
        rounds = (now - task["since"]) // step + 1
        if rounds < len(await on_duty(task["agency"])):
            found.append(task["since"] + rounds * step)
        found.append(await connection().fetchval(_NEXT_DUTY, task["agency"], now))
    return found


async def _midnights(now: datetime) -> list[datetime]:
    rows = await connection().fetch(
        _DAYS,
        now,
        [ask.on for ask in rules.MILESTONE_ASKS],
        [ask.days for ask in rules.MILESTONE_ASKS],
        sorted({ask.days for ask in (*rules.GATE_ASKS, rules.GATE_REPEAT, rules.GATE_0)}),
        sorted({ask.days for ask in rules.LEAVING_ASKS}),
        sorted({ask.days for ask in rules.APPOINTMENT_ASKS}),
    )
    return [_instant(row["day"], time.min, row["zone"]) for row in rows]


async def _digests(now: datetime) -> list[datetime]:
    """The next working morning of each linked worker who will have something due by then."""
    found = []
    for link in await connection().fetch(digest.LINKED):
        local = now.astimezone(ZoneInfo(link["office"]))
        day = local.date() if local.time() < digest.AT else local.date() + timedelta(days=1)
        due = await first_due(link["subject"], day, zone=link["office"])
        if due is None:
            continue
        day = open_days(link).on(max(day, due))
        found.append(_instant(day, digest.AT, link["office"]))
    return found


def _instant(day: date, at: time, zone: str) -> datetime:
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(clock.now().tzinfo)
