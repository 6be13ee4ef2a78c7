"""The record as the tests seal it, add to it and look into it."""

import base64
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from backend import clock, database, migrate
from backend.audit import command, heads
from backend.audit.chain import Broken, read_heads
from backend.audit.seals import Progress, seal_rows
from backend.settings import Settings, read
from tests.world import World

KEY = bytes(range(32, 64))
ADD = "INSERT INTO audit (at, operation, outcome) VALUES ($1, $2, 'done') RETURNING id"


async def seal_all(progress: Progress | None = None) -> int:
    """One round of the job, as the worker."""

    async def work() -> int:
        database.act_as("worker")
        return await seal_rows(KEY, Progress() if progress is None else progress)

    return await database.in_fresh_context(work)


async def add_rows(world: World, *operations: str) -> list[int]:
    rows = [await world.sql(ADD, clock.now(), operation) for operation in operations]
    return [one[0]["id"] for one in rows]


def settings_with(world: World, **more: str) -> Settings:
    url = world.server.url(migrate.role_name("backup"), world.database_name)
    key = base64.b64encode(KEY).decode()
    return read({"BACKUP_DATABASE_URL": url, "AUDIT_KEY": key, **more})


async def what_is_found(world: World, heads_: Any = (), **how: bool) -> Broken:
    with pytest.raises(Broken) as found:
        await command.examine(settings_with(world), heads_, **how)
    return found.value


async def attack(world: World, *statements: str) -> None:
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        await held.execute("SET session_replication_role = replica")
        for statement in statements:
            await held.execute(statement)
    finally:
        await held.close()


async def export(folder: Path | None, url: str | None = None) -> None:
    async def work() -> None:
        database.act_as("worker")
        await heads.export_head(folder, url)

    await database.in_fresh_context(work)


def heads_kept(folder: Path) -> Any:
    found, strange = read_heads((folder / heads.FILE).read_text("ascii").splitlines())
    assert strange == 0
    return found
