"""The two hot reads judge a mandate themselves: whose it is, of which plan, from when to when."""

from datetime import timedelta
from uuid import UUID

from backend import clock
from tests.backend.courts.docket import join
from tests.world import Caller, World


async def test_each_plan_of_a_worker_shows_its_own_person(world: World) -> None:
    worker = await world.somebody("SW")
    names = {}
    for name in ("First Invented", "Second Invented", "Third Invented"):
        plan = await world.a_plan(worker, person={"name": name, "language": "en"})
        names[plan["id"]] = name
    for plan, name in names.items():
        assert (await world.plan(worker, plan))["person"]["name"] == name
    listed = (await worker.get("/plans")).json()["plans"]
    assert {line["id"]: line["name"] for line in listed} == names


async def test_a_mandate_opens_the_caseload_and_the_plan_from_its_start_to_its_end(
    world: World,
) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await join(world, worker, plan, other, "SW")
    starts = clock.now() + timedelta(hours=1)
    before, until = timedelta(microseconds=1), starts + timedelta(hours=1)
    await world.sql(
        "UPDATE mandate SET starts = $1, ends = $2 WHERE actor = $3 AND plan = $4",
        starts,
        until,
        other.id,
        UUID(plan),
    )
    for moment, there in (
        *((starts - before, False), (starts, True)),
        *((until - before, True), (until, False)),
    ):
        clock.travel(lambda moment=moment: moment)  # type: ignore[misc]
        assert (await other.get(f"/plans/{plan}")).status_code == (200 if there else 404), moment
        listed = (await other.get("/plans")).json()["plans"]
        assert [line["id"] for line in listed] == [plan] * there, moment
        assert (str(other.id) in await _circle(worker, plan)) == there, moment


async def test_the_circle_of_a_plan_is_nobody_elses(world: World) -> None:
    worker, first, second = [await world.somebody("SW") for _ in range(3)]
    plans = [(await world.a_plan(worker))["id"] for _ in range(2)]
    for plan, other in zip(plans, (first, second), strict=True):
        await join(world, worker, plan, other, "SW")
    for plan, other in zip(plans, (first, second), strict=True):
        assert await _circle(worker, plan) == {str(worker.id), str(other.id)}


async def _circle(worker: Caller, plan: str) -> set[str]:
    sheet = (await worker.get(f"/plans/{plan}")).json()
    return {one["actor"] for one in sheet["circle"]}
