"""Databases of a test: copies of what the migrations made, and the pools into them."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import asyncpg

from backend import database, embedded, migrate
from backend.settings import LIMITS
from tests.world import Behind, World

_numbers = count(1)
ROLES: tuple[database.Role, ...] = ("app", "worker", "operator")


async def copy_database(server: embedded.Server, template: str, name: str) -> None:
    await as_admin(
        server,
        f"CREATE DATABASE {name} TEMPLATE {template} OWNER throughcare_owner STRATEGY FILE_COPY",
    )


async def drop_database(server: embedded.Server, name: str) -> None:
    await as_admin(server, f"DROP DATABASE {name} WITH (FORCE)")


async def as_admin(server: embedded.Server, sql: str) -> None:
    held = await asyncpg.connect(server.url(database="postgres"))
    try:
        await held.execute(sql)
    finally:
        await held.close()


def a_name() -> str:
    return f"test_{next(_numbers)}"


@asynccontextmanager
async def copied(server: embedded.Server, template: str = embedded.DATABASE) -> AsyncIterator[str]:
    name = a_name()
    await copy_database(server, template, name)
    yield name
    await drop_database(server, name)


@asynccontextmanager
async def a_fresh_world(
    server: embedded.Server, template: str = embedded.DATABASE
) -> AsyncIterator[World]:
    """A world of its own for a fixture that serves a whole file, or of another template."""
    async with copied(server, template) as name, connected(server, name) as made:
        yield made


@asynccontextmanager
async def a_world_to_copy(server: embedded.Server, name: str) -> AsyncIterator[World]:
    """One that stays on the server as a template, once nobody is connected to it any more."""
    await copy_database(server, embedded.DATABASE, name)
    async with connected(server, name) as made:
        yield made


@asynccontextmanager
async def connected(server: embedded.Server, name: str) -> AsyncIterator[World]:
    """A world whose pools are those of the process until the block ends."""
    async with lending({}):
        await open_pools(server, name)
        behind = Behind(server.url(database=name))
        try:
            yield World(server, name, behind)
        finally:
            behind.close()
            for role in ROLES:
                await database.disconnect(role)


async def open_pools(server: embedded.Server, name: str, *roles: database.Role) -> None:
    """The roles' pools and the operator's, or these; `app` is that of the process."""
    for role in roles or ROLES:
        await database.connect(
            role, url_of(server, role, name), size=8, only=role == "app", settings=said(role)
        )


def url_of(server: embedded.Server, role: database.Role, name: str) -> str:
    """An operator comes as a superuser, as where the program runs a Postgres of its own."""
    return server.url("postgres" if role == "operator" else migrate.role_name(role), name)


def said(role: database.Role) -> dict[str, str]:
    """What its connections say when they begin, as in the program."""
    limits = dict(database.limiting(LIMITS)) if role == "app" else {}
    return limits | ({"role": migrate.role_name("app")} if role == "operator" else {})


async def as_the_owner_of_everything(world: World) -> None:
    """For whom no row policy counts: the walls in the program stand alone."""
    await database.disconnect("app")
    await database.connect("app", world.server.url(database=world.database_name), size=4)


Pools = dict[database.Role, "asyncpg.Pool[asyncpg.Record]"]


@asynccontextmanager
async def lending(pools: Pools) -> AsyncIterator[None]:
    """These pools instead of those that are open, which come back afterwards."""
    before, only = dict(database.DB.pools), database.DB.only
    database.DB.pools, database.DB.only = dict(pools), "app" if pools else None
    try:
        yield
    finally:
        database.DB.pools, database.DB.only = before, only


def strays() -> set[asyncio.Task[object]]:
    """What a test left running; the line to a browser is that of all tests."""
    running = asyncio.all_tasks() - {asyncio.current_task()}
    return {task for task in running if not _is_of_a_browser(task)}


def _is_of_a_browser(task: asyncio.Task[object]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and f"{os.sep}playwright{os.sep}" in code.co_filename
