"""What an earlier release wrote in the clear is hidden, some rows at a time, until none is left.

A migration cannot: the key is in no database. Plain hashes are keyed from themselves, so no
summary is opened for it; what a disclosure is for is sealed under the person's key.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from backend.actors.actions import vault
from backend.consents.actions import purpose_place
from backend.database import connection, transaction
from backend.once import keyed
from backend.summaries.hashes import kept

A_ROUND = 500  # a second's work; the rest in the next

# Whoever writes one of these rows meanwhile is not waited for: the next round finds it.
_SUMMARIES = """
SELECT id, sha256 FROM summary WHERE octet_length(sha256) = 32 LIMIT $1
   FOR UPDATE SKIP LOCKED
"""
_ASKED = "SELECT id, asked FROM once WHERE length(asked) = 64 LIMIT $1 FOR UPDATE SKIP LOCKED"
_PURPOSES = """
SELECT d.id, d.purpose, p.person, k.wrapped FROM disclosure d
  JOIN plan p ON p.id = d.plan JOIN subject_key k ON k.id = p.person AND k.wrapped IS NOT NULL
 WHERE d.purpose <> '' LIMIT $1 FOR UPDATE OF d SKIP LOCKED
"""


async def hide() -> None:
    """One round of each kind, a transaction each."""
    for act in (_hashes, _asked, _purposes):
        async with transaction():
            await act()


async def _hashes() -> None:
    await _each(
        _SUMMARIES,
        "UPDATE summary SET sha256 = $2 WHERE id = $1",
        lambda row: (kept(row["sha256"].hex()),),
    )


async def _asked() -> None:
    await _each(
        _ASKED, "UPDATE once SET asked = $2 WHERE id = $1", lambda row: (keyed(row["asked"]),)
    )


async def _purposes() -> None:
    await _each(
        _PURPOSES,
        "UPDATE disclosure SET purpose = '', sealed_purpose = $2, version = version + 1"
        " WHERE id = $1",
        _sealed,
    )


def _sealed(row: Any) -> tuple[bytes]:
    value = msgspec.json.encode(row["purpose"])
    return (vault().seal(row["person"], row["wrapped"], purpose_place(row["id"]), value),)


async def _each(find: str, write: str, hidden: Callable[[Any], tuple[object]]) -> None:
    held = connection()
    rows = await held.fetch(find, A_ROUND)
    await held.executemany(write, [(row["id"], *hidden(row)) for row in rows])
