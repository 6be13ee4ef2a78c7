"""One database for all tests of a process: emptied after each, so that connections stay open.

A copy for each test costs little, but every connection to a new database learns its tables,
compiles its functions and plans its statements anew, and that is most of what a test takes.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from backend import database, embedded
from tests.databases import (
    Pools,
    a_name,
    copy_database,
    drop_database,
    lending,
    open_pools,
    strays,
)
from tests.emptied import SETTINGS, Beginning, empty, remember
from tests.world import Behind, World

# What tests leave behind in dead rows before it is cleaned: reading past more takes longer.
DIRT = 3 * 1024**2
SIZE = """
SELECT sum(pg_relation_size(oid)) FROM pg_class
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


@dataclass
class Lent:
    """A database with its open pools."""

    name: str
    pools: Pools
    behind: Behind
    broom: Any  # the connection that empties it
    beginning: Beginning


class Standing:
    def __init__(self, server: embedded.Server) -> None:
        self.server = server
        self.lent_one: Lent | None = None

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[World]:
        """The database as the migrations left it; what the block wrote is gone afterwards."""
        one = self.lent_one or await self._made()
        self.lent_one = one
        async with lending(one.pools):
            try:
                yield World(self.server, one.name, one.behind)
            finally:
                opened = dict(database.DB.pools)
                for role, pool in opened.items():
                    if pool is not one.pools.get(role):
                        await database.disconnect(role)
        if opened != one.pools or not await self._emptied(one):
            await self.give_up()

    async def _made(self) -> Lent:
        name = a_name()
        await copy_database(self.server, embedded.DATABASE, name)
        async with lending({}):
            await open_pools(self.server, name)
            pools = dict(database.DB.pools)
        url = self.server.url(database=name)
        broom = await asyncpg.connect(url, server_settings=SETTINGS)
        return Lent(name, pools, Behind(url), broom, await remember(broom))

    async def _emptied(self, one: Lent) -> bool:
        for task in strays():
            task.cancel()
        await asyncio.gather(*strays(), return_exceptions=True)
        if any(pool.get_size() != pool.get_idle_size() for pool in one.pools.values()):
            return False
        try:
            is_empty = await empty(one.broom, one.beginning)
            if is_empty and await one.broom.fetchval(SIZE) > DIRT:
                await one.broom.execute("VACUUM (ANALYZE FALSE)")
        # a test locked it, or locked everybody out, or ended every session
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return is_empty

    async def give_up(self) -> None:
        """The next test gets a new one."""
        one, self.lent_one = self.lent_one, None
        if one is None:
            return
        for pool in one.pools.values():
            pool.terminate()
        one.behind.close()
        one.broom.terminate()
        await drop_database(self.server, one.name)
