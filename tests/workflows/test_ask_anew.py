"""A worker is asked to talk again: when it is time, when much has changed, when it was wished."""

from datetime import date, timedelta
from typing import Any

import pytest

from backend import clock, database
from tests.backend.reviews import begin, close
from tests.world import Caller, World, a_day, row
from workflows.ask_anew import ask_anew

OPEN = "SELECT kind, step, role, local_due, subject FROM task WHERE closed_at IS NULL"


async def _asked(world: World) -> list[tuple[str, str]]:
    """What is asked after two rounds of the job."""

    async def work() -> None:
        database.act_as("worker")
        await ask_anew()
        await ask_anew()

    await database.in_fresh_context(work)
    rows = await world.sql(OPEN)
    assert {one["role"] for one in rows} <= {"SW"}
    return [(one["kind"], one["step"]) for one in rows]


def _later(days: int) -> None:
    at = clock.now() + timedelta(days=days)
    clock.travel(lambda: at)


async def _a_review(world: World, *, in_days: int = 150) -> tuple[Caller, str]:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker, in_days=in_days))["id"]
    await begin(worker, plan)
    assert (await close(worker, plan)).status_code == 200
    return worker, plan


async def _moves(world: World, worker: Caller, plan: str, by: int) -> None:
    found = await world.plan(worker, plan)
    day = date.fromisoformat(found["release_date"]) + timedelta(days=by)
    body = {"release_date": day.isoformat(), "certainty": "expected"}
    path = f"/plans/{plan}/release-date"
    moved = await worker.post(path, body, version=found["version"])
    assert moved.status_code == 200, moved.text


async def test_ninety_days_after_the_last_review_another_is_asked_for_once(world: World) -> None:
    worker, plan = await _a_review(world)
    _later(89)
    assert await _asked(world) == []
    _later(1)
    assert await _asked(world) == [("needs-review", "ninety-days")]
    await world.sql("UPDATE task SET closed_at = opened_at, outcome = 'done'")
    _later(30)
    assert await _asked(world) == [], "who has seen it is not asked for the same again"
    await begin(worker, plan)
    await close(worker, plan)
    _later(90)
    assert await _asked(world) == [("needs-review", "ninety-days")]


@pytest.mark.parametrize(("moves", "asked"), [((30,), 0), ((31,), 1), ((-31,), 1), ((20, 20), 1)])
async def test_a_date_that_moved_by_more_than_a_month_asks_for_another(
    world: World, moves: tuple[int, ...], asked: int
) -> None:
    worker, plan = await _a_review(world)
    for by in moves:
        _later(0)
        await _moves(world, worker, plan, by)
    assert await _asked(world) == [("needs-review", "date-moved")] * asked


async def test_a_date_that_moved_before_the_review_asks_for_nothing(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker, in_days=150))["id"]
    assert await _asked(world) == [], "where none was held the rows of the plan ask"
    await _moves(world, worker, plan, 60)
    await begin(worker, plan)
    assert await _asked(world) == []
    await close(worker, plan)
    assert await _asked(world) == []


async def test_while_one_is_open_or_asked_for_nothing_more_is_asked(world: World) -> None:
    worker, plan = await _a_review(world)
    changed = await worker.post(f"/plans/{plan}/life-changes", {"what": "job_found"})
    assert changed.status_code == 201
    _later(90)
    assert await _asked(world) == [("needs-review", "changed")]
    await begin(worker, plan)
    await world.sql("UPDATE task SET closed_at = opened_at, outcome = 'done'")
    assert await _asked(world) == []


async def test_a_plan_that_does_not_run_asks_for_none(world: World) -> None:
    worker, plan = await _a_review(world)
    found = await world.plan(worker, plan)
    await worker.post(f"/plans/{plan}/state", {"state": "paused"}, version=found["version"])
    _later(120)
    assert await _asked(world) == []


async def _answers(worker: Caller, plan: str, **said: Any) -> None:
    body = {"kind": "participation", "language": "en", **said}
    made = await worker.post(f"/plans/{plan}/consents", body)
    assert made.status_code == 201, made.text


async def test_later_asks_again_on_the_day_that_the_person_chose(world: World) -> None:
    worker = await world.somebody("SW")
    found = await world.a_plan(worker)
    plan, mentor = found["id"], row(found, "MEN-01")["id"]
    again = (a_day() + timedelta(days=5)).isoformat()
    await _answers(worker, plan, milestone=mentor, answer="later", again_on=again)
    await _answers(worker, plan, pathway="VOC", answer="later", again_on=again)
    await _answers(worker, plan, pathway="FIN", answer="later", again_on=again)
    await _answers(worker, plan, pathway="FIN", answer="declined")
    _later(4)
    assert await _asked(world) == []
    _later(1)
    assert await _asked(world) == [("ask-again", "")] * 2
    assert mentor in {str(one["subject"]) for one in await world.sql(OPEN)}
    await _answers(worker, plan, milestone=mentor, answer="accepted")
    await _answers(worker, plan, pathway="VOC", answer="declined")
    assert await _asked(world) == [], "who has answered is asked no more"


@pytest.mark.parametrize("no", ["pathway", "row"])
async def test_who_said_no_since_is_not_asked_again(world: World, no: str) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    offer = row(plan, "MEN-01")
    later = {"kind": "participation", "language": "en", "milestone": offer["id"]}
    day = str(a_day() + timedelta(days=5))
    path = f"/plans/{plan['id']}/consents"
    said = await worker.post(path, {**later, "answer": "later", "again_on": day})
    assert said.status_code == 201, said.text
    _later(1)
    if no == "pathway":
        body = {"kind": "participation", "language": "en", "pathway": "MEN", "answer": "declined"}
        assert (await worker.post(path, body)).status_code == 201
    else:
        for state in ("planned", "declined"):
            now = row(await world.plan(worker, plan["id"]), "MEN-01")
            change = await worker.patch(
                f"/milestones/{offer['id']}", {"state": state}, version=now["version"]
            )
            assert change.status_code == 200, change.text
    _later(9)
    assert await _asked(world) == []


async def test_a_no_ends_the_asking_that_is_open(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    offer = row(plan, "MEN-01")
    later = {"kind": "participation", "language": "en", "milestone": offer["id"]}
    day = str(a_day() + timedelta(days=5))
    path = f"/plans/{plan['id']}/consents"
    await worker.post(path, {**later, "answer": "later", "again_on": day})
    _later(6)
    assert await _asked(world) == [("ask-again", "")]
    body = {"kind": "participation", "language": "en", "pathway": "MEN", "answer": "declined"}
    assert (await worker.post(path, body)).status_code == 201
    assert await world.sql(OPEN) == []
