"""Each row gets its number, whoever wrote and committed when."""

import asyncio
from random import Random

import asyncpg
import pytest

from backend import clock, migrate
from backend.audit import command
from backend.audit.seals import Progress
from backend.turns import SEALS
from tests.backend.sealing.records import ADD, add_rows, seal_all, settings_with
from tests.world import World

# The application reads rows of its plans alone, and writes of nobody that they were refused.
OF_NOBODY = ADD.removesuffix(" RETURNING id").replace("'done'", "'denied'")


async def _order(world: World) -> list[int]:
    rows = await world.sql("SELECT audit FROM audit_seal ORDER BY id")
    return [row["audit"] for row in rows]


async def test_every_row_gets_its_number_and_the_record_is_whole(world: World) -> None:
    worker = await world.somebody("SW")
    await world.a_plan(worker)
    written = len(await world.sql("SELECT 1 FROM audit"))
    progress = Progress()
    assert await seal_all(progress) == written
    assert await seal_all(progress) == 0
    assert (await command.examine(settings_with(world)))[0].startswith(f"whole: {written} rows")
    await add_rows(world, "later")
    assert "1 wait" in (await command.examine(settings_with(world)))[0]
    assert await seal_all(progress) == 1


async def test_a_row_that_is_committed_late_is_sealed_after_those_with_greater_ids(
    world: World,
) -> None:
    progress = Progress()
    url = world.server.url(migrate.role_name("app"), world.database_name)
    slow, slower = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        add = OF_NOBODY
        one, other = slow.transaction(), slower.transaction()
        await one.start()
        await slow.execute(add, clock.now(), "slow")
        (second,) = await add_rows(world, "second")
        assert await seal_all(progress) == 1
        await other.start()
        await slower.execute(add, clock.now(), "slower")
        (fourth,) = await add_rows(world, "fourth")
        assert await seal_all(progress) == 1
        await one.commit()
        assert await seal_all(progress) == 1
        for _ in range(3):
            assert await seal_all(progress) == 0
        assert progress.done < fourth
        await other.commit()
        assert await seal_all(progress) == 1
    finally:
        await slow.close()
        await slower.close()
    assert await _order(world) == [second, fourth, second - 1, fourth - 1]
    for _ in range(2):
        await seal_all(progress)
    assert progress.done == fourth
    await command.examine(settings_with(world))


async def test_no_row_is_missed_while_many_write_and_commit_at_odds_with_their_ids(
    world: World,
) -> None:
    progress, chance = Progress(), Random(7)  # noqa: S311 - a test has its chances again
    url = world.server.url(migrate.role_name("app"), world.database_name)
    add = OF_NOBODY

    async def write() -> None:
        held = await asyncpg.connect(url)
        try:
            for _ in range(15):
                ending = held.transaction()
                await ending.start()
                await held.execute(add, clock.now(), "many")
                await asyncio.sleep(chance.random() / 50)
                await (ending.commit() if chance.random() < 0.8 else ending.rollback())
        finally:
            await held.close()

    writing = asyncio.gather(*(write() for _ in range(6)))
    while not writing.done():
        await seal_all(progress)
    await writing
    for _ in range(2):  # with all that this process believes to know
        await seal_all(progress)
    ids = [row["id"] for row in await world.sql("SELECT id FROM audit ORDER BY id")]
    order = await _order(world)
    assert sorted(order) == ids
    assert order != ids, "nothing was committed late, so nothing was shown"
    await command.examine(settings_with(world))


async def test_the_first_row_of_all_is_not_passed_over(world: World) -> None:
    progress = Progress()
    for _ in range(2):
        assert await seal_all(progress) == 0
    first = await add_rows(world, "first")
    assert await seal_all(progress) == 1
    assert await _order(world) == first


async def test_many_rows_are_sealed_in_several_steps(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.audit.seals.BATCH", 7)
    monkeypatch.setattr("backend.audit.seals.SPAN", 20)
    many = (
        "INSERT INTO audit (at, operation, outcome)"
        " SELECT $1, 'many', 'done' FROM generate_series(1, 100)"
    )
    await world.sql(many, clock.now())
    progress = Progress()
    assert await seal_all(progress) == 100
    assert await seal_all(Progress()) == 0
    await world.sql(many, clock.now())
    assert await seal_all(progress) == 100
    assert await _order(world) == list(range(1, 201))


async def test_one_sealer_at_a_time(world: World) -> None:
    await add_rows(world, "one")
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        async with held.transaction():
            await held.execute(SEALS)
            assert await seal_all() == 0
    finally:
        await held.close()
    assert await seal_all() == 1
