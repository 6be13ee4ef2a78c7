"""What an earlier release wrote in the clear the worker hides, with a key that no row has."""

import json
from functools import partial
from uuid import UUID

import asyncpg
import pytest

from backend import database
from backend.actors.actions import seal
from backend.consents.actions import purpose_of
from backend.once import digest
from tests.backend.courts.docket import a_docket
from tests.backend.erasure.files import File
from tests.backend.erasure.test_typed_words import WORDS, told
from tests.world import World, a_day
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


async def test_the_worker_makes_a_keyed_hash_of_a_plain_one_and_changes_no_other(
    world: World,
) -> None:
    await a_docket(world)
    [row] = await world.sql("SELECT id, asked FROM once LIMIT 1")

    async def work(asked: str) -> str:
        database.act_as("worker")
        async with database.transaction() as held:
            sql = "UPDATE once SET asked = $2 WHERE id = $1"
            return str(await held.execute(sql, row["id"], asked))

    assert await database.in_fresh_context(lambda: work("k" * 44)) == "UPDATE 0"
    await world.sql("UPDATE once SET asked = $2 WHERE id = $1", row["id"], "0" * 64)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.in_fresh_context(lambda: work("1" * 64))
    assert await database.in_fresh_context(lambda: work("k" * 44)) == "UPDATE 1"


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


async def test_what_an_earlier_release_left_of_a_protected_address_in_workers_dates_goes(
    world: World,
) -> None:
    """But in a trainer's date it stays: who typed it there would learn why it went."""
    worker = await world.somebody("SW")
    plan, other = [(await world.a_plan(worker))["id"] for _ in range(2)]
    home = "12 Quay Street"
    made = {}
    for on, role, place in (
        (plan, "SW", f"at {home}"),
        (plan, "CO", home.upper()),
        (plan, "SW", "Office"),
        (plan, "TR", home),
        (other, "SW", home),
    ):
        date = {"role": role, "held_on": a_day().isoformat(), "held_at": "10:00:00"}
        answer = await worker.post(f"/plans/{on}/appointments", {**date, "place": place})
        assert answer.status_code == 201, answer.text
        made[answer.json()["id"]] = (on, role, place)
    [person] = await world.sql("SELECT person FROM plan WHERE id = $1::uuid", plan)
    async with database.transaction(worker.id) as held:
        # as it was set by the release before, which left the workers' dates alone
        sealed = await seal(person["person"], f"protected_address.address:{plan}", home)
        await held.execute(
            "INSERT INTO protected_address (id, agency, plan, version, subject, address, set_by,"
            " set_at) SELECT id, agency, id, 1, person, $2, $3, now() FROM plan"
            " WHERE id = $1::uuid",
            plan,
            sealed,
            worker.id,
        )
    await hidden()
    await hidden()
    shown = {}
    for id_ in (plan, other):
        for one in (await world.plan(worker, id_))["appointments"]:
            shown[made[one["id"]]] = (one.get("place"), one["version"])
    assert shown == {
        (plan, "SW", f"at {home}"): (None, 2),
        (plan, "CO", home.upper()): (None, 2),
        (plan, "SW", "Office"): ("Office", 1),
        (plan, "TR", home): (home, 1),
        (other, "SW", home): (home, 1),
    }


async def test_an_address_that_cannot_be_opened_keeps_no_other_waiting(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    [person] = await world.sql("SELECT person::text FROM plan WHERE id = $1::uuid", plan)
    home = {"subject": person["person"], "address": "12 Quay"}
    answer = await worker.post(f"/plans/{plan}/protected-addresses", home)
    assert answer.status_code == 201, answer.text
    date = {"role": "SW", "held_on": a_day().isoformat(), "held_at": "10:00:00", "place": "Office"}
    assert (await worker.post(f"/plans/{plan}/appointments", date)).status_code == 201
    await world.sql("UPDATE protected_address SET address = '\\x0102'")
    await hidden()
    [one] = (await world.plan(worker, plan))["appointments"]
    assert one["place"] == "Office"


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
