"""What waits for a worker on a day: tasks that somebody opened, and rows that fall due."""

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from backend.access import EVERY_ROLE, TOLD
from backend.alerts.actions import MINE
from backend.database import connection

_TASKS = f"""
SELECT (t.due_at AT TIME ZONE $4)::date AS day FROM task t
 WHERE t.closed_at IS NULL AND t.opened_at <= $5 AND ({MINE})
   AND NOT EXISTS (SELECT 1 FROM plan b WHERE b.id = t.plan AND is_barred(b.person, $1, 'SW'))
"""
# A row belongs to whoever holds its owner's role; to the social worker where nobody does.
_ROWS = f"""
WITH held AS MATERIALIZED (  -- a wall is asked for once a mandate, and not for each of its rows
    SELECT m.plan, m.role, p.left_custody_at FROM mandate m JOIN plan p ON p.id = m.plan
           AND p.state IN ('active_inside', 'active_outside', 'step_down')
     WHERE m.actor = $1 AND m.starts <= $2 AND (m.ends IS NULL OR m.ends > $2)
       AND NOT is_barred(p.person, m.actor, m.role)
       AND {TOLD.format(group="'milestones'", at="$2")})
SELECT r.due_on AS day FROM held m
  JOIN milestone r ON r.plan = m.plan AND r.state IN ('planned', 'in_progress')
       AND (r.day <= 0 OR m.left_custody_at IS NOT NULL)
 WHERE (m.role = r.owner OR (m.role = 'SW' AND NOT EXISTS (
        SELECT 1 FROM mandate o WHERE o.plan = r.plan AND o.role = r.owner
           AND o.starts <= $2 AND (o.ends IS NULL OR o.ends > $2))))
   AND r.due_on >= $3 AND sees(m.role, r)
   AND NOT EXISTS (SELECT 1 FROM milestone_event e WHERE e.milestone = r.id AND e.at > $4
                      AND e.kind <> 'undone')
"""


async def due_on_day(staff: UUID, day: date, *, zone: str, as_of: datetime) -> int:
    """How much is due on a civil day, over all plans of this worker, as it stood at `as_of`.

    Tasks that were due before count each day; a row that is late does not nag.
    """
    tasks, rows = await _days(staff, day, zone, as_of)
    return sum(one <= day for one in tasks) + sum(one == day for one in rows)


async def first_due(staff: UUID, day: date, *, zone: str) -> date | None:
    """The first day from `day` on with something due, as far as it is known now."""
    ahead = datetime.combine(day + timedelta(days=36_500), time.min, ZoneInfo(zone))
    tasks, rows = await _days(staff, day, zone, ahead)
    return min((max(one, day) for one in (*tasks, *rows)), default=None)


async def _days(
    staff: UUID, day: date, zone: str, as_of: datetime
) -> tuple[list[date], list[date]]:
    held = connection()
    now = min(as_of, datetime.combine(day, time.max, ZoneInfo(zone)))
    tasks = await held.fetch(_TASKS, staff, now, list(EVERY_ROLE), zone, as_of)
    rows = await held.fetch(_ROWS, staff, now, day, as_of)
    return [row["day"] for row in tasks], [row["day"] for row in rows]
