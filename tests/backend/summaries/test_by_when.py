"""A court is to have a summary by a day: the steps to it stand in the plan, and end with it."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backend.calendars.rules import OpenDays
from backend.summaries.chains import CHAINS, moved, rows_of, step_of
from backend.templates.reading import standard
from tests.backend.bodies import a_plan
from tests.backend.courts.docket import a_docket
from tests.chats import Chats
from tests.test_closed_days import close
from tests.world import Caller, World, a_day
from workflows.calendars import calendars

A_DAY = timedelta(days=1)
DAYS = OpenDays((1, 2, 3, 4, 5))
TODAY = date(2031, 3, 3)
dues = st.integers(0, 700).map(lambda n: TODAY + n * A_DAY)


def _of(type_: str, due: date, chain: int = 1) -> list[dict[str, Any]]:
    of = {"type": type_, "due_on": due, "chain": chain}
    return rows_of(standard(), of, DAYS, TODAY, standard)  # type: ignore[arg-type]


@given(st.sampled_from(sorted(CHAINS)), dues, st.integers(1, 9))
def test_each_step_comes_after_what_it_waits_for_and_none_after_the_day(
    type_: str, due: date, chain: int
) -> None:
    rows = {row["code"]: row for row in _of(type_, due, chain)}
    for row in rows.values():
        assert TODAY <= row["due_on"] <= max(due, TODAY)
        for code in row["depends"]:
            assert rows[code]["due_on"] <= row["due_on"]
    assert {step_of(code) for code in rows} == {
        row.code for row in standard().rows_of_chain(CHAINS[type_])
    }


@given(st.sampled_from(sorted(CHAINS)), dues, dues)
def test_moved_they_stand_where_they_would_stand_for_that_day(
    type_: str, one: date, two: date
) -> None:
    rows = _of(type_, one)
    now = {row["code"]: due for row, due in moved(rows, two, DAYS, TODAY)}
    for row in _of(type_, two):
        assert now.get(row["code"], row["due_on"]) == row["due_on"]
    assert moved(rows, one, DAYS, TODAY) == []


async def expect(by: Caller, plan: str, type_: str, due: date) -> Any:
    body = {"type": type_, "due_on": str(due)}
    return await by.post(f"/plans/{plan}/summaries/due", body)


async def steps(world: World, worker: Caller, plan: str) -> dict[str, dict[str, Any]]:
    rows = (await world.plan(worker, plan))["milestones"]
    return {row["code"]: row for row in rows if row["code"].startswith(("SUM-", "SUP-"))}


async def the_due(by: Caller, plan: str) -> list[dict[str, Any]]:
    answer = await by.get(f"/plans/{plan}/summaries/due")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


async def test_a_report_on_the_release_goes_the_long_way_and_all_others_the_short_one(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    due = a_day() + 60 * A_DAY
    for type_ in ("release_plan_report", "start"):
        assert (await expect(worker, plan, type_, due)).status_code == 201
    there = await steps(world, worker, plan)
    assert sorted(there) == [f"{c}-{n}" for c in ("SUM", "SUP") for n in range(1, 7)]
    assert {row["state"] for row in there.values()} == {"planned"}
    assert there["SUP-6"]["due_on"] <= str(due)


async def test_the_next_summary_has_steps_of_its_own(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    due = a_day() + 60 * A_DAY
    assert (await expect(worker, plan, "start", due)).status_code == 201
    assert (await expect(worker, plan, "start", due)).status_code == 409
    assert (await expect(worker, plan, "periodic", due + 90 * A_DAY)).status_code == 201
    there = await steps(world, worker, plan)
    assert sorted(there) == sorted(f"SUP-{n}{c}" for n in range(1, 7) for c in ("", ".2"))


async def test_the_day_moves_and_open_steps_with_it_but_for_what_was_done_or_pinned(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    due = a_day() + 90 * A_DAY
    await expect(worker, plan, "start", due)
    before = await steps(world, worker, plan)
    done, pinned = before["SUP-1"], before["SUP-5"]
    day = {"due_on": str(a_day() + 70 * A_DAY)}
    for row, body in ((done, {"state": "done"}), (pinned, day)):
        answer = await worker.patch(f"/milestones/{row['id']}", body, version=row["version"])
        assert answer.status_code == 200, answer.text
    (seen,) = await the_due(worker, plan)
    to = {"due_on": str(due + 30 * A_DAY)}
    moved_ = await worker.post(f"/summaries-due/{seen['id']}/move", to, version=seen["version"])
    assert moved_.status_code == 200, moved_.text
    after = await steps(world, worker, plan)
    assert after["SUP-1"]["due_on"] == done["due_on"]
    assert after["SUP-5"]["due_on"] == day["due_on"]
    for code in ("SUP-2", "SUP-3", "SUP-4", "SUP-6"):
        assert after[code]["due_on"] > before[code]["due_on"]


async def test_what_the_court_wants_no_more_falls_away(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await expect(worker, plan, "periodic", a_day() + 60 * A_DAY)
    (seen,) = await the_due(worker, plan)
    path = f"/summaries-due/{seen['id']}/drop"
    assert (await worker.post(path, version=seen["version"])).status_code == 200
    there = await steps(world, worker, plan)
    assert {row["state"] for row in there.values()} == {"cancelled"}
    (seen,) = await the_due(worker, plan)
    assert seen["how"] == "dropped"
    assert (await worker.post(path, version=seen["version"])).status_code == 409


async def test_a_move_of_the_release_moves_no_step_to_a_summary(world: World) -> None:
    worker = await world.somebody("SW")
    opened = await world.a_plan(worker)
    await expect(worker, opened["id"], "start", a_day() + 60 * A_DAY)
    before = await steps(world, worker, opened["id"])
    seen = await world.plan(worker, opened["id"])
    to = {"release_date": str(a_day() + 150 * A_DAY), "certainty": "expected"}
    path = f"/plans/{opened['id']}/release-date"
    assert (await worker.post(path, to, version=seen["version"])).status_code == 200
    assert await steps(world, worker, opened["id"]) == before


async def test_where_nobody_is_supervised_and_for_no_day_nothing_is_expected(world: World) -> None:
    worker = await world.somebody("SW")
    free = (await world.a_plan(worker, overlays=["no_supervision"]))["id"]
    due = a_day() + 60 * A_DAY
    assert (await expect(worker, free, "start", due)).status_code == 409
    plan = (await world.a_plan(worker))["id"]
    for type_, day in (("gossip", due), ("start", a_day() - A_DAY), ("start", due + 9000 * A_DAY)):
        assert (await expect(worker, plan, type_, day)).status_code == 422


async def test_a_step_moves_off_a_day_that_closes_later(world: World, chats: Chats) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = (await world.a_plan(worker))["id"]
    await expect(worker, plan, "start", a_day() + 60 * A_DAY)
    before = await steps(world, worker, plan)
    shut = date.fromisoformat(before["SUP-2"]["due_on"])
    await close(world, head, shut)
    await chats.job(calendars)
    after = await steps(world, worker, plan)
    assert date.fromisoformat(after["SUP-2"]["due_on"]) == OpenDays((1, 2, 3, 4, 5), [shut]).back(
        shut
    )
    assert {c: r["due_on"] for c, r in after.items() if c != "SUP-2"} == {
        c: r["due_on"] for c, r in before.items() if c != "SUP-2"
    }


async def test_the_same_summary_issued_anew_is_none_that_was_due_next(world: World) -> None:
    docket = await a_docket(world)
    worker, due = docket.worker, a_day() + 60 * A_DAY
    assert (await expect(worker, docket.plan, "start", due)).status_code == 201
    await docket.issued()
    (first,) = await the_due(worker, docket.plan)
    assert first["how"] == "issued"
    assert (await expect(worker, docket.plan, "start", due + 90 * A_DAY)).status_code == 201
    await docket.issued()
    seen = {one["id"]: one for one in await the_due(worker, docket.plan)}
    (following,) = (one for id_, one in seen.items() if id_ != first["id"])
    assert following["how"] is None
    there = await steps(world, worker, docket.plan)
    assert {row["state"] for code, row in there.items() if code.endswith(".2")} == {"planned"}


async def test_nobody_is_with_and_without_supervision_and_no_summary_is_forgotten(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    opened = await world.a_plan(worker, supervision=True)
    plan, path = opened["id"], f"/plans/{opened['id']}/template"
    both = {"size": "full", "supervision": True, "overlays": ["no_supervision"]}
    refused = await worker.post(path, both, version=opened["version"])
    assert refused.status_code == 422
    began = {"template": "full", "supervision": True, "overlays": ["no_supervision"]}
    assert (await worker.post("/plans", a_plan() | began)).status_code == 422
    await expect(worker, plan, "start", a_day() + 60 * A_DAY)
    free = {**both, "supervision": False}
    version = (await world.plan(worker, plan))["version"]
    assert (await worker.post(path, free, version=version)).status_code == 409
    (seen,) = await the_due(worker, plan)
    dropped = await worker.post(f"/summaries-due/{seen['id']}/drop", version=seen["version"])
    assert dropped.status_code == 200, dropped.text
    version = (await world.plan(worker, plan))["version"]
    assert (await worker.post(path, free, version=version)).status_code == 200
