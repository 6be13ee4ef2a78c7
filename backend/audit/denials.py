"""Who was refused what: a row each, written apart from the act, which is undone.

The row names no object and no plan, so nobody who reads a plan's access list learns of it, and
asking for what is foreign writes the same as asking for what never was.
"""

import logging
from uuid import UUID

import asyncpg

from backend.access import Actor
from backend.actors.actions import vault
from backend.database import MOMENT, fetch_at_once
from backend.errors import DatabaseBusy

log = logging.getLogger(__name__)

MOST = 60  # rows of one actor in one minute; of further refusals only the number is kept

_NOTE = "SELECT note_denial($1, $2, $3, $4, $5, $6, $7, $8, $9)"


async def deny(
    actor: Actor | None,
    operation: str,
    reason: str,
    *,
    asked: bytes | None = None,
    request: str | None = None,
) -> None:
    """Write down a refusal; `reason` is the kind of its error, `asked` a keyed hash.

    Without an actor it is somebody who is not known. It never fails: where it cannot be written
    the refusal stands all the same, and the log says so.
    """
    who = (actor.id, actor.role, actor.agency) if actor else (None, None, None)
    try:
        await fetch_at_once(_NOTE, MOMENT, *who, operation, reason, asked, request, MOST)
    except (DatabaseBusy, asyncpg.PostgresError) as error:
        log.error(  # noqa: TRY400 - its text may quote a value
            "a refusal could not be written down", extra={"error": type(error).__name__}
        )


def hash_of(thing: UUID) -> bytes:
    """What stands for an id that somebody asked for: who has the key can find it again."""
    return vault().derive("audit.object", str(thing))
