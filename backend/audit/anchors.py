"""The oldest part of the record goes whole once it is ten years old, behind an anchor.

An anchor is the last seal of what was dropped, with a proof under the chain's key. So whoever has
the database and not the key cannot make a beginning disappear, and what is left is still a chain.
"""

from datetime import datetime
from typing import Any

from backend.audit import chain
from backend.audit.seals import sealing_key
from backend.database import connection

A_NIGHT = 50_000  # rows that are dropped at most; the rest goes in the next

_FIRST = "SELECT id FROM audit_seal ORDER BY id LIMIT 1"
_FIRST_KEPT = """
SELECT s.id FROM audit_seal s JOIN audit a ON a.id = s.audit WHERE a.at > $1 ORDER BY s.id LIMIT 1
"""
_SEAL = "SELECT mac FROM audit_seal WHERE id = $1"
_LAST_ANCHOR = "SELECT id AS number, mac, proof FROM audit_anchor ORDER BY id DESC LIMIT 1"


async def drop_oldest(before: datetime) -> int:
    """Drop what was written before, as far as it is the beginning; how many rows it was.

    The database lets go of nothing that is younger than ten years, whatever is asked.
    """
    held = connection()
    first, kept = await held.fetchval(_FIRST), await held.fetchval(_FIRST_KEPT, before)
    if first is None or kept is None:
        return 0  # a chain has an end: its last row stays
    through = min(kept - 1, first + A_NIGHT - 1)
    if through < first:
        return 0
    mac = await held.fetchval(_SEAL, through)
    proof = chain.anchor(sealing_key(), through, mac)
    gone: int = await held.fetchval("SELECT drop_audit($1, $2)", through, proof)
    return gone


async def beginning(held: Any, key: bytes) -> tuple[int, bytes]:
    """The number and seal after which the chain goes on. Raises Broken for a forged anchor."""
    row = await held.fetchrow(_LAST_ANCHOR)
    if row is None:
        return 0, chain.START
    return chain.begin(key, row["number"], row["mac"], row["proof"])
