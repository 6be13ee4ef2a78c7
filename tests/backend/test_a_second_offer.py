"""What the person declined is offered again sixty days later, or when they ask for it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.backend.courts.docket import join
from tests.backend.pages.browser import at_the_desk, plain
from tests.chats import at
from tests.world import Caller, World, a_day, row

REST, OFFER = timedelta(days=60), "CNS-11"


async def _says(worker: Caller, plan: str, answer: str, status: int = 201, **more: Any) -> Any:
    body = {"kind": "participation", "language": "ar", "answer": answer, **more}
    said = await worker.post(f"/plans/{plan}/consents", body)
    assert said.status_code == status, said.text
    return said.json()


async def _becomes(
    world: World, worker: Caller, plan: str, state: str, status: int = 200, **more: Any
) -> dict[str, Any]:
    found = row(await world.plan(worker, plan), OFFER)
    body = {"state": state, **more}
    answer = await worker.patch(f"/milestones/{found['id']}", body, version=found["version"])
    assert answer.status_code == status, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def _declined(world: World) -> tuple[Caller, str, str]:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    at(a_day(), 23, 30)
    await _says(worker, plan["id"], "declined", milestone=row(plan, OFFER)["id"])
    return worker, plan["id"], row(plan, OFFER)["id"]


AGAIN: dict[str, Any] = {"reason": "They came by."}


async def test_a_row_is_offered_again_on_the_sixtieth_day_where_the_plan_is(world: World) -> None:
    worker, plan, offer = await _declined(world)
    day = a_day() + REST
    at(day - timedelta(days=1), 23, 59)
    refused = await _becomes(world, worker, plan, "in_progress", 409, **AGAIN)
    assert f"from {day} on" in refused["detail"]
    for answer in ("offered", "accepted"):
        told = await _says(worker, plan, answer, 409, milestone=offer)
        assert f"from {day} on" in told["detail"]
    await _says(worker, plan, "declined", milestone=offer)  # a no always counts
    await _says(worker, plan, "later", milestone=offer)
    at(day, 0, 1)
    await _becomes(world, worker, plan, "in_progress", **AGAIN)


async def test_whoever_asks_for_it_waits_for_nothing_and_it_is_kept_nowhere(world: World) -> None:
    worker, plan, _ = await _declined(world)
    before = await world.sql("SELECT count(*) AS n FROM participation")
    await _becomes(world, worker, plan, "in_progress", person_asks=True, **AGAIN)
    assert await world.sql("SELECT count(*) AS n FROM participation") == before
    events = await world.sql("SELECT what, after FROM milestone_event WHERE kind = 'state'")
    assert {one["what"] for one in events} == {None}
    counsellor = await world.somebody("CP")
    await join(world, worker, plan, counsellor, "CP")
    seen = row(await world.plan(worker, plan), "CNS-01")
    asks = {"state": "planned", "person_asks": True}
    refused = await counsellor.patch(f"/milestones/{seen['id']}", asks, version=seen["version"])
    assert refused.status_code in {403, 404}, "that the person asks is the worker's to say"


async def test_a_no_to_a_part_rests_with_what_sleeps_in_it(world: World) -> None:
    worker = await world.somebody("SW")
    found = await world.a_plan(worker)
    plan, offer = found["id"], row(found, OFFER)["id"]
    await _says(worker, plan, "declined", pathway="CNS-X")
    assert row(await world.plan(worker, plan), OFFER)["state"] == "dormant"
    await _becomes(world, worker, plan, "planned", 409)
    await _says(worker, plan, "offered", 409, milestone=offer)
    await _says(worker, plan, "accepted", 409, pathway="CNS-X")
    await _says(worker, plan, "accepted", pathway="CNS-X", person_asks=True)
    await _becomes(world, worker, plan, "planned")


async def test_what_keeps_somebody_safe_or_must_be_there_does_not_rest(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    [safe] = await world.sql(
        "SELECT id FROM milestone WHERE plan = $1 AND late_start <= 1 AND kind IN ('V', 'N')"
        " AND agree LIKE '%P%' ORDER BY code LIMIT 1",
        (await world.sql("SELECT id FROM plan"))[0]["id"],
    )
    seen = next(
        one
        for one in (await world.plan(worker, plan))["milestones"]
        if one["id"] == str(safe["id"])
    )
    path = f"/milestones/{seen['id']}"
    version = seen["version"]
    for state, more in (("planned", {}), ("declined", {}), ("in_progress", AGAIN)):
        answer = await worker.patch(path, {"state": state, **more}, version=version)
        assert answer.status_code == 200, (state, answer.text)
        version = answer.json()["version"]


@pytest.mark.parametrize("asks", [{}, {"person_asks": "true"}], ids=["worker", "person"])
async def test_the_desk_names_the_day_and_takes_the_persons_wish(
    world: World, asks: dict[str, str]
) -> None:
    worker, _, offer = await _declined(world)
    path = f"/desk/rows/{offer}"
    async with await at_the_desk(world, worker) as desk:
        page = plain(await desk.open(path))
        assert "Can be offered again from" in page.words
        typed: dict[str, Any] = {"to": "in_progress", "reason": "They came by.", **asks}
        done = plain(await desk.send(page, path, "reason", **typed))
    assert ("It was declined: it can be offered again from" in done.words) is not bool(asks)
    assert ("They came by." in done.html) is True
