"""Each worker beats under its own name: who hangs is seen, and who was told to stop is not."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from backend import clock, database, migrate
from tests.forks import Fork
from tests.processes import end, environment, stand_in_on_a_port, start
from tests.world import Caller, World
from workflows.heartbeat import Pulse, host


class Workers:
    """Pulses, each with a connection of its own that can be closed as a kill closes it."""

    def __init__(self, world: World) -> None:
        self.url = world.server.url(migrate.role_name("worker"), world.database_name)
        self.open = AsyncExitStack()

    async def one(self) -> tuple[Pulse, Any]:
        held = await asyncpg.connect(self.url)
        self.open.push_async_callback(held.close)
        pulse = Pulse()
        await pulse.claim(held)
        await as_worker(pulse.beat)
        return pulse, held


async def as_worker(work: Callable[[], Any]) -> None:
    async def run() -> None:
        database.act_as("worker")
        await work()

    await database.in_fresh_context(run)


@pytest.fixture
async def workers(world: World) -> AsyncIterator[Workers]:
    made = Workers(world)
    async with made.open:
        yield made


async def _reasons() -> list[str]:
    reasons: list[str] = (await Caller().get("/health/ready")).json()["reasons"]
    return [reason for reason in reasons if "audit" not in reason]


async def _names(world: World) -> list[str]:
    return [row["name"] for row in await world.sql("SELECT name FROM heartbeat ORDER BY name")]


async def test_a_worker_that_hangs_beside_one_that_works_is_named(workers: Workers) -> None:
    works, _ = await workers.one()
    hangs, _ = await workers.one()
    assert await _reasons() == []
    later = clock.now() + timedelta(minutes=11)
    clock.travel(lambda: later)
    assert await _reasons() == ["worker is silent"]
    await as_worker(works.beat)
    assert works.name != hangs.name
    assert await _reasons() == [f"{hangs.name} is silent"]


async def test_a_worker_that_was_told_to_stop_is_not_missed_where_another_works(
    world: World, workers: Workers
) -> None:
    works, _ = await workers.one()
    stops, _ = await workers.one()
    await as_worker(stops.end)
    await as_worker(stops.beat)  # a round that was still under way
    later = clock.now() + timedelta(minutes=11)
    clock.travel(lambda: later)
    await as_worker(works.beat)
    assert (await _names(world), await _reasons()) == ([works.name], [])
    await as_worker(works.end)
    assert (await _names(world), await _reasons()) == ([], ["worker is silent"])


async def test_who_comes_after_a_killed_worker_takes_its_name(
    world: World, workers: Workers
) -> None:
    killed, held = await workers.one()
    other, _ = await workers.one()
    held.terminate()
    await _until_free(world, killed.name)
    comes, _ = await workers.one()
    assert (killed.name, other.name, comes.name) == (f"{host()}1", f"{host()}2", f"{host()}1")
    assert await _names(world) == [killed.name, other.name]
    await as_worker(killed.end)  # too late: the name is another's
    assert await _names(world) == [comes.name, other.name]


async def _until_free(world: World, name: str | None) -> None:
    free = (
        "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND (classid::bigint << 32) + objid::bigint = hashtextextended($1, 0))"
    )
    for _ in range(500):
        if await world.sql(free, name):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(name)


async def test_on_a_new_connection_a_worker_keeps_its_name_or_leaves_nothing_of_it(
    world: World, workers: Workers
) -> None:
    _, first = await workers.one()
    stays, held = await workers.one()
    had = stays.name
    for one in (first, held):
        one.terminate()
        await _until_free(world, f"{host()}{1 if one is first else 2}")
    again = await asyncpg.connect(workers.url)
    workers.open.push_async_callback(again.close)
    await stays.claim(again)
    assert stays.name == had == f"{host()}2"
    # now somebody else holds the name, on whatever connection
    await stays.claim(await _another(workers))
    await as_worker(stays.beat)
    assert stays.name == f"{host()}1"
    assert await _names(world) == [f"{host()}1"]


async def _another(workers: Workers) -> Any:
    held = await asyncpg.connect(workers.url)
    workers.open.push_async_callback(held.close)
    return held


async def test_a_killed_worker_that_nobody_replaces_is_forgotten_in_a_day(
    world: World, workers: Workers
) -> None:
    works, _ = await workers.one()
    killed, _ = await workers.one()
    for hours, there in ((23, [works.name, killed.name]), (25, [works.name])):
        later = clock.now() + timedelta(hours=hours)
        clock.travel(lambda later=later: later)  # type: ignore[misc]
        await as_worker(works.beat)
        assert await _names(world) == there
        clock.travel(None)
    assert await _reasons() == []


async def test_the_row_that_an_earlier_release_left_is_no_worker_that_hangs(
    world: World, workers: Workers
) -> None:
    works, _ = await workers.one()
    await world.sql(
        "INSERT INTO heartbeat (id, name, at) VALUES (gen_random_uuid(), 'worker', $1)",
        clock.now() - timedelta(hours=1),
    )
    assert await _reasons() == []
    await as_worker(works.end)
    assert await _reasons() == ["worker is silent"]


def test_a_name_fits_its_column_and_shows_no_more_than_a_host() -> None:
    assert re.fullmatch(r"worker:[^:/.]{1,14}:", host())


@asynccontextmanager
async def _two(world: World, log: Path) -> AsyncIterator[tuple[list[Fork], Any]]:
    async with stand_in_on_a_port() as (_, address):
        env = environment(world, address)
        started: list[Fork] = []

        async def another(count: int) -> None:
            started.append(start("worker", env, log))
            await _until(world, log, lambda rows: len(rows) == count)

        try:
            await another(1)
            await another(2)
            yield started, another
        finally:
            for one in started:
                end(one)


async def _until(world: World, log: Path, holds: Callable[[list[dict[str, Any]]], bool]) -> None:
    for _ in range(600):
        if holds(await world.sql("SELECT name, id FROM heartbeat ORDER BY name")):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(_end_of(log))


def _end_of(log: Path) -> str:
    return log.read_text()[-2000:]


@pytest.mark.slow
async def test_worker_processes_have_a_row_each_and_take_it_away_when_they_are_told_to_stop(
    world: World, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    async with _two(world, log) as ((killed, stopped), another):
        one, two = await _names(world)
        assert (one, two) == (f"{host()}1", f"{host()}2")
        (before, _) = await world.sql("SELECT id FROM heartbeat ORDER BY name")
        killed.kill()
        killed.wait()
        assert end(stopped) == 0
        assert await _names(world) == [one]
        await another(1)
        await _until(world, log, lambda rows: rows[0]["id"] != before["id"])
        assert await _names(world) == [one]
