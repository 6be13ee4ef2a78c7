"""A role of the database gets a new password while two processes of the program run."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from backend import database, migrate
from backend.database import transaction
from backend.errors import DatabaseBusy
from tests.databases import Pools, lending
from tests.world import World

ROLE = migrate.role_name("app")
OLD, NEW = "the-password-of-before", "the-password-of-now"


def _url(world: World, password: str) -> str:
    url = world.server.url(ROLE, world.database_name)
    return url.replace(f"{ROLE}@", f"{ROLE}:{password}@")


async def _is(world: World, password: str) -> None:
    await world.sql(f"ALTER ROLE {ROLE} PASSWORD '{password}'")


@pytest.fixture
async def asked(world: World) -> AsyncIterator[World]:
    """A world in which the application's role is asked for its password."""
    rules = world.server.data / "pg_hba.conf"
    before = rules.read_text("utf-8")
    rules.write_text(f"local {world.database_name} {ROLE} scram-sha-256\n{before}", "utf-8")
    await _is(world, OLD)
    await world.sql("SELECT pg_reload_conf()")
    async with asyncio.timeout(5):
        while await _opens(world, NEW):  # noqa: ASYNC110 - the server reads its rules soon
            await asyncio.sleep(0.01)
    yield world
    rules.write_text(before, "utf-8")
    await world.sql("SELECT pg_reload_conf()")
    await world.sql(f"ALTER ROLE {ROLE} PASSWORD NULL")


async def _opens(world: World, password: str) -> bool:
    try:
        held = await asyncpg.connect(_url(world, password))
    except asyncpg.InvalidPasswordError:
        return False
    await held.close()
    return True


async def _a_process(world: World, password: str) -> Pools:
    """The pool of one that was started with this password, with one connection so far."""
    async with lending({}):
        await database.connect("app", _url(world, password), size=2)
        return dict(database.DB.pools)


async def _works(process: Pools) -> None:
    async with lending(process), transaction() as held:
        assert await held.fetchval("SELECT current_user") == ROLE


async def test_open_connections_go_on_and_who_is_started_one_after_the_other_is_never_missed(
    asked: World,
) -> None:
    first, second = [await _a_process(asked, OLD) for _ in range(2)]
    await _is(asked, NEW)
    for process in (first, second):
        await _works(process)
    # one more connection than it has: that is busy (503), and no error of ours
    async with lending(second), transaction():
        with pytest.raises(DatabaseBusy):
            await database.in_fresh_context(_one_more)
    await _close(first)
    first = await _a_process(asked, NEW)
    for process in (second, first):
        await _works(process)
    await _close(second)
    second = await _a_process(asked, NEW)
    for process in (first, second):
        await _works(process)
        await _close(process)


async def _one_more() -> None:
    async with transaction():
        pass


async def _close(process: Pools) -> None:
    async with lending(process):
        await database.disconnect("app")
