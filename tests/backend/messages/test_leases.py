"""A message that a worker has claimed is nobody else's, for as long as the lease runs."""

from datetime import timedelta
from functools import partial
from typing import Any

from backend import database
from backend.messages import sending
from tests.chats import Chats, at
from tests.releases import a_release, on_weekday
from tests.world import World

WEDNESDAY = 3


async def _due(world: World, chats: Chats) -> None:
    """One message that is due now."""
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    await chats.a_member(worker, plan["id"], gate="first")
    at(day - timedelta(days=7), 8)
    await chats.round()
    at(day - timedelta(days=7), 10)


async def _claims(chats: Chats, worker: str) -> list[Any]:
    return list((await chats.job(partial(sending.claim, worker))).messages)


async def _starts(chats: Chats, message: Any) -> bool:
    async def start() -> bool:
        async with database.transaction():
            return message["id"] in await sending.start_sending([sending.Ready(message)])

    started: bool = await chats.job(start)
    return started


async def _run_out(world: World) -> None:
    await world.sql("UPDATE message SET lease = clock_timestamp() - interval '1 millisecond'")


async def test_a_claimed_message_is_not_taken_by_another_while_the_lease_runs(
    world: World, chats: Chats
) -> None:
    await _due(world, chats)
    assert [one["key"] for one in await _claims(chats, "first")] == ["GATE-7"]
    assert await _claims(chats, "second") == []
    leases = await world.sql(
        "SELECT worker, lease - clock_timestamp() AS runs FROM message WHERE state = 'claimed'"
    )
    assert [one["worker"] for one in leases] == ["first"]
    assert timedelta(seconds=20) < leases[0]["runs"] <= timedelta(seconds=30)


async def test_what_a_dead_worker_held_is_taken_up_once_its_lease_is_over(
    world: World, chats: Chats
) -> None:
    await _due(world, chats)
    await _claims(chats, "first")
    await _run_out(world)
    taken = await _claims(chats, "second")
    assert [(one["key"], one["worker"], one["attempt"]) for one in taken] == [
        ("GATE-7", "second", 2)
    ]
    assert await _claims(chats, "third") == []


async def test_who_comes_back_after_the_lease_says_nothing(world: World, chats: Chats) -> None:
    await _due(world, chats)
    (first,) = await _claims(chats, "first")
    await _run_out(world)
    assert not await _starts(chats, first)


async def test_of_two_who_claimed_it_only_the_last_one_says_it(world: World, chats: Chats) -> None:
    await _due(world, chats)
    (first,) = await _claims(chats, "first")
    await _run_out(world)
    (second,) = await _claims(chats, "second")
    assert not await _starts(chats, first)
    assert await _starts(chats, second)


async def test_what_was_in_doubt_twice_is_not_said_a_third_time(world: World, chats: Chats) -> None:
    await _due(world, chats)
    await world.sql("UPDATE message SET critical = false WHERE state = 'queued'")
    for worker in ("first", "second"):  # each dies with it on its way
        (message,) = await _claims(chats, worker)
        assert not message["in_doubt_again"]
        assert await _starts(chats, message)
        await _run_out(world)
    before = len(await chats.phones.sent(method="sendMessage"))
    await chats.round()
    assert len(await chats.phones.sent(method="sendMessage")) == before
    [row] = await world.sql("SELECT state, reason FROM message WHERE key = 'GATE-7'")
    assert row == {"state": "unknown", "reason": "delivery-unknown"}
    assert await world.sql("SELECT 1 FROM task WHERE kind = 'undeliverable'")
