"""What an earlier release wrote in the clear the worker hides, with a key that no row has."""

import json
from functools import partial
from uuid import UUID

import asyncpg
import pytest

from backend import database
from backend.consents.actions import purpose_of
from backend.once import digest
from tests.backend.courts.docket import a_docket
from tests.backend.erasure.files import File
from tests.backend.erasure.test_typed_words import WORDS, told
from tests.world import World
from workflows.hide import hide


async def hidden() -> None:
    """One round of the worker's job."""

    async def work() -> None:
        database.act_as("worker")
        await hide()

    await database.in_fresh_context(work)


async def test_what_a_write_asked_is_kept_as_a_keyed_hash_and_an_old_plain_one_still_answers(
    world: World,
) -> None:
    docket = await a_docket(world)
    path = f"/plans/{docket.plan}/court-files"
    body = {"client": str(docket.court.id), "reference": "2031/0999"}
    first = await docket.officer.post(path, body, key="a-key-of-mine")
    assert first.status_code == 201, first.text
    find = "SELECT id, asked FROM once WHERE key = 'a-key-of-mine'"
    [row] = await world.sql(find)
    assert len(row["asked"]) == 44
    plain = digest(path.encode(), b"", json.dumps(body).encode())
    await world.sql("UPDATE once SET asked = $2 WHERE id = $1", row["id"], plain)
    again = await docket.officer.post(path, body, key="a-key-of-mine")
    assert again.content == first.content
    other = {**body, "reference": "2031/0998"}
    assert (await docket.officer.post(path, other, key="a-key-of-mine")).status_code == 422
    await hidden()
    assert await world.sql(find) == [row]
    assert (await docket.officer.post(path, body, key="a-key-of-mine")).content == first.content


async def test_what_an_earlier_release_said_a_disclosure_is_for_is_sealed(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    file = File(world, head, worker, plan)
    _, id_ = await told(file)
    await world.sql(
        "UPDATE disclosure SET purpose = $2, sealed_purpose = NULL WHERE id = $1", UUID(id_), WORDS
    )
    await hidden()
    [row] = await world.sql("SELECT * FROM disclosure")
    assert (row["purpose"], row["version"]) == ("", 2)
    async with database.transaction(worker.id):
        assert await purpose_of(await file.person(), row) == WORDS


async def test_the_worker_seals_a_purpose_in_the_clear_and_changes_nothing_else_of_a_disclosure(
    world: World,
) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    file = File(world, head, worker, (await world.a_plan(worker))["id"])
    await told(file)

    async def work(sql: str) -> None:
        database.act_as("worker")
        async with database.transaction() as held:
            await held.execute(f"UPDATE disclosure SET {sql}")

    sealed = "sealed_purpose = '\\x01'"
    for sql in (f"purpose = '', {sealed}", "purpose = 'x'", "until = '2099-01-01'"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.in_fresh_context(partial(work, sql))
    await world.sql("UPDATE disclosure SET purpose = 'x', sealed_purpose = NULL")
    for sql in ("purpose = 'y'", "purpose = ''", f"purpose = 'y', {sealed}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.in_fresh_context(partial(work, sql))
    await database.in_fresh_context(partial(work, f"purpose = '', {sealed}"))
