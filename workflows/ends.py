"""How what has an end goes: each act carries a rule of `terms` out, and says how much it was."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from backend import clock
from backend.audit.anchors import drop_oldest
from backend.database import apart, connection
from backend.erasure.ending import end_mandates, end_what_goes_on
from backend.erasure.rows import delete_plans
from backend.erasure.voluntary import take_out_again

log = logging.getLogger(__name__)
# What the database may say to one of many: rows that hang on others, a wall, or too much at once.
REFUSED = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.QueryCanceledError,
)
A_NIGHT = 200  # keys that are destroyed at most; the rest goes in the next
PLANS_A_NIGHT = 50  # each has some hundreds of rows
ROWS_A_NIGHT = 20_000  # a second's work; a statement may take five


async def clear(sql: str, before: datetime) -> int:
    """What a row said goes, or the row itself."""
    return _so_many(await connection().execute(sql, before))


async def clear_some(sql: str, before: datetime) -> int:
    """As many as a night can do."""
    return _so_many(await connection().execute(sql, before, ROWS_A_NIGHT))


def _so_many(done: str) -> int:
    return int(done.rpartition(" ")[2])


async def forget(sql: str, before: datetime) -> int:
    """By a function of the database, for no job sees what opens a door."""
    gone: int = await connection().fetchval(sql, before)
    return gone


async def forget_mentors(sql: str, before: datetime) -> int:
    """The keys of mentors who have left, and what of their vetting was kept."""
    return await _each(await connection().fetch(sql, before, A_NIGHT), _mentor_forgotten)


async def _mentor_forgotten(one: UUID) -> bool:
    return bool(await connection().fetchval("SELECT forget_mentor($1)", one))


async def forget_welcomes(sql: str, before: datetime) -> int:
    """Who of the community welcomes somebody, with the key of each."""
    return await _each(await connection().fetch(sql, before, A_NIGHT), _welcome_forgotten)


async def _welcome_forgotten(one: UUID) -> bool:
    return bool(await connection().fetchval("SELECT forget_welcome($1)", one))


async def drop(_: str, before: datetime) -> int:
    """The oldest of the audit goes whole, or what is left would prove nothing."""
    return await drop_oldest(before)


async def destroy(sql: str, before: datetime) -> int:
    """The keys of relatives; their rows stay as ids."""
    return await _each(await connection().fetch(sql, before, A_NIGHT), _destroyed)


async def forget_family(sql: str, before: datetime) -> int:
    """Of relatives of plans that go on their keys, their answers by chat and contacts with them."""
    return await _each(await connection().fetch(sql, before, A_NIGHT), _relative_forgotten)


# The key took the map with it, and the word by which they went. Their yes stays, as a proof.
_ENDED = (
    (
        "UPDATE link SET state = 'ended', ended_at = coalesce(ended_at, $2), token = NULL,"
        " pin = NULL, chat = NULL, chat_index = NULL, version = version + 1 WHERE subject = $1"
    ),
    (
        "UPDATE protected_address SET ended_at = coalesce(ended_at, $2), address = NULL,"
        " version = version + 1 WHERE subject = $1"
    ),
)
_TAKEN_OUT = (
    (
        "UPDATE message SET variables = NULL, chat = NULL, answer = NULL, version = version + 1"
        " WHERE recipient = $1"
    ),
    "DELETE FROM claim WHERE actor = $1",
    "DELETE FROM contact WHERE actor = $1 OR subject = $1",
)


async def _relative_forgotten(one: UUID) -> bool:
    held, now = connection(), clock.now()
    if not await held.fetchval("SELECT forget_relative($1)", one):
        return False
    for sql in _ENDED:
        await held.execute(sql, one, now)
    for sql in _TAKEN_OUT:
        await held.execute(sql, one)
    return True


async def erase(sql: str, before: datetime) -> int:
    """The keys of people and their circles, and whatever still goes on for them."""
    return await _each(await connection().fetch(sql, before, A_NIGHT), _erased)


async def end_again(sql: str, before: datetime) -> int:
    return await _each(await connection().fetch(sql, before, A_NIGHT), _end)


async def thin_again(sql: str, before: datetime) -> int:
    """The voluntary part of plans, where it was erased before."""
    return await _each(await connection().fetch(sql, before, A_NIGHT), _thinned)


async def _each(rows: Sequence[Any], act: Callable[[UUID], Awaitable[bool]]) -> int:
    """How many went. One that the database refuses stays, and keeps no other from going."""
    gone = 0
    for row in rows:
        try:
            async with apart():
                gone += await act(row["id"])
        except REFUSED as error:
            log.error(  # noqa: TRY400 - a traceback could quote a value
                "a term was not carried out", extra={"error": type(error).__name__}
            )
    return gone


async def _destroyed(one: UUID) -> bool:
    return bool(await connection().fetchval("SELECT destroy_expired($1)", one))


async def _erased(person: UUID) -> bool:
    return await _destroyed(person) and await _end(person)


async def _end(person: UUID) -> bool:
    rows = await connection().fetch(
        "SELECT id FROM plan WHERE person = $1 ORDER BY id FOR NO KEY UPDATE", person
    )
    plans = [row["id"] for row in rows]
    await end_what_goes_on(person, plans, by=None)
    await end_mandates(plans)
    return True


async def _thinned(plan: UUID) -> bool:
    await take_out_again(plan)
    return True


async def take_out(sql: str, before: datetime) -> int:
    """Plans with all their rows, and the people of whom no plan is left."""
    return await _each(await connection().fetch(sql, before, PLANS_A_NIGHT), _taken_out)


async def _taken_out(plan: UUID) -> bool:
    await delete_plans([plan])
    return True
