"""The hash that a court checks a summary by gives nothing away to whoever reads the rows."""

import hashlib

import asyncpg
import pytest

from backend import database
from tests.backend.courts.docket import REFERENCE, Docket, a_docket
from tests.workflows.test_hide import hidden
from tests.world import World


async def _told(docket: Docket, id_: str) -> str:
    answer = await docket.court.pull(REFERENCE, id_)
    assert answer.status_code == 200, answer.text
    [line] = (await docket.court.list(REFERENCE)).json()["summaries"]
    assert line["sha256"] == answer.json()["sha256"]
    return str(line["sha256"])


async def _stored(world: World) -> bytes:
    [row] = await world.sql("SELECT sha256 FROM summary")
    return bytes(row["sha256"])


async def _of_an_earlier_release(world: World, plain: bytes) -> None:
    await world.sql("ALTER TABLE summary DISABLE TRIGGER USER")
    await world.sql("UPDATE summary SET sha256 = $1", plain)
    await world.sql("ALTER TABLE summary ENABLE TRIGGER USER")


async def _as_worker(sql: str) -> None:
    async def work() -> None:
        database.act_as("worker")
        async with database.transaction() as held:
            await held.execute(sql)

    await database.in_fresh_context(work)


async def test_a_court_is_told_the_plain_hash_and_no_row_has_it(world: World) -> None:
    docket = await a_docket(world)
    plain = bytes.fromhex(await _told(docket, await docket.issued()))
    stored = await _stored(world)
    assert len(stored) == 33
    assert plain not in stored
    assert hashlib.sha256(plain).digest() not in stored


async def test_a_summary_of_an_earlier_release_is_pulled_as_before_and_its_hash_is_keyed_later(
    world: World,
) -> None:
    docket = await a_docket(world)
    id_ = await docket.issued()
    keyed, plain = await _stored(world), await _told(docket, id_)
    await _of_an_earlier_release(world, bytes.fromhex(plain))
    assert await _told(docket, id_) == plain
    await hidden()
    assert await _stored(world) == keyed
    assert await _told(docket, id_) == plain
    await hidden()
    assert await _stored(world) == keyed


@pytest.mark.parametrize("size", [32, 33])
async def test_a_hash_that_is_of_something_else_is_no_answer(world: World, size: int) -> None:
    docket = await a_docket(world)
    id_ = await docket.issued()
    await _of_an_earlier_release(world, bytes(size))
    assert (await docket.court.pull(REFERENCE, id_)).status_code == 500
    assert (await docket.court.list(REFERENCE)).status_code == 500


async def test_the_worker_keys_a_plain_hash_and_changes_nothing_else_of_a_summary(
    world: World,
) -> None:
    docket = await a_docket(world)
    await docket.issued()

    keyed = "UPDATE summary SET sha256 = '\\x01' || sha256(sha256)"
    plain = "UPDATE summary SET sha256 = sha256(sha256)"
    for sql in (keyed, plain, "UPDATE summary SET number = 9"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _as_worker(sql)
    await _of_an_earlier_release(world, bytes(32))
    for sql in (plain, keyed + ", number = 9"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _as_worker(sql)
    await _as_worker(keyed)
