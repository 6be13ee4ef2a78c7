"""A plan of 140 rows and more, with its circle: what it costs to read it all, and to move it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.backend.test_what_it_costs import on_the_wire
from tests.world import Caller, World, a_day

LEAST_ROWS, MOST_BYTES = 140, 40_000
ON = ["safety_first", "other_place", "under18"]


async def a_large_plan(world: World, worker: Caller) -> dict[str, Any]:
    """With every overlay that goes with a family and supervision; four summaries on their way."""
    plan = await world.a_plan(worker, supervision=True, overlays=ON)
    path = f"/plans/{plan['id']}"
    ways = (("release_plan_report", 60), ("start", 130), ("event", 150), ("periodic", 280))
    for type_, days in ways:
        due = {"type": type_, "due_on": str(a_day() + timedelta(days=days))}
        assert (await worker.post(f"{path}/summaries/due", due)).status_code == 201
    for role in ("ME", "FA", "FA"):
        body = {"role": role, "name": "Somebody Invented", "language": "ar"}
        assert (await worker.post(f"{path}/circle", body)).status_code == 201
    for day in range(5):
        when = {"role": "SW", "held_on": str(a_day() + timedelta(days=day)), "held_at": "10:00:00"}
        assert (await worker.post(f"{path}/appointments", when)).status_code == 201
    return plan


async def test_it_is_one_round_trip_and_forty_thousand_bytes_at_most(
    world: World, tmp_path: Path
) -> None:
    worker = await world.somebody("SW")
    small, large = await world.a_plan(worker), await a_large_plan(world, worker)
    async with on_the_wire(world, tmp_path) as wire:
        for plan in (small, large, small, large):
            before = wire.trips
            answer = await worker.get(f"/plans/{plan['id']}?show=all")
            trips = wire.trips - before
        assert trips == 1
    read = answer.json()
    assert len(read["milestones"]) >= LEAST_ROWS
    assert len(read["circle"]) >= 4
    assert len(answer.content) <= MOST_BYTES


async def test_to_move_its_release_asks_no_more_than_to_move_that_of_a_small_one(
    world: World, tmp_path: Path
) -> None:
    worker = await world.somebody("SW")
    small = await world.a_plan(worker, template="light")
    large = await a_large_plan(world, worker)
    trips = dict.fromkeys(("small", "large"), 0)
    async with on_the_wire(world, tmp_path) as wire:
        for n in range(3):
            for name, plan in (("small", small), ("large", large)):
                seen = await world.plan(worker, plan["id"])
                to = {"release_date": str(a_day() + timedelta(days=120 + 7 * n))}
                path = f"/plans/{plan['id']}/release-date"
                before = wire.trips
                body = {**to, "certainty": "expected"}
                moved = await worker.post(path, body, version=seen["version"])
                trips[name] = wire.trips - before
                assert moved.status_code == 200, moved.text
    assert trips["large"] == trips["small"]
