"""The dead man's switch: the jobs say that they go on, and who else runs notices when they do not.

The sign is the round of the job "heartbeat", which is written by no process that only thinks it
works, and stays when the process is gone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from backend import clock
from backend.database import fetch_at_once, transaction

SILENT = timedelta(minutes=10)
LATE = timedelta(minutes=30)

_SINCE = """
SELECT r.at, a.zone FROM job_round r JOIN agency a ON a.id = $2
 WHERE r.name = 'heartbeat' AND r.at <= $1::timestamptz - $3::interval
"""
# Whoever writes first tells it; nobody tells the same silence twice.
_SILENT = """
UPDATE job_round SET silent_told_at = $1
 WHERE name = 'heartbeat' AND at <= $1::timestamptz - $2::interval
   AND coalesce(silent_told_at, '-infinity') < at RETURNING at
"""
_LATE = """
UPDATE job_round SET late_told_at = $1
 WHERE name = 'heartbeat' AND at <= $1::timestamptz - $2::interval
   AND coalesce(late_told_at, '-infinity') < at RETURNING at
"""
_OVER = """
UPDATE job_round SET over_told_at = $1
 WHERE name = 'heartbeat' AND at > silent_told_at AND at > $1::timestamptz - $2::interval
   AND coalesce(over_told_at, '-infinity') < silent_told_at RETURNING silent_told_at AS at
"""
_UNTOLD = """
UPDATE job_round SET silent_told_at = NULLIF(silent_told_at, $1),
       late_told_at = NULLIF(late_told_at, $1), over_told_at = NULLIF(over_told_at, $1)
 WHERE name = 'heartbeat'
"""


@dataclass(frozen=True)
class News:
    """What humans are told: `what` is "silent", "late" or "over", `since` an instant."""

    what: str
    since: datetime
    told_at: datetime


async def silent_since(agency: UUID) -> tuple[datetime, str] | None:
    """Since when the jobs gave no sign, where that is ten minutes or more, and the agency's zone.

    None too where they never gave one: nothing has ever run here.
    """
    rows = await fetch_at_once(_SINCE, clock.now(), agency, SILENT)
    return (rows[0]["at"], rows[0]["zone"]) if rows else None


async def take_news() -> list[News]:
    """What is to be told now, each to one caller alone; who cannot tell it says so: `untold`."""
    now, news = clock.now(), []
    async with transaction() as held:
        for what, sql, after in (
            ("silent", _SILENT, SILENT),
            ("late", _LATE, LATE),
            ("over", _OVER, SILENT),
        ):
            since = await held.fetchval(sql, now, after)
            if since is not None:
                news.append(News(what, since, now))
    return news


async def untold(news: News) -> None:
    """Nobody was reached: it is told the next time."""
    async with transaction() as held:
        await held.execute(_UNTOLD, news.told_at)
