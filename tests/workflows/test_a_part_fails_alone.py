"""A part of a transaction that fails takes back what it wrote, and nothing else, however deep."""

import asyncpg
import pytest

from backend import database
from backend.database import apart, connection, transaction
from tests.world import World

_ADD = "INSERT INTO heartbeat (name, at) VALUES ($1, now())"


async def _add(name: str) -> None:
    await connection().execute(_ADD, name)


async def _fails() -> None:
    await connection().execute("SELECT 1 / 0")


async def _inner() -> None:
    async with apart():
        await _add("inner")
        await _fails()


async def _outer() -> None:
    async with apart():
        await _add("outer")
        with pytest.raises(asyncpg.DivisionByZeroError):
            await _inner()
        await _fails()


async def test_what_a_part_wrote_is_gone_with_it_also_where_a_part_of_it_failed_before(
    world: World,
) -> None:
    async def work() -> None:
        database.act_as("worker")
        async with transaction():
            await _add("before")
            with pytest.raises(asyncpg.DivisionByZeroError):
                await _outer()
            await _add("after")

    await database.in_fresh_context(work)
    rows = await world.sql("SELECT name FROM heartbeat")
    assert {row["name"] for row in rows} == {"before", "after"}
