"""How what has an end goes: each act carries a rule of `terms` out, and says how much it was."""

from datetime import datetime
from uuid import UUID

from backend.audit.anchors import drop_oldest
from backend.database import connection
from backend.erasure.ending import end_mandates, end_what_goes_on
from backend.erasure.rows import delete_plans

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


async def drop(_: str, before: datetime) -> int:
    """The oldest of the audit goes whole, or what is left would prove nothing."""
    return await drop_oldest(before)


async def destroy(sql: str, before: datetime) -> int:
    """The keys of relatives; their rows stay as ids."""
    held, gone = connection(), 0
    for row in await held.fetch(sql, before, A_NIGHT):
        gone += bool(await held.fetchval("SELECT destroy_expired($1)", row["id"]))
    return gone


async def erase(sql: str, before: datetime) -> int:
    """The keys of people and their circles, and whatever still goes on for them."""
    held, gone = connection(), 0
    for row in await held.fetch(sql, before, A_NIGHT):
        if await held.fetchval("SELECT destroy_expired($1)", row["id"]):
            await _end(row["id"])
            gone += 1
    return gone


async def end_again(sql: str, before: datetime) -> int:
    people = await connection().fetch(sql, before, A_NIGHT)
    for row in people:
        await _end(row["id"])
    return len(people)


async def _end(person: UUID) -> None:
    rows = await connection().fetch(
        "SELECT id FROM plan WHERE person = $1 ORDER BY id FOR NO KEY UPDATE", person
    )
    plans = [row["id"] for row in rows]
    await end_what_goes_on(person, plans, by=None)
    await end_mandates(plans)


async def take_out(sql: str, before: datetime) -> int:
    """Plans with all their rows, and the people of whom no plan is left."""
    rows = await connection().fetch(sql, before, PLANS_A_NIGHT)
    await delete_plans([row["id"] for row in rows])
    return len(rows)
