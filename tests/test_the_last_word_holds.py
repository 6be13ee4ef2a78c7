"""Of STOP and START the one that was said last holds, whenever they take effect; and who waits."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

from backend import clock, database
from backend.messages import sending
from backend.messages.sending import BATCH
from bots import intake
from bots.app import handle
from tests.chats import Chats, Member
from tests.releases import a_release, on_weekday
from tests.world import World

WEDNESDAY = 3


async def _a_mentor(world: World, chats: Chats) -> Member:
    worker, plan = await a_release(world, on_weekday(WEDNESDAY))
    return await chats.a_member(worker, plan["id"])


def _tick(seconds: float) -> None:
    now = clock.now() + timedelta(seconds=seconds)
    clock.travel(lambda: now)


async def _come(chats: Chats, member: Member, *texts: str) -> None:
    """One after the other, before the first of them takes effect."""
    for text in texts:
        await chats.phones.say(member.phone.id, text)
        _tick(1)

        async def take_in() -> None:
            chats.offset = await intake.take_in(chats.bot, chats.offset, wait=0)

        await chats.job(take_in)
    _tick(1)


async def _worked_off(chats: Chats) -> None:
    await chats.job(partial(intake.work_off, [chats.bot]))


async def _state(world: World) -> str:
    [link] = await world.sql("SELECT state FROM link")
    state: str = link["state"]
    return state


class _Held:
    """What meets a lock the first time, by its words."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)

    async def __call__(self, row: Any, raw: dict[str, Any], later: Any) -> None:
        if (text := raw["message"]["text"]) in self.texts:
            self.texts.remove(text)
            raise TimeoutError
        await handle(row, raw, later)


async def test_a_start_that_was_held_up_begins_nothing_after_a_stop(
    world: World, chats: Chats, monkeypatch: Any
) -> None:
    mentor = await _a_mentor(world, chats)
    await chats.say(mentor.phone, "STOP")
    monkeypatch.setattr(intake, "handle", _Held("START"))
    await _come(chats, mentor, "START", "STOP")
    await _worked_off(chats)
    await _worked_off(chats)
    assert await _state(world) == "stopped"
    standing = "SELECT 1 FROM channel_consent WHERE withdrawn_at IS NULL"
    assert await world.sql(standing) == []
    _tick(1)
    await chats.say(mentor.phone, "START")
    assert await _state(world) == "active"


async def test_of_words_that_came_together_the_last_one_holds(world: World, chats: Chats) -> None:
    mentor = await _a_mentor(world, chats)
    await _come(chats, mentor, "STOP", "START")
    await _worked_off(chats)
    assert await _state(world) == "active"
    await _come(chats, mentor, "STOP", "START", "STOP")
    await _worked_off(chats)
    assert await _state(world) == "stopped"


async def test_a_stop_that_was_held_up_stops_what_a_later_start_could_not_begin(
    world: World, chats: Chats, monkeypatch: Any
) -> None:
    """The safe side: who said START after it says it once more."""
    mentor = await _a_mentor(world, chats)
    monkeypatch.setattr(intake, "handle", _Held("STOP"))
    await _come(chats, mentor, "STOP", "START")
    await _worked_off(chats)
    await _worked_off(chats)
    assert await _state(world) == "stopped"


async def test_two_bots_let_one_chat_take_effect_one_after_the_other(
    world: World, chats: Chats, monkeypatch: Any
) -> None:
    mentor = await _a_mentor(world, chats)
    await chats.say(mentor.phone, "STOP")
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def slow(row: Any, raw: dict[str, Any], later: Any) -> None:
        await handle(row, raw, later)
        if raw["message"]["text"] == "START":
            begun.set()
            await goes_on.wait()

    monkeypatch.setattr(intake, "handle", slow)
    await _come(chats, mentor, "START", "STOP")
    one = asyncio.create_task(_worked_off(chats))
    await begun.wait()
    other = asyncio.create_task(_worked_off(chats))
    await _until(world, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    goes_on.set()
    await asyncio.gather(one, other)
    assert await _state(world) == "stopped"


async def _until(world: World, sql: str) -> None:
    for _ in range(500):
        if await world.sql(sql):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(sql)


async def test_strangers_however_many_wait_for_all_who_are_known(
    world: World, chats: Chats
) -> None:
    mentor = await _a_mentor(world, chats)
    for at in range(BATCH + 2):
        stranger = await chats.phones.phone(f"stranger {at}")
        await chats.phones.say(stranger.id, "hello")
    await _come(chats, mentor, "help")
    await _worked_off(chats)
    await world.sql("UPDATE message SET urgent = false, critical = true WHERE key = 'HELP'")
    claimed = await chats.job(_claim)
    assert [row["link"] is None for row in claimed] == [False] + [True] * (BATCH - 1)
    assert claimed[0]["key"] == "HELP"


async def _claim() -> Any:
    async with database.transaction():
        return (await sending.claim("a test")).messages
