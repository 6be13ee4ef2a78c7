from uuid import uuid4

import asyncpg

from backend.migrate import role_name
from migrations.m0018_court_machines import WHOSE
from tests.backend.courts.docket import REFERENCE, a_court, a_docket, join
from tests.world import World


async def test_a_reference_stands_for_one_plan_until_it_is_given_back(world: World) -> None:
    docket = await a_docket(world)
    second = await world.a_plan(docket.worker)
    await join(world, docket.worker, second["id"], docket.officer, "PO")
    body = {"client": str(docket.court.id), "reference": REFERENCE}
    taken = await docket.officer.post(f"/plans/{second['id']}/court-files", body)
    assert (taken.status_code, taken.json()["type"]) == (409, "urn:throughcare:problem:id-taken")
    twice = await docket.officer.post(f"/plans/{docket.plan}/court-files", body)
    assert twice.content == taken.content
    ended = await docket.officer.post(f"/plans/{docket.plan}/court-files", {**body, "bound": False})
    assert ended.status_code == 200
    assert (
        await docket.officer.post(f"/plans/{second['id']}/court-files", body)
    ).status_code == 201
    back = await docket.officer.post(f"/plans/{docket.plan}/court-files", body)
    assert back.content == taken.content


async def test_two_courts_may_use_the_same_reference(world: World) -> None:
    docket = await a_docket(world)
    other = await a_court(world)
    body = {"client": str(other.id), "reference": REFERENCE}
    assert (await docket.officer.post(f"/plans/{docket.plan}/court-files", body)).status_code == 201


async def test_only_a_court_that_the_agency_knows_can_be_bound(world: World) -> None:
    docket = await a_docket(world)
    elsewhere = await world.an_agency(name="Elsewhere")
    foreign = await a_court(world, elsewhere)
    path = f"/plans/{docket.plan}/court-files"
    answers = [
        await docket.officer.post(path, {"client": str(client), "reference": "2031/1"})
        for client in (foreign.id, uuid4(), docket.officer.id)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


async def test_officers_and_coordinators_bind_and_nobody_else(world: World) -> None:
    coordinator = await world.somebody("CO")
    docket = await a_docket(world)
    path = f"/plans/{docket.plan}/court-files"
    body = {"client": str(docket.court.id), "reference": "2031/2"}
    assert (await docket.worker.post(path, body)).status_code == 403
    assert (await docket.court.caller.post(path, body)).status_code == 401
    stranger = await world.somebody("PO")
    refused = await stranger.post(path, body)
    never = await stranger.post(f"/plans/{uuid4()}/court-files", body)
    assert (refused.status_code, refused.content) == (404, never.content)
    assert (await coordinator.post(path, body)).status_code == 201


async def test_a_blank_reference_is_no_reference_and_blanks_around_one_do_not_count(
    world: World,
) -> None:
    docket = await a_docket(world)
    path = f"/plans/{docket.plan}/court-files"
    body = {"client": str(docket.court.id), "reference": "   "}
    assert (await docket.officer.post(path, body)).status_code == 422
    assert (await docket.court.list(f" {REFERENCE} ")).status_code == 200


async def test_a_file_that_an_older_release_bound_learns_whose_it_is(world: World) -> None:
    docket, second = await a_docket(world), await a_docket(world)
    await world.sql("UPDATE court_file SET subject = NULL")
    before = await world.sql("SELECT count(*) FROM change")
    owner = await asyncpg.connect(world.server.url(role_name("owner"), world.database_name))
    try:
        async with owner.transaction():
            await owner.execute(WHOSE)
    finally:
        await owner.close()
    found = await world.sql(
        "SELECT f.plan::text, f.subject = p.person AS right FROM court_file f"
        " JOIN plan p ON p.id = f.plan"
    )
    assert {(row["plan"], row["right"]) for row in found} == {
        (docket.plan, True),
        (second.plan, True),
    }
    assert await world.sql("SELECT count(*) FROM change") == before


async def test_ending_what_was_never_bound_is_not_found(world: World) -> None:
    docket = await a_docket(world)
    body = {"client": str(docket.court.id), "reference": "2031/3", "bound": False}
    answer = await docket.officer.post(f"/plans/{docket.plan}/court-files", body)
    assert answer.status_code == 404
