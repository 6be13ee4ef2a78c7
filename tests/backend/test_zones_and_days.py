"""No zone and no day that anybody can send stops those who come after."""

import pytest

from tests.world import World, row

NOWHERE = ("localtime", "posixrules", "posix/Africa/Tunis", "right/Africa/Tunis", "Mars/Base", "")


@pytest.mark.parametrize("zone", NOWHERE)
async def test_a_zone_that_is_known_on_some_machines_alone_is_refused(
    world: World, zone: str
) -> None:
    worker = await world.somebody("SW")
    body = {
        "person": {"name": "Imaginary Person", "language": "en"},
        "release_date": "2031-03-12",
        "certainty": "expected",
        "zone": zone,
    }
    assert (await worker.post("/plans", body)).status_code == 422


@pytest.mark.parametrize("table", ["agency", "plan", "member", "link"])
async def test_the_database_stores_no_zone_in_which_it_cannot_count(
    world: World, table: str
) -> None:
    found = await world.sql(
        "SELECT pg_get_constraintdef(oid) AS rule FROM pg_constraint"
        " WHERE conrelid = $1::regclass AND contype = 'c'"
        " AND pg_get_constraintdef(oid) LIKE '%AT TIME ZONE zone%'",
        table,
    )
    assert len(found) == 1


async def test_a_row_on_the_last_day_of_the_calendar_hides_nothing(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    step = row(plan, "PLN-05")
    moved = await worker.patch(
        f"/milestones/{step['id']}", {"due_on": "9999-12-31"}, version=step["version"]
    )
    assert moved.status_code == 200
    assert row(await world.plan(worker, plan["id"]), "PLN-05")["overdue"] is False
    assert (await worker.get("/plans")).status_code == 200


async def test_a_release_in_a_year_that_nobody_meant_is_refused_and_moves_nothing(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    for day in ("2020-02-04", "2126-02-04"):
        body = {"release_date": day, "certainty": "expected"}
        moved = await worker.post(
            f"/plans/{plan['id']}/release-date", body, version=plan["version"]
        )
        assert (moved.status_code, moved.json()["type"]) == (422, "urn:throughcare:problem:unfit")
        person = {"name": "Imaginary Person", "language": "en"}
        assert (await worker.post("/plans", {**body, "person": person})).status_code == 422
    assert await world.plan(worker, plan["id"]) == plan
