"""One process of the jobs at a time, by a lock that no other role can hold.

Any login may take any advisory lock, and whoever got a statement into the application could so
keep a job from its work for as long as a connection lives. These locks are on tables that the
jobs alone may change; they stand in nobody's way who reads or writes there.
"""

import asyncpg

from backend.database import apart, connection

SEALS = "LOCK TABLE heartbeat IN SHARE UPDATE EXCLUSIVE MODE NOWAIT"
# Waited for: a claim takes milliseconds.
CLAIMS = "LOCK TABLE job_round IN SHARE UPDATE EXCLUSIVE MODE"
RETENTION = "LOCK TABLE zone_day IN SHARE UPDATE EXCLUSIVE MODE NOWAIT"


async def is_ours(turn: str) -> bool:
    """Take the turn for the rest of the transaction; False where another process has it."""
    try:
        async with apart():
            await connection().execute(turn)
    except asyncpg.LockNotAvailableError:
        return False
    return True
