"""Wrapping everybody's key anew after a master key was added, and who still needs which one.

The owner alone may change a wrapped key. A batch is one transaction: killed anywhere, the rest
is found again by the version that each wrapped key carries. Two at once take different rows.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from backend.database import fetch, transaction
from backend.vault import Vault, VaultError

BATCH = 500
PASSES = 5
PAUSE_SECONDS = 0.2  # for rows that another transaction holds
log = logging.getLogger(__name__)

_TAKE = """
SELECT id, wrapped FROM subject_key
 WHERE id > $1 AND wrapped IS NOT NULL
   AND CASE WHEN substr(wrapped, 1, 1) = '\\x02' THEN get_byte(wrapped, 1) ELSE 1 END < $2
 ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
"""
_USERS = """
WITH users(what, sealed) AS (
    SELECT 'keys', wrapped FROM subject_key WHERE wrapped IS NOT NULL
    UNION ALL SELECT 'others', sealed FROM incoming_update
     WHERE sealed IS NOT NULL AND handled_at IS NULL AND failed_at IS NULL
    UNION ALL SELECT 'others', chat FROM message
     WHERE chat IS NOT NULL AND state IN ('queued', 'claimed'))
SELECT CASE WHEN substr(sealed, 1, 1) = '\\x02' THEN get_byte(sealed, 1) ELSE 1 END AS version,
       count(*) FILTER (WHERE what = 'keys') AS keys,
       count(*) FILTER (WHERE what = 'others') AS others
  FROM users GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True)
class Users:
    """What needs a master key: wrapped keys, and sealed values that wait and pass within a day."""

    keys: int = 0
    others: int = 0


async def users() -> Mapping[int, Users]:
    """By the version of the master key. As the worker, who alone sees all that waits."""
    return {row["version"]: Users(row["keys"], row["others"]) for row in await fetch(_USERS)}


async def rewrap(vault: Vault) -> tuple[int, int]:
    """Wrap every key anew that an older master key wrapped; how many, and how many do not open.

    As the owner. What another transaction holds is tried again for a moment; what is made
    meanwhile, by a process that has not read its ring again, is left to the next call.
    """
    done = failed = 0
    for _ in range(PASSES):
        in_pass, failed = await _once_through(vault)
        done += in_pass
        if not in_pass:
            break
        await asyncio.sleep(PAUSE_SECONDS)
    return done, failed


async def _once_through(vault: Vault) -> tuple[int, int]:
    done = failed = 0
    after: UUID | None = UUID(int=0)
    while after is not None:
        wrapped, unopened, after = await _batch(vault, after)
        done += wrapped
        failed += unopened
    return done, failed


async def _batch(vault: Vault, after: UUID) -> tuple[int, int, UUID | None]:
    """One transaction; how many, how many do not open, and where the next batch begins."""
    fresh: list[tuple[UUID, bytes]] = []
    async with transaction() as held:
        rows = await held.fetch(_TAKE, after, vault.newest, BATCH)
        for row in rows:
            try:
                fresh.append((row["id"], vault.rewrap(row["id"], row["wrapped"])))
            except VaultError:
                log.error("a wrapped key does not open", extra={"actor": row["id"]})  # noqa: TRY400
        await held.executemany("UPDATE subject_key SET wrapped = $2 WHERE id = $1", fresh)
    log.info("keys were wrapped anew", extra={"count": len(fresh), "version": vault.newest})
    return len(fresh), len(rows) - len(fresh), rows[-1]["id"] if rows else None
