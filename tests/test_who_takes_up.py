"""Workers that take messages up at once: what is of one chat one of them has, in its order."""

import asyncio
from functools import partial
from typing import Any
from uuid import UUID

from backend.database import in_fresh_context, transaction
from backend.messages import sending
from tests.chats import Chats, Member
from tests.queued import queue
from tests.world import World


async def _two(world: World, chats: Chats) -> tuple[Member, Member]:
    worker = await world.somebody("SW")
    one = await chats.a_member(worker, (await world.a_plan(worker))["id"])
    other = await chats.a_member(worker, (await world.a_plan(worker))["id"])
    return one, other


async def _claims(chats: Chats, count: int) -> list[list[Any]]:
    """What so many workers take up at once: every second one a message, the others four."""

    async def all_at_once() -> list[list[Any]]:
        work = [partial(sending.claim, f"w{n}", most=(4, 1)[n % 2]) for n in range(count)]
        return [list(one.messages) for one in await asyncio.gather(*map(in_fresh_context, work))]

    taken: list[list[Any]] = await chats.job(all_at_once)
    return taken


async def test_workers_that_take_up_messages_at_once_never_take_two_of_one_chat(
    world: World, chats: Chats
) -> None:
    one, other = await _two(world, chats)
    for _ in range(5):
        await world.sql("DELETE FROM message WHERE rule = 'test'")
        await queue(world, one, 4)
        await queue(world, other, 4)
        taken = [row for rows in await _claims(chats, 6) for row in rows]
        for member in (one, other):
            mine = sorted(
                (row["step"], row["worker"])
                for row in taken
                if str(row["recipient"]) == member.actor
            )
            assert [step for step, _ in mine] == [f"a{n}" for n in range(1, len(mine) + 1)]
            assert len({worker for _, worker in mine}) == 1


_WAITS = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'job_round'::regclass"


async def test_a_worker_waits_for_another_that_is_taking_up(world: World, chats: Chats) -> None:
    """It would see none of what the other takes, and take what is next in the same chat."""
    one, _ = await _two(world, chats)
    await queue(world, one, 2)

    async def both() -> list[list[Any]]:
        async with transaction():
            first = await sending.claim("first", most=1)
            other = asyncio.ensure_future(in_fresh_context(partial(sending.claim, "other")))
            while not (other.done() or await world.sql(_WAITS)):  # noqa: ASYNC110 - it is a row
                await asyncio.sleep(0.01)
        return [list(taken.messages) for taken in (first, await other)]

    taken = await chats.job(both)
    assert [[row["step"] for row in rows] for rows in taken] == [["a1"], []]


async def test_two_people_who_are_spoken_of_in_one_chat_are_so_one_after_the_other(
    world: World, chats: Chats
) -> None:
    one, other = await _two(world, chats)
    await world.sql(
        "UPDATE link SET chat_index = (SELECT chat_index FROM link WHERE subject = $1)"
        " WHERE subject = $2",
        UUID(one.actor),
        UUID(other.actor),
    )
    await queue(world, one)
    await queue(world, other)
    assert [len(rows) for rows in await _claims(chats, 1)] == [2]
    assert [len(rows) for rows in await _claims(chats, 1)] == [0]
