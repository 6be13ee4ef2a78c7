"""Sealing: what others have written into the audit gets its place in the chain afterwards.

A chain in the request path would let one writer in at a time. So rows are sealed by a job, in
the order in which they become visible: one that is committed late, with a smaller id than others
that are sealed by then, comes after these.
"""

import base64
import logging
from dataclasses import dataclass
from typing import Any

from backend.audit import chain
from backend.database import fetch_at_once, transaction
from backend.keyring import KEY, kept
from backend.settings import Settings, SettingsError, settings
from backend.turns import SEALS, is_ours

log = logging.getLogger(__name__)

BATCH = 1000
SPAN = 100_000  # ids that are looked through in one statement

_keys: dict[str, bytes] = {}


def sealing_key() -> bytes:
    """The key of this installation's chain, read once. Raises SettingsError."""
    if "it" not in _keys:
        _keys["it"] = audit_key(settings())
    return _keys["it"]


def use_sealing_key(key: bytes) -> None:
    """Tests and the story bring their own."""
    _keys["it"] = key


def audit_key(configured: Settings) -> bytes:
    """AUDIT_KEY; beside the embedded Postgres it is made once, in a file of its own.

    Raises SettingsError where there is none: who forged the chain would have to have it.
    """
    given = configured.audit_key
    if given is None and configured.embedded:
        given = kept(configured.data / "audit.key")
    if given is None:
        raise SettingsError("AUDIT_KEY (or AUDIT_KEY_FILE) is missing: 32 bytes in base64")
    try:
        key = base64.b64decode(given, validate=True)
    except ValueError as error:
        raise SettingsError("AUDIT_KEY must be base64") from error
    if len(key) != KEY:
        raise SettingsError(f"AUDIT_KEY must be {KEY} bytes in base64")
    return key


@dataclass
class Progress:
    """How far one process knows the rows to be sealed.

    Ids are given out before their rows are committed, so a gap may still be filled. Whoever
    writes into the audit holds a lock on the table, from before the id is taken until the row can
    be seen: once all those writers are gone who were there when `mark` was the last id, no row up
    to it is still to come.
    """

    done: int = 0
    settled: int = 0
    mark: int = 0
    writers: frozenset[str] = frozenset()

    def look(self, last: int, writers: frozenset[str]) -> None:
        """`last` is the last id given out, read before `writers`: those who write now."""
        if not writers:
            self.settled = last
        elif not self.writers & writers:
            self.settled = max(self.settled, self.mark)
        else:
            return
        self.mark, self.writers = last, writers


_LAST = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM audit_id_seq"
_WRITERS = """
SELECT coalesce(array_agg(virtualtransaction), '{}') FROM pg_locks
 WHERE locktype = 'relation' AND relation = 'audit'::regclass AND mode = 'RowExclusiveLock'
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_UNSEALED = """
SELECT a.* FROM audit a
 WHERE a.id > $1 AND a.id <= $2 AND NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.audit = a.id)
 ORDER BY a.id LIMIT $3
"""
_END = "SELECT id AS number, mac FROM audit_seal ORDER BY id DESC LIMIT 1"
_SEAL = """
INSERT INTO audit_seal (id, audit, mac)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])
"""


async def seal_rows(key: bytes, progress: Progress) -> int:
    """Seal every row that can be seen and has no seal; how many these were.

    Where another process is at it, that one does it. Where nothing was written since all was
    sealed it is one look.
    """
    [[last]] = await fetch_at_once(_LAST)
    if last == progress.done:
        return 0
    async with transaction() as held:
        last = await held.fetchval(_LAST)
        progress.look(last, frozenset(await held.fetchval(_WRITERS)))
    settled, start, sealed = progress.settled, progress.done, 0
    while True:
        async with transaction() as held:
            if not await is_ours(SEALS):
                log.info("the seals wait: somebody else is at them")
                return sealed
            rows = await held.fetch(_UNSEALED, start, start + SPAN, BATCH)
            if rows:
                await _append(held, key, rows)
        sealed += len(rows)
        if len(rows) == BATCH:
            continue
        progress.done = max(progress.done, min(settled, start + SPAN))
        start += SPAN
        if start >= last:
            return sealed


async def _append(held: Any, key: bytes, rows: list[Any]) -> None:
    end = await held.fetchrow(_END)
    number, mac = (end["number"], end["mac"]) if end else (0, chain.START)
    macs = []
    for place, row in enumerate(rows, number + 1):
        mac = chain.seal(key, place, mac, row)
        macs.append(mac)
    numbers = list(range(number + 1, number + 1 + len(rows)))
    await held.execute(_SEAL, numbers, [row["id"] for row in rows], macs)
