"""A place with a mentor: the database says whether there is one, with the mentor's row held."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import asyncpg

from backend.actors.actions import unseal_with
from backend.database import connection
from backend.errors import NotFound, NotFromThisState

NO_PLACE = {
    "mentor_vetted": "This mentor is given nobody: their vetting does not hold.",
    "mentor_room": "This mentor supports three people already.",
    "relative_apart": "The map says that there is no contact.",
}


def name_of(row: Any) -> str | None:
    """Of a mentor's row with their `wrapped` key; None once that was destroyed."""
    if row["identity"] is None or row["wrapped"] is None:
        return None
    place = f"mentor.identity:{row['id']}"
    known: str = unseal_with(row["wrapped"], row["id"], place, row["identity"])["name"]
    return known


async def name_of_mentor(agency: UUID, mentor: UUID) -> str:
    """Of the agency's own. Raises NotFound for one of another, and for who has left."""
    row = await connection().fetchrow(
        "SELECT t.*, k.wrapped FROM mentor t LEFT JOIN subject_key k ON k.id = t.id"
        " WHERE t.id = $1 AND t.agency = $2 AND t.ended_at IS NULL",
        mentor,
        agency,
    )
    name = name_of(row) if row is not None else None
    if name is None:
        raise NotFound
    return name


@contextmanager
def no_more_than_the_database_lets() -> Iterator[None]:
    """Raises NotFromThisState where a trigger refuses the mandate."""
    try:
        yield
    except asyncpg.CheckViolationError as error:
        if error.constraint_name not in NO_PLACE:
            raise
        raise NotFromThisState(NO_PLACE[error.constraint_name]) from error
