"""A human hears that a limit stopped somebody: an account that was stolen, or curiosity."""

from datetime import UTC, timedelta

from backend import clock
from backend.alerts.actions import open_task
from backend.database import connection, transaction

A_DAY = timedelta(days=1)
# Wrong passwords in one's own session tell nothing of a caseload. Nobody is asked about themselves,
# and nobody of another house than who was stopped.
_STOPPED = """
SELECT DISTINCT a.actor, a.agency, s.id AS who, (a.at AT TIME ZONE 'UTC')::date AS day
  FROM audit a JOIN actor w ON w.id = a.actor AND w.agency = a.agency
  JOIN staff s ON s.agency = w.agency AND s.active AND s.id <> a.actor AND s.role IN ('CO', 'DP')
 WHERE a.reason = 'too-many-tries' AND a.at > $1 AND a.at <= $2 AND a.outcome = 'denied'
   AND a.operation <> 'prove'
"""


async def tell_limits() -> None:
    """One task a day for each who was stopped and each who should look; a later round adds none."""
    now = clock.now()
    async with transaction():
        for row in await connection().fetch(_STOPPED, now - A_DAY, now):
            await open_task(
                "stopped-by-limit",
                agency=row["agency"],
                plan=None,
                subject=row["actor"],
                local_due=row["day"],
                role="CO",
                assignee=row["who"],
                about=row["who"],
                due_at=now.astimezone(UTC) + A_DAY,
            )
