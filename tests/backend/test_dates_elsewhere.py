"""Dates of who works in another agency, of a part that is erased, and of a plan that is over."""

from typing import Any
from uuid import UUID

from tests.backend.courts.docket import a_docket, join
from tests.backend.flows.abroad import a_plan_abroad
from tests.backend.test_feeds import a_link, entries
from tests.dates import A_DAY, look, moves, once_planned, put, sets
from tests.world import World, a_day

WHY = "Quetzal words"


async def test_no_entry_no_date_in_the_calendar_of_another_agency(world: World) -> None:
    abroad = await a_plan_abroad(world)
    plan = abroad.docket.plan
    await put(abroad.docket.worker, plan, a_day() + 20 * A_DAY)
    link = await a_link(abroad.officer)
    assert await entries(link) == []
    flow = await world.a_flow(abroad.there, groups=["alias", "milestones"])
    assert await entries(link) == []
    await abroad.end(flow)
    flow = await world.a_flow(abroad.there, groups=["appointments"])
    assert [str(one["SUMMARY"]) for one in await entries(link)] == ["Date"]
    await abroad.end(flow)
    await world.a_flow(abroad.there, groups=["appointments", "alias"])
    alias = (await world.plan(abroad.docket.worker, plan))["alias"]
    assert [str(one["SUMMARY"]) for one in await entries(link)] == [alias]


async def test_why_a_date_moved_is_for_workers_of_the_plans_own_agency(world: World) -> None:
    abroad = await a_plan_abroad(world)
    worker = abroad.docket.worker
    await world.a_flow(abroad.there)
    made = await put(worker, abroad.docket.plan, a_day() + 20 * A_DAY)
    moved = await moves(worker, made["id"], a_day() + 21 * A_DAY, by="circle", why=WHY)
    assert (await look(worker, moved["id"]))["chain"][1]["why"] == WHY
    for who in (abroad.worker, abroad.officer):
        chain = (await look(who, moved["id"]))["chain"]
        assert [one["id"] for one in chain] == [made["id"], moved["id"]]
        assert not [one for one in chain if one.keys() & {"why", "asked_by"}]


async def test_a_voluntary_part_takes_its_chains_along(world: World) -> None:
    docket = await a_docket(world)
    worker, plan = docket.worker, docket.plan
    head, other = await world.somebody("CO"), await world.somebody("CO")
    for one in (head, other):
        await join(world, worker, plan, one, "CO")
    whole = await world.plan(worker, plan)
    chosen = next(
        one for one in whole["milestones"] if (one["kind"], one["pathway"]) == ("V", "VOC")
    )
    wake = {"state": "planned"}
    path = f"/milestones/{chosen['id']}"
    assert (await worker.patch(path, wake, version=chosen["version"])).status_code == 200
    on = a_day() + 20 * A_DAY
    made = await put(worker, plan, on, role="SW", milestone=chosen["id"])
    await moves(worker, made["id"], on + A_DAY, why=WHY)
    kept = await put(worker, plan, on, role="SW")
    kept = await moves(worker, kept["id"], on + 2 * A_DAY, why=WHY)
    asked = await other.post(f"/plans/{plan}/erasure-wishes", {"voluntary": True})
    assert asked.status_code == 201, asked.text
    version = (await world.plan(worker, plan))["version"]
    done = await head.post(f"/plans/{plan}/erase-voluntary", None, version=version)
    assert done.status_code < 300, done.text
    left = await world.sql("SELECT appointment FROM appointment_move")
    assert left == [{"appointment": UUID(kept["id"])}]
    assert len(await world.sql("SELECT 1 FROM appointment")) == 2


async def test_what_was_done_in_a_plan_that_is_over_stays(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    kept = await once_planned(world, worker, plan, a_day() - A_DAY, role="SW")
    missed = await once_planned(world, worker, plan, a_day() - A_DAY, "11:00", role="SW")
    await sets(worker, kept["id"], state="attended")
    await sets(worker, missed["id"], state="missed_with_reason")
    seen = await world.plan(worker, plan)
    closed = {"state": "closed"}
    await worker.post(f"/plans/{plan}/state", closed, version=seen["version"])
    await sets(worker, kept["id"], 409, state="missed_no_contact")
    to: dict[str, Any] = {"held_on": str(a_day() + A_DAY), "held_at": "10:00:00"}
    await sets(worker, missed["id"], 409, **to)
    await sets(worker, missed["id"], 422, state="attended", why=WHY)
