"""A statement that somebody made the application, or the jobs, send in a colleague's name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg

from backend import migrate
from backend.database import Role
from tests.world import World


@asynccontextmanager
async def injected(world: World, who: UUID | None, role: Role = "app") -> AsyncIterator[Any]:
    """A transaction on a connection of the role's own, with this actor in scope, or nobody."""
    held = await asyncpg.connect(world.server.url(migrate.role_name(role), world.database_name))
    try:
        async with held.transaction():
            if who is not None:
                await held.execute("SELECT set_config('app.actor', $1, true)", str(who))
                await held.execute("SELECT set_config('app.now', now()::text, true)")
            yield held
    finally:
        await held.close()


async def sent(world: World, who: UUID | None, *statements: tuple[object, ...]) -> None:
    """Each is its SQL and its values; all are one transaction."""
    async with injected(world, who) as held:
        for sql, *values in statements:
            await held.execute(str(sql), *values)
