"""A house of its own for one story: a fresh Postgres, the API, the phones and the bot.

Everything listens on loopback and speaks under the role that it has on a server. The
folder is temporary and goes with the story.
"""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from telegram import Bot

from backend import database, embedded, migrate
from backend.actors.actions import use_vault
from backend.app import create_app
from backend.audit.seals import use_sealing_key
from backend.database import Role
from backend.keyring import Keyring
from backend.settings import read
from backend.vault import Vault
from bots.channels.telegram import make_bot, opened
from bots.phones.app import StandIn, create_phones
from bots.phones.client import Phones
from bots.phones.serve import serving

# What the database judges by a clock of its own, such as when a key may go, goes by the story's.
ITS_CLOCK = """
SET allow_system_table_mods = on;
CREATE SCHEMA story;
CREATE TABLE story.time (now timestamptz NOT NULL);
INSERT INTO story.time VALUES (now());
GRANT USAGE ON SCHEMA story TO PUBLIC;
GRANT SELECT ON story.time TO PUBLIC;
ALTER FUNCTION pg_catalog.clock_timestamp() RENAME TO clock_of_the_machine;
CREATE FUNCTION pg_catalog.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
PARALLEL SAFE AS 'SELECT now FROM story.time';
"""
ROLES: tuple[Role, ...] = ("app", "worker")
# Thousands of rounds on few rows: planning a statement costs more than carrying it out.
PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan"}


@dataclass(frozen=True)
class House:
    """`api` calls the API, `phones` are people's hands, `looking` sees every row, writes none.

    `clock` sets the clock of the database.
    """

    api: httpx.AsyncClient
    phones: Phones
    bot: Bot
    looking: Any
    clock: Any
    stand_in: StandIn

    @property
    def updates(self) -> int:
        """How many things people have done at their phones so far."""
        return sum(bot.mailbox.next for bot in self.stand_in.exchange.bots.values())

    @property
    def sent(self) -> int:
        """How many things bots have done so far."""
        return self.stand_in.exchange.next.sent

    @property
    def url(self) -> str:
        """Where the pages are."""
        return str(self.api.base_url)

    async def it_is(self, now: datetime) -> None:
        await self.clock.execute("UPDATE story.time SET now = $1", now)

    async def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.looking.fetch(sql, *values)]

    async def one(self, sql: str, *values: object) -> Any:
        return await self.looking.fetchval(sql, *values)


@asynccontextmanager
async def house(zone: str) -> AsyncIterator[House]:
    """Open the house; `zone` is that of the phones' page. Raises EmbeddedError."""
    place = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="throughcare-story-"))
    # as root the server runs under an account of its own and must get in
    await asyncio.to_thread(place.chmod, 0o755)
    try:
        server = await asyncio.to_thread(embedded.start, place, durable=False, options=PLANNED_ONCE)
        try:
            await migrate.prepare(server.url())
            await _let_the_clock_be_moved(server.url())
            await migrate.migrate(server.url(migrate.role_name("owner")))
            async with AsyncExitStack() as stack:
                yield await _move_in(stack, server, zone)
        finally:
            await asyncio.to_thread(embedded.stop, server)
    finally:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


async def _let_the_clock_be_moved(url: str) -> None:
    owner = await asyncpg.connect(url)
    try:
        await owner.execute(ITS_CLOCK)
    finally:
        await owner.close()


async def _move_in(stack: AsyncExitStack, server: embedded.Server, zone: str) -> House:
    use_vault(Vault(Keyring.single(secrets.token_bytes(32))))
    use_sealing_key(secrets.token_bytes(32))
    for role in ROLES:
        await database.connect(role, server.url(migrate.role_name(role)), only=False)
        stack.push_async_callback(database.disconnect, role)
    operator = {"role": migrate.role_name("app")}
    await database.connect("operator", server.url(), only=False, settings=operator)
    stack.push_async_callback(database.disconnect, "operator")
    looking = await asyncpg.connect(
        server.url(), server_settings={"default_transaction_read_only": "on", "timezone": "UTC"}
    )
    stack.push_async_callback(looking.close)
    hand = await asyncpg.connect(server.url())
    stack.push_async_callback(hand.close)
    api = await stack.enter_async_context(_as_app())
    stand_in = create_phones(zone=zone)
    phones = await stack.enter_async_context(serving(stand_in))
    client = await stack.enter_async_context(httpx.AsyncClient(base_url=api, trust_env=False))
    hands = await stack.enter_async_context(Phones(phones))
    speaks = opened(make_bot(replace(read({}), telegram_api=phones)))
    [bot] = await stack.enter_async_context(speaks)
    return House(client, hands, bot, looking, hand, stand_in)


@asynccontextmanager
async def _as_app() -> AsyncIterator[str]:
    """The API in a task of its own, so that its role is nobody else's."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def serve() -> None:
        database.act_as("app")
        async with serving(create_app(docs=False)) as url:
            ready.set_result(url)
            await over.wait()

    task = asyncio.create_task(serve())
    try:
        first: list[asyncio.Future[Any]] = [task, ready]
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        yield ready.result()
    finally:
        over.set()
        await task
