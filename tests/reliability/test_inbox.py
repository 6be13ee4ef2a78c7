"""An update that fails: set aside where it never can be done, tried for ever in a busy database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import pytest

from backend import database, migrate
from backend.messages import inbox
from backend.messages.inbox import MOST_ATTEMPTS
from bots import intake
from bots.app import handle
from tests.chats import Chats
from tests.world import World

ROUNDS = MOST_ATTEMPTS + 2


async def _state(world: World) -> list[tuple[int, bool, bool]]:
    """Attempts, done, set aside: of every update, in the order in which they came."""
    rows = await world.sql("SELECT * FROM incoming_update ORDER BY number")
    return [
        (row["attempts"], row["handled_at"] is not None, row["failed_at"] is not None)
        for row in rows
    ]


async def _rounds(chats: Chats, count: int) -> None:
    for _ in range(count):
        await chats.job(lambda: intake.work_off([chats.bot]))


@asynccontextmanager
async def _impatient(world: World) -> AsyncIterator[None]:
    """The jobs' role waits for a lock as long as ever, only that this is a moment."""
    url = world.server.url(migrate.role_name("worker"), world.database_name)
    await database.disconnect("worker")
    await database.connect("worker", url, size=2, only=False, settings={"lock_timeout": "50ms"})
    yield


async def test_an_update_that_meets_a_lock_is_tried_until_the_lock_is_gone(
    world: World, chats: Chats
) -> None:
    await world.an_agency()
    phone = await chats.phones.phone("phone")
    await chats.phones.say(phone.id, "hello")
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        async with _impatient(world), held.transaction():
            await held.execute("LOCK TABLE message IN SHARE MODE")
            await chats.job(lambda: intake.take_in(chats.bot, 0, wait=0))
            await _rounds(chats, ROUNDS)
            assert await _state(world) == [(0, False, False)]
    finally:
        await held.close()
    await _rounds(chats, 1)
    assert await _state(world) == [(0, True, False)]
    assert len(await world.sql("SELECT id FROM message")) == 1


def _raises(error: type[Exception]) -> Callable[[], Awaitable[None]]:
    async def trouble() -> None:
        raise error("it is about this update")

    return trouble


async def _swallowed() -> None:
    with suppress(ValueError):
        async with database.transaction():
            raise ValueError


@pytest.mark.parametrize(
    "trouble",
    [_raises(ValueError), _raises(KeyError), _raises(asyncpg.exceptions.DataError), _swallowed],
    ids=["a value", "a key", "a value for a column", "a failure that shows at the commit"],
)
async def test_what_never_can_take_effect_is_set_aside_and_stands_in_nobodys_way(
    world: World,
    chats: Chats,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[], Awaitable[None]],
) -> None:
    await _two(world, chats)

    async def choosy(row: Any, raw: dict[str, Any], later: Any) -> None:
        if raw["message"]["text"] == "first":
            await trouble()
        await handle(row, raw, later)

    monkeypatch.setattr("bots.intake.handle", choosy)
    await _the_first_is_set_aside(world, chats)


async def test_what_our_key_does_not_open_waits_for_the_right_one_and_stands_in_nobodys_way(
    world: World, chats: Chats
) -> None:
    await _two(world, chats)
    await world.sql(
        "UPDATE incoming_update SET sealed = '\\x00' WHERE number ="
        " (SELECT min(number) FROM incoming_update)"
    )
    await _rounds(chats, ROUNDS)
    assert await _state(world) == [(0, False, False), (0, True, False)]


async def _two(world: World, chats: Chats) -> None:
    """Two updates are kept and nothing has come of them."""
    await world.an_agency()
    phone = await chats.phones.phone("phone")
    await chats.phones.say(phone.id, "first")
    await chats.phones.say(phone.id, "second")
    await chats.job(lambda: intake.take_in(chats.bot, 0, wait=0))


async def _the_first_is_set_aside(world: World, chats: Chats) -> None:
    await _rounds(chats, 1)
    assert await _state(world) == [(1, False, False), (0, True, False)]
    await _rounds(chats, ROUNDS)
    assert await _state(world) == [(MOST_ATTEMPTS, False, True), (0, True, False)]
    assert len(await world.sql("SELECT id FROM message")) == 1


async def test_what_is_known_already_is_not_kept_twice(world: World) -> None:
    await world.an_agency()

    async def take() -> bool:
        database.act_as("worker")
        return await inbox.take("1000", 7, {"update_id": 7})

    assert await database.in_fresh_context(take)
    assert not await database.in_fresh_context(take)
    assert await _state(world) == [(0, False, False)]
