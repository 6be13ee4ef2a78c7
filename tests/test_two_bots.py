"""One worker speaks for several agencies, each by a bot of its own; a chat that hangs is alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from telegram import Bot
from telegram.request import HTTPXRequest

from backend import database
from backend.database import in_fresh_context
from bots.channels.telegram import opened
from tests.chats import Chats, Member
from tests.queued import queue
from tests.world import World
from workflows.sender.dispatch import Dispatcher, send_due

OTHER = 2000
# The chat is with another bot from now on, as if its agency had invited them.
_WITH_ANOTHER = """
WITH other AS (INSERT INTO bot (id, agency, number, username)
               SELECT gen_random_uuid(), agency, $2, 'another' FROM bot RETURNING id)
UPDATE link SET bot = other.id FROM other WHERE subject = $1
"""
_STATES = "SELECT state FROM message WHERE rule = 'test' AND recipient = $1"


async def _two(world: World, chats: Chats) -> tuple[Member, Member]:
    worker = await world.somebody("SW")
    one = await chats.a_member(worker, (await world.a_plan(worker))["id"])
    other = await chats.a_member(worker, (await world.a_plan(worker))["id"])
    return one, other


@asynccontextmanager
async def _another(world: World, chats: Chats, whose: Member) -> AsyncIterator[Bot]:
    """The bot with which one of them has their chat."""
    request, updates = (
        HTTPXRequest(httpx_kwargs={"transport": chats.stand_in.transport()}) for _ in range(2)
    )
    base = "http://phones.test/bot"
    made = Bot(f"{OTHER}:whatever", base_url=base, request=request, get_updates_request=updates)
    async with opened(made) as [bot]:
        await chats.phones.say(whose.phone.id, "hello", bot=OTHER)
        await world.sql(_WITH_ANOTHER, UUID(whose.actor), str(OTHER))
        yield bot


async def _states(world: World, who: Member) -> set[str]:
    return {row["state"] for row in await world.sql(_STATES, UUID(who.actor))}


async def test_each_message_leaves_by_the_bot_of_its_chat(world: World, chats: Chats) -> None:
    one, other = await _two(world, chats)
    async with _another(world, chats, other) as another:
        since = (await chats.phones.sent())[-1].seq
        await queue(world, one, 2)
        await queue(world, other, 2)
        await chats.job(lambda: send_due([chats.bot, another]))
    assert sorted((sent.bot, sent.chat) for sent in await chats.phones.sent(since=since)) == [
        *[(1000, one.phone.id)] * 2,
        *[(OTHER, other.phone.id)] * 2,
    ]


async def test_the_refused_token_of_one_bot_holds_up_no_other(world: World, chats: Chats) -> None:
    one, other = await _two(world, chats)
    async with _another(world, chats, other) as another:
        await queue(world, one, 2)
        await queue(world, other, 2)
        await chats.phones.fault("sendMessage", bot=OTHER, code=401, times=9)
        await chats.job(lambda: send_due([chats.bot, another]))
    assert await _states(world, one) == {"sent"}
    assert await _states(world, other) == {"queued"}


async def test_patience_that_is_asked_of_one_bot_is_not_asked_of_another(
    world: World, chats: Chats
) -> None:
    one, other = await _two(world, chats)
    async with _another(world, chats, other) as another:
        await queue(world, one, 2)
        await queue(world, other, 2)
        await chats.phones.fault("sendMessage", bot=OTHER, code=429, retry_after=60, times=9)
        await chats.job(lambda: send_due([chats.bot, another]))
    assert await _states(world, one) == {"sent"}
    assert await _states(world, other) == {"queued"}


async def test_while_one_chat_hangs_others_are_written_to(world: World, chats: Chats) -> None:
    """What is queued after it began to hang goes out too, before it is answered."""
    one, other = await _two(world, chats)
    await queue(world, one)
    await chats.phones.fault("sendMessage", chat=one.phone.id, delay=3, effect=True)
    dispatcher, stopping = Dispatcher([chats.bot]), asyncio.Event()

    async def serve() -> None:
        database.act_as("worker")
        await dispatcher.serve(stopping)
        await dispatcher.finish()

    serving = asyncio.ensure_future(in_fresh_context(serve))
    await _until(world, one, "claimed")
    await queue(world, other, 2)
    dispatcher.wake()
    await _until(world, other, "sent")
    assert await _states(world, one) == {"claimed"}
    stopping.set()
    await serving
    assert await _states(world, one) == {"sent"}


async def _until(world: World, who: Member, state: str) -> None:
    async with asyncio.timeout(10):
        while await _states(world, who) != {state}:  # noqa: ASYNC110 - it is a row that changes
            await asyncio.sleep(0.02)
