"""A place with a mentor: the database says whether there is one, with the mentor's row held."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import asyncpg

from backend.actors.actions import unseal_or_none
from backend.database import connection
from backend.errors import NotFound, NotFromThisState

NO_PLACE = {
    "mentor_vetted": "This mentor is given nobody: their vetting does not hold.",
    "mentor_room": "This mentor supports three people already.",
    "relative_apart": "The map says that there is no contact.",
}


async def name_of(row: Any) -> str | None:
    known = await unseal_or_none(row["id"], f"mentor.identity:{row['id']}", row["identity"])
    return known["name"] if known else None


async def name_of_mentor(agency: UUID, mentor: UUID) -> str:
    """Of the agency's own. Raises NotFound for one of another, and for who has left."""
    row = await connection().fetchrow(
        "SELECT * FROM mentor WHERE id = $1 AND agency = $2 AND ended_at IS NULL", mentor, agency
    )
    name = await name_of(row) if row is not None else None
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
