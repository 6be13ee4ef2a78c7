"""The words by which a person is found: of their name and their file number."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from backend.actors.actions import vault
from backend.database import connection
from backend.words import words_of

INDEXED = ""  # no word at all: it stands for somebody whose words have been written


async def write_words(
    agency: UUID | None, person: UUID, wrapped: bytes, identity: Mapping[str, Any]
) -> list[bytes]:
    """Write the words of a person whom no row has yet; the hashes of them."""
    known = [identity["name"], identity.get("file_number") or ""]
    words = {INDEXED, *(word for value in known for word in words_of(value))}
    hashes = vault().hide(person, wrapped, sorted(words))
    await connection().executemany(
        "INSERT INTO person_word (id, agency, person, word) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        [(uuid4(), agency, person, word) for word in hashes],
    )
    return hashes
