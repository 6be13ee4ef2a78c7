"""What an earlier release left open is hidden, some rows at a time, until none is left.

A migration cannot: the key is in no database. Plain hashes are keyed from themselves, so no
summary is opened for it; what a disclosure is for is sealed under the person's key. A protected
address goes out of the places of workers' dates, which the person's own file tells: these are
looked at in each round, for none says of itself that it was.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from backend.actors.actions import unseal_with, vault
from backend.consents.actions import purpose_place
from backend.database import connection, transaction
from backend.once import keyed
from backend.safety.rules import names
from backend.summaries.hashes import kept
from backend.vault import VaultError

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
# Few plans have one. What a trainer typed stays: that it went would tell them of the address.
_PLACES = """
SELECT a.id, a.place, p.person, k.wrapped, d.id AS kept, d.address, d.subject, s.wrapped AS theirs
  FROM protected_address d
  JOIN appointment a ON a.plan = d.plan AND a.place IS NOT NULL AND a.role IN ('SW', 'CO')
  JOIN plan p ON p.id = d.plan
  JOIN subject_key k ON k.id = p.person AND k.wrapped IS NOT NULL
  JOIN subject_key s ON s.id = d.subject AND s.wrapped IS NOT NULL
 WHERE d.ended_at IS NULL AND d.address IS NOT NULL
"""
_WITHOUT = """
UPDATE appointment SET place = NULL, version = version + 1 WHERE id = $1 AND place = $2
"""


async def hide() -> None:
    """One round of each kind, a transaction each."""
    for act in (_hashes, _asked, _purposes, _places):
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


async def _places() -> None:
    held = connection()
    found = {row["id"]: row["place"] for row in await held.fetch(_PLACES) if _names(row)}
    await held.executemany(_WITHOUT, list(found.items()))


def _names(row: Any) -> bool:
    """What cannot be opened tells nobody, and keeps no other date waiting."""
    theirs = row["subject"], f"protected_address.address:{row['kept']}", row["address"]
    persons = row["person"], f"appointment.place:{row['id']}", row["place"]
    try:
        address = unseal_with(row["theirs"], *theirs)
        return names(unseal_with(row["wrapped"], *persons), address)
    except VaultError:
        return False


async def _each(find: str, write: str, hidden: Callable[[Any], tuple[object]]) -> None:
    held = connection()
    rows = await held.fetch(find, A_ROUND)
    await held.executemany(write, [(row["id"], *hidden(row)) for row in rows])
