"""The inbox: what the chat service delivered is a row before the service is told so."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import msgspec

from backend import clock
from backend.actors.actions import vault
from backend.database import BROKEN, CROWDED, connection, transaction
from backend.errors import DatabaseBusy

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
Handler = Callable[[Any, dict[str, Any]], Awaitable[None]]

_TAKE = """
INSERT INTO incoming_update (id, bot, number, received_at, sealed)
SELECT $1, b.id, $3, $4, $5 FROM bot b WHERE b.number = $2
ON CONFLICT (bot, number) DO NOTHING RETURNING id
"""


async def take(bot_number: str, number: int, update: dict[str, Any]) -> bool:
    """Keep an update, sealed; False where it is known already, or the bot is not ours.

    When this returns it is committed, and the service may be told.
    """
    place = f"incoming_update:{bot_number}:{number}"
    sealed = vault().seal_own("inbox", place, msgspec.json.encode(update))
    async with transaction() as held:
        made = await held.fetchval(_TAKE, uuid4(), bot_number, number, clock.now(), sealed)
        return made is not None


_NEXT = """
SELECT u.id, u.number, u.received_at, u.sealed, u.attempts, u.bot, b.number AS bot_number, b.agency
  FROM incoming_update u JOIN bot b ON b.id = u.bot
 WHERE u.handled_at IS NULL AND u.failed_at IS NULL AND NOT (u.id = ANY($1))
 ORDER BY u.bot, u.number LIMIT 1 FOR UPDATE OF u SKIP LOCKED
"""


# Nobody could do anything with what it says, so it does not lie here for anybody to find.
_FAILED = """
UPDATE incoming_update SET attempts = attempts + 1,
       failed_at = CASE WHEN $2 THEN $3::timestamptz END,
       sealed = CASE WHEN NOT $2 THEN sealed END WHERE id = $1 AND handled_at IS NULL
"""


class UpdateFailed(Exception):
    """One update could not take effect; nothing of it was kept."""

    def __init__(self, update: UUID) -> None:
        super().__init__(str(update))
        self.update = update


async def handle_next(handle: Handler, lost: Handler, skip: list[UUID]) -> UUID | None:
    """Let one update take effect, in one transaction; its id, or None where none waits.

    What fails is tried five times, handed to `lost` and emptied; it never stands in the way of the
    next. Where only the database was busy, or our key does not open it, it is not given up.
    Raises UpdateFailed; pass the failed one in `skip` to go on.
    """
    row = update = None
    try:
        async with transaction() as held:
            row = await held.fetchrow(_NEXT, skip)
            if row is None:
                return None
            update = _opened(row)
            await handle(row, update)
            await held.execute(
                "UPDATE incoming_update SET handled_at = $2, sealed = NULL WHERE id = $1",
                row["id"],
                clock.now(),
            )
    except Exception as error:
        if row is None:
            raise
        cause = error.__cause__ if isinstance(error, DatabaseBusy) else error
        if update is not None and not _will_pass(cause):
            await _count_failure(row, partial(lost, row, update))
        raise UpdateFailed(row["id"]) from cause
    found: UUID = row["id"]
    return found


def _opened(row: Any) -> dict[str, Any]:
    place = f"incoming_update:{row['bot_number']}:{row['number']}"
    update: dict[str, Any] = msgspec.json.decode(vault().unseal_own("inbox", place, row["sealed"]))
    return update


def _will_pass(error: BaseException | None) -> bool:
    """A lock or a restart says nothing about the update; a value that no column takes does."""
    return isinstance(error, BROKEN + CROWDED) and not isinstance(error, ValueError)


async def _count_failure(row: Any, lost: Callable[[], Awaitable[None]]) -> None:
    """Before it is given up it is handed on: who is killed in between does so once more.

    Where the database is away meanwhile the attempt does not count.
    """
    gives_up = row["attempts"] + 1 >= MOST_ATTEMPTS
    try:
        if gives_up:
            await lost()
        async with transaction() as held:
            await held.execute(_FAILED, row["id"], gives_up, clock.now())
    except DatabaseBusy:
        log.warning("an update that failed was not counted")


async def links_of(bot: UUID, chat: int) -> list[Any]:
    """Every link of a chat that was not ended, the one spoken on last first."""
    rows: list[Any] = await connection().fetch(
        "SELECT l.* FROM link l WHERE l.bot = $1 AND l.chat_index = $2 AND l.state <> 'ended'"
        " ORDER BY l.state = 'active' DESC, (SELECT max(m.sent_at) FROM message m"
        " WHERE m.link = l.id) DESC NULLS LAST, l.confirmed_at DESC NULLS LAST",
        bot,
        chat_index(chat),
    )
    return rows


def chat_index(chat: int) -> bytes:
    return vault().index("link.chat", str(chat))
