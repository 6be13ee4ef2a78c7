"""Transactions that fail whole, connections that heal, and a pool that says when it is full."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from backend import clock, database, embedded, migrate
from backend.database import DB, connection, fetch_one, moment, transaction
from backend.embedded_programs import programs_for
from backend.errors import DatabaseBusy, NotFound
from tests.world import Caller, World

# A row of a table that the application may write, and that no other row has to be there for.
ROW = "INSERT INTO sign_in_failure (id, login_index, at) VALUES ($1, convert_to($2, 'UTF8'), $3)"
NAMES = "SELECT convert_from(login_index, 'UTF8') AS name FROM sign_in_failure"


async def _write(name: str) -> None:
    await connection().execute(ROW, uuid4(), name, clock.now())


async def _written(world: World) -> set[str]:
    return {row["name"] for row in await world.sql(NAMES)}


@pytest.fixture
async def pool(world: World) -> World:
    """A world in which the application has two connections."""
    await database.disconnect("app")
    url = world.server.url(migrate.role_name("app"), world.database_name)
    await database.connect("app", url, size=2)
    return world


async def _beat_and_fail(name: str) -> None:
    async with transaction():
        await _write(name)
        raise NotFound


# all or nothing


async def test_what_fails_leaves_nothing_behind(world: World) -> None:
    with pytest.raises(NotFound):
        await _beat_and_fail("one")
    assert await _written(world) == set()
    assert DB.current_transaction.get() is None
    async with transaction():
        await _write("two")
    assert await _written(world) == {"two"}
    assert DB.current_transaction.get() is None


async def test_a_block_inside_joins_the_one_around_it(world: World) -> None:
    async with transaction() as outer:
        await _write("outer")
        async with transaction(uuid4()) as inner:
            assert inner is outer
            await _write("inner")
        assert await _written(world) == set()
    assert await _written(world) == {"outer", "inner"}

    async def fail_outside() -> None:
        async with transaction():
            async with transaction():
                await _write("third")
            raise NotFound

    with pytest.raises(NotFound):
        await fail_outside()
    assert await _written(world) == {"outer", "inner"}


async def test_where_a_block_inside_fails_nothing_is_kept_though_its_failure_is_caught(
    world: World,
) -> None:
    async def catch_it() -> None:
        async with transaction():
            await _write("outer")
            with pytest.raises(NotFound):
                await _beat_and_fail("inner")
            await _write("afterwards")

    with pytest.raises(RuntimeError, match="a part of this transaction failed"):
        await catch_it()
    assert await _written(world) == set()


async def test_a_statement_that_failed_is_never_taken_for_a_success(world: World) -> None:
    async def catch_it() -> None:
        async with transaction() as held:
            await _write("one")
            with pytest.raises(asyncpg.UndefinedTableError):
                await held.execute("SELECT 1 FROM no_such_table")

    with pytest.raises(RuntimeError, match="a statement of this transaction failed"):
        await catch_it()
    assert await _written(world) == set()


async def test_who_is_cancelled_leaves_no_half(pool: World) -> None:
    async def work() -> None:
        async with transaction():
            await _write("half")
            await connection().execute("SELECT pg_sleep(30)")

    for times in (1, 2):
        for _ in range(3):  # more often than there are connections
            task = asyncio.create_task(work())
            await asyncio.sleep(0.05)
            for _ in range(times):
                task.cancel()
                await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await task
    assert await _written(pool) == set()
    async with transaction() as held:
        assert await held.fetchval("SELECT pg_current_xact_id_if_assigned()") is None
    (idle,) = await pool.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state = 'idle in transaction'"
    )
    assert idle["count"] == 0


async def test_a_task_that_outlives_the_transaction_it_was_made_in_cannot_write(
    world: World,
) -> None:
    over = asyncio.Event()

    async def late() -> None:
        await over.wait()
        await _write("late")

    async with transaction():
        task = asyncio.create_task(late())
    over.set()
    with pytest.raises(asyncpg.InterfaceError):
        await task
    assert await _written(world) == set()


async def test_a_unit_of_work_in_a_fresh_context_inherits_the_role_and_no_transaction(
    world: World,
) -> None:
    async def work() -> str:
        assert DB.current_transaction.get() is None
        row = await fetch_one("SELECT current_user AS name")
        return str(row["name"]) if row else ""

    async with transaction():
        assert await database.in_fresh_context(work) == "throughcare_app"
    await world.an_agency()


async def test_one_transaction_has_one_instant(world: World) -> None:
    async with transaction():
        first, now = moment(), clock.now()
        assert first <= now
        clock.travel(lambda: now.replace(year=now.year + 1))
        assert moment() == first
    await world.an_agency()


async def test_without_a_transaction_there_is_no_connection() -> None:
    with pytest.raises(RuntimeError):
        connection()
    with pytest.raises(TypeError):
        moment()


# healing


async def test_a_full_pool_is_503_in_two_seconds_and_serves_again_afterwards(pool: World) -> None:
    await pool.an_agency()
    enough = asyncio.Event()

    async def hold() -> None:
        async with transaction():
            await enough.wait()

    holding = [asyncio.create_task(hold()) for _ in range(2)]
    await asyncio.sleep(0.05)
    began = time.perf_counter()
    answer = await Caller().post("/sessions", {"login": "a", "password": "b"})
    waited = time.perf_counter() - began
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:throughcare:problem:try-again")
    assert 1.5 < waited < 8
    enough.set()
    await asyncio.gather(*holding)
    again = await Caller().post("/sessions", {"login": "a", "password": "b"})
    assert again.status_code == 401


async def test_a_lock_that_is_not_had_in_time_is_busy_and_no_error_of_ours(world: World) -> None:
    await world.an_agency()
    async with transaction() as holder:
        await holder.execute("SELECT pg_advisory_xact_lock(7)")

        async def second() -> None:
            async with transaction() as held:
                await held.execute("SET LOCAL lock_timeout = '50ms'")
                await held.execute("SELECT pg_advisory_xact_lock(7)")

        async def slow() -> None:
            async with transaction() as held:
                await held.execute("SET LOCAL statement_timeout = '50ms'")
                await held.execute("SELECT pg_sleep(5)")

        for work in (second, slow):
            with pytest.raises(DatabaseBusy):
                await database.in_fresh_context(work)


async def test_a_connection_that_dies_takes_its_transaction_along_and_no_more(pool: World) -> None:
    async def die(where: str) -> None:
        async with transaction() as held:
            await _write(where)
            pid = await held.fetchval("SELECT pg_backend_pid()")
            await pool.sql("SELECT pg_terminate_backend($1)", pid)
            await asyncio.sleep(0.05)
            if where == "in the middle":
                await _write("more")

    for where in ("in the middle", "before the commit"):
        with pytest.raises(DatabaseBusy):
            await die(where)
        assert DB.current_transaction.get() is None
    async with transaction():
        await _write("afterwards")
    assert await _written(pool) == {"afterwards"}


async def test_all_connections_that_died_while_nobody_looked_are_made_anew(pool: World) -> None:
    async def look() -> Any:
        return await fetch_one("SELECT pg_sleep(0.05), 1 AS one")

    await asyncio.gather(look(), look())
    await pool.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE usename = 'throughcare_app' AND datname = current_database()"
    )
    # the pool may make some anew by itself meanwhile: what counts is that every caller gets one
    assert all(row["one"] == 1 for row in await asyncio.gather(look(), look()))


@pytest.fixture
def own_server() -> Iterator[embedded.Server]:
    place = Path(tempfile.mkdtemp(prefix="throughcare-tests-"))
    place.chmod(0o755)  # as root the server runs under an account of its own and must get in
    # what is committed outlives a crash of the server, though not of the machine
    started = embedded.start(place, durable=False, options={"synchronous_commit": "on"})
    try:
        yield started
    finally:
        embedded.stop(started)
        shutil.rmtree(place, ignore_errors=True)


def _restart(server: embedded.Server) -> None:
    with (server.data.parent / "server.log").open("ab") as log:
        programs_for(server.data).control(server.data, log, "-m", "immediate", "restart")


async def test_after_an_immediate_restart_the_same_task_goes_on(
    own_server: embedded.Server,
) -> None:
    async def restart_within(n: int) -> None:
        async with transaction() as held:
            await held.execute("INSERT INTO kept VALUES ($1)", n)
            await asyncio.to_thread(_restart, own_server)
            await held.fetchval("SELECT 1")

    await database.connect("app", own_server.url(), size=2)
    try:
        async with transaction() as held:
            await held.execute("CREATE TABLE kept (n int)")
        for n in range(3):
            with pytest.raises(DatabaseBusy):
                await restart_within(n)
            assert DB.current_transaction.get() is None
            async with transaction() as held:
                await held.execute("INSERT INTO kept VALUES ($1)", 100 + n)
        rows = await database.fetch("SELECT n FROM kept ORDER BY n")
        assert [row["n"] for row in rows] == [100, 101, 102]
    finally:
        await database.disconnect("app")
