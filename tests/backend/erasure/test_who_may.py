"""Who erases somebody: a coordinator of their plan, just proven, by no detour."""

from datetime import timedelta
from uuid import UUID

import pytest

from backend import clock
from backend.actors.actions import destroy_key
from backend.database import transaction
from backend.errors import NotFound
from tests.backend.courts.docket import a_docket, join
from tests.backend.erasure.files import File, a_plan, keys_of, what_came
from tests.world import World


async def test_a_coordinator_of_the_plan_erases_and_nobody_else(file: File, world: World) -> None:
    officer = await world.somebody("PO")
    await join(world, file.worker, file.plan, officer, "PO")
    before = await keys_of(world)
    for other, told in (
        (file.worker, (403, "not-your-role")),
        (officer, (403, "not-your-role")),
        (await world.somebody("AD"), (403, "not-your-role")),
        (await world.somebody("CO"), (404, "not-found")),
    ):
        assert what_came(await file.erase(other)) == told
    assert {**await keys_of(world), **before} == await keys_of(world)
    assert (await file.erase(version=99)).status_code == 412
    assert (await file.erase()).status_code == 200


async def test_a_coordinator_of_another_agency_with_a_mandate_does_not(
    file: File, world: World
) -> None:
    elsewhere = await world.an_agency(name="Elsewhere")
    other = await world.somebody("CO", agency=elsewhere)
    await join(world, file.worker, file.plan, other, "CO")
    await world.sql(
        "INSERT INTO data_flow (id, agency, version, kind, to_agency, groups, purpose, basis, law,"
        " starts, recorded_at) VALUES (gen_random_uuid(), $1, 1, 'agency', $2, '{circle}', 'care',"
        " 'law', 'Act on Return', $3, $3) RETURNING id",
        world.agency,
        elsewhere,
        clock.now(),
    )
    assert (await other.get(f"/plans/{file.plan}")).status_code == 200
    assert what_came(await file.erase(other)) == (404, "not-found")
    held = await other.get(f"/plans/{file.plan}/legal-holds")
    assert held.status_code == 404


async def test_whoever_erases_has_just_shown_who_they_are(file: File) -> None:
    now = clock.now()
    await file.head.sign_in()
    clock.travel(lambda: now + timedelta(minutes=6))
    assert what_came(await file.erase()) == (403, "prove-again")
    proved = await file.head.post("/account/prove", {"password": "a long enough password"})
    assert proved.status_code == 204, proved.text
    await file.erased()


async def test_nobody_is_erased_while_their_supervision_runs(world: World) -> None:
    head = await world.somebody("CO")
    docket = await a_docket(world)
    file = File(world, head, docket.worker, docket.plan)
    assert what_came(await file.erase()) == (409, "not-from-this-state")
    await file.close()
    await file.erased()


async def test_nobody_is_erased_out_of_anothers_hands(file: File, world: World) -> None:
    person = await file.person()
    await file.close()
    later = await world.somebody("CO")
    opened = await file.worker.post("/plans", {**a_plan(), "person_id": str(person)})
    assert opened.status_code == 201, opened.text
    second = File(world, later, file.worker, opened.json()["id"])
    answer = await second.erase()
    assert what_came(answer) == (409, "not-from-this-state")
    assert "another plan" in answer.json()["detail"]
    await world.sql(
        "INSERT INTO mandate (id, agency, plan, version, actor, role, starts, granted_by)"
        " SELECT gen_random_uuid(), agency, id, 1, $2, 'CO', now() - interval '1 hour', $2"
        "   FROM plan WHERE id = $1",
        UUID(file.plan),
        later.id,
    )
    await second.erased()
    for who in (file.head, file.worker, later):
        assert (await who.get("/plans")).json()["plans"] == []


async def test_nobody_is_erased_through_broken_glass(file: File, world: World) -> None:
    alias = (await world.plan(file.worker, file.plan))["alias"]
    guest = await world.somebody("CO")
    wish = await guest.post("/break-glass", {"alias": alias, "reason": "It cannot wait."})
    path = f"/break-glass/{wish.json()['id']}/let"
    assert (await file.head.post(path, None, version=1)).status_code == 200
    assert (await guest.get(f"/plans/{file.plan}")).status_code == 200
    assert what_came(await file.erase(guest)) == (404, "not-found")
    with pytest.raises(NotFound):  # the database itself
        async with transaction(guest.id):
            await destroy_key(await file.person())
