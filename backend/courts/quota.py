"""How much a court's machine asks for on a day, counted in rows: one count for all processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from backend import clock
from backend.access import Actor
from backend.database import connection
from backend.errors import NotSignedIn

# One statement for every reference, a canary or not: the same work, and nothing to tell from it.
_COUNT = """
WITH mine AS (
    SELECT c.id, c.daily_quota, a.zone, ($2::timestamptz AT TIME ZONE a.zone)::date AS day,
           (SELECT count(DISTINCT y.client)::int FROM court_canary y
             WHERE y.client = c.id AND y.reference_index = ANY ($3::bytea[])) AS canaries
      FROM court_client c JOIN agency a ON a.id = c.agency
     WHERE c.id = $1 AND c.suspended_at IS NULL
), counted AS (
    INSERT INTO court_day AS d (id, client, day, pulls, canaries)
    SELECT $4, id, day, 1, canaries FROM mine
    ON CONFLICT (client, day) DO UPDATE
       SET pulls = d.pulls + 1, canaries = d.canaries + excluded.canaries
    RETURNING pulls
)
SELECT mine.*, counted.pulls FROM mine, counted
"""


@dataclass(frozen=True)
class Pull:
    """`over` counts what is beyond the quota of the day, which ends in so many seconds."""

    over: int
    seconds: int
    canary: bool


async def count_pull(actor: Actor, reference: Sequence[bytes]) -> Pull:
    """Count what the machine asks for, by the reference's keyed hashes, whatever comes of it.

    Raises NotSignedIn where the client was suspended a moment ago.
    """
    now = clock.now()
    row = await connection().fetchrow(_COUNT, actor.id, now, reference, uuid4())
    if row is None:
        raise NotSignedIn
    ends = datetime.combine(row["day"] + timedelta(days=1), time.min, ZoneInfo(row["zone"]))
    over = max(0, row["pulls"] - row["daily_quota"])
    return Pull(over, int((ends - now).total_seconds()) + 1, bool(row["canaries"]))
