"""What falls on a day on which offices are closed moves off it, and who is asked which they are."""

from datetime import date, timedelta
from typing import Any

import pytest

from backend.calendars.rules import OpenDays
from backend.plans.rules import due_on
from backend.templates.reading import standard
from tests.chats import Chats, at
from tests.releases import a_release, change, kinds, leave, on_weekday
from tests.world import Caller, World, a_day, row
from workflows.calendars import calendars

A_DAY = timedelta(days=1)
WEEK = (1, 2, 3, 4, 5)
MONDAY, WEDNESDAY = 1, 3


async def close(
    world: World, head: Caller, *closed: date, calendar: str | None = None, **values: Any
) -> None:
    """Offices of a place are closed on these days, and on no others of the next year."""
    id_ = calendar or str(world.agency)
    found = (await head.get("/calendars")).json()
    seen = next(one for one in found if one["id"] == id_)
    body = {
        **{name: seen[name] for name in ("name", "working_days")},
        "closed": [str(day) for day in closed],
        "until": str(a_day() + 365 * A_DAY),
        **values,
    }
    answer = await head.send("PUT", f"/calendars/{id_}", body, version=seen["version"])
    assert answer.status_code == 200, answer.text


def _due(plan: dict[str, Any], code: str) -> date:
    return date.fromisoformat(row(plan, code)["due_on"])


async def test_a_plan_that_begins_counts_by_the_confirmed_days_of_its_place(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    day = on_weekday(WEDNESDAY, weeks=30)
    plain = await world.a_plan(worker, release_date=str(day))
    before, after = _due(plain, "PLN-07"), _due(plain, "PLN-09")
    assert before < day < after
    await close(world, head, before, after)
    plan = await world.a_plan(worker, release_date=str(day))
    there = OpenDays(WEEK, [before, after])
    assert _due(plan, "PLN-07") == there.back(before) < before
    assert _due(plan, "PLN-09") == there.on(after) > after


async def test_a_day_that_closes_later_moves_open_steps_off_it_and_no_others(
    world: World, chats: Chats
) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    day = on_weekday(WEDNESDAY, weeks=30)
    plan = await world.a_plan(worker, release_date=str(day))
    rows = {one["code"]: one for one in plan["milestones"] if one.get("due_on")}
    moving, pinned, done = "PLN-07", "PLN-06", "PLN-05"
    await change(world, worker, plan, pinned, due_on=rows[moving]["due_on"])
    await change(world, worker, plan, done, state="done")
    shut = {date.fromisoformat(rows[code]["due_on"]) for code in (moving, done)} | {day}
    await close(world, head, *shut)
    await chats.job(calendars)
    now = {one["code"]: one for one in (await world.plan(worker, plan["id"]))["milestones"]}
    there = OpenDays(WEEK, shut)
    assert date.fromisoformat(now[moving]["due_on"]) == there.back(_due(plan, moving))
    assert now[pinned]["due_on"] == rows[moving]["due_on"]
    assert now[done]["due_on"] == rows[done]["due_on"]
    moved = set()
    for code, was in rows.items():
        if code in {pinned, done} or now[code]["due_on"] == was["due_on"]:
            continue
        moved.add(code)
        assert date.fromisoformat(was["due_on"]) in shut, code
        assert date.fromisoformat(now[code]["due_on"]) in there, code
    assert moving in moved
    events = (await worker.get(f"/milestones/{now[moving]['id']}/history")).json()
    assert [one["what"] for one in events if one["kind"] == "moved"] == ["closed-day"]
    assert events[-1]["role"] == "CO"


async def test_what_was_moved_is_not_moved_again(world: World, chats: Chats) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = await world.a_plan(worker, release_date=str(on_weekday(WEDNESDAY, weeks=30)))
    await close(world, head, _due(plan, "PLN-07"))
    for _ in range(2):
        await chats.job(calendars)
    at(a_day() + A_DAY, 12)
    await chats.job(calendars)
    count = await world.sql("SELECT count(*) FROM milestone_event WHERE what = 'closed-day'")
    rows = {one["code"]: one for one in plan["milestones"] if one.get("due_on")}
    same_day = [one for one in rows.values() if one["due_on"] == rows["PLN-07"]["due_on"]]
    assert count == [{"count": len(same_day)}]
    rolled = await world.sql("SELECT version = rolled_version AS all FROM calendar")
    assert rolled == [{"all": True}]


async def test_what_stands_on_the_release_day_stands_even_when_offices_are_closed(
    world: World, chats: Chats
) -> None:
    head = await world.somebody("CO")
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    await close(world, head, *(day + n * A_DAY for n in range(-2, 4)))
    await chats.job(calendars)
    now = await world.plan(worker, plan["id"])
    for code in ("GAT-01", "MEN-07", "MEN-08", "MEN-09", "HOU-05", "HLT-05", "FAM-10"):
        if row(plan, code).get("due_on"):
            assert row(now, code)["due_on"] == row(plan, code)["due_on"], code


async def test_a_question_about_a_step_that_moved_is_put_for_its_new_day(
    world: World, chats: Chats
) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    at(a_day(), 9)
    plan = await world.a_plan(worker, release_date=str(on_weekday(WEDNESDAY, weeks=20)))
    mentor = await chats.a_member(worker, plan["id"])
    await change(world, worker, plan, "MEN-03", state="planned")
    asked = row(await world.plan(worker, plan["id"]), "MEN-03")
    at(date.fromisoformat(asked["due_on"]) - 7 * A_DAY, 6)  # before anybody is written to
    await chats.round()
    waits = "SELECT id, state, reason, local_due FROM message WHERE subject = $1::uuid AND key = $2"
    [before] = await world.sql(waits, asked["id"], "MEN-TASK")
    assert before["state"] == "queued"
    await close(world, head, date.fromisoformat(asked["due_on"]))
    await chats.job(calendars)
    await chats.round()
    rows = {one["id"]: one for one in await world.sql(waits, asked["id"], "MEN-TASK")}
    assert (rows[before["id"]]["state"], rows[before["id"]]["reason"]) == ("cancelled", "moved")
    assert len(rows) == 1
    new = _due(await world.plan(worker, plan["id"]), "MEN-03")
    at(new - 2 * A_DAY, 12)
    await chats.round()
    after = [one for one in await world.sql(waits, asked["id"], "MEN-TASK") if one != before]
    assert [one["local_due"] for one in after if one["state"] != "cancelled"] == [new - 2 * A_DAY]
    assert "Which day will it be" in await chats.last(mentor.phone)


async def test_a_place_of_its_own_moves_the_steps_as_the_preview_said(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = await world.a_plan(worker, release_date=str(on_weekday(WEDNESDAY, weeks=30)))
    place = {"name": "Upland", "working_days": [7, 1, 2, 3, 4]}
    upland = (await head.post("/calendars", place)).json()["id"]
    to = {name: plan[name] for name in ("release_date", "certainty")} | {"calendar": upland}
    path = f"/plans/{plan['id']}/release-date"
    preview = (await worker.post(f"{path}/preview", to)).json()
    assert preview["calendar"] == upland
    moved = (await worker.post(path, to, version=plan["version"])).json()
    assert moved["moved"] == preview["moved"]
    assert moved["moved"]
    week = OpenDays([7, 1, 2, 3, 4])
    for one in moved["moved"]:
        assert date.fromisoformat(one["before"]) not in week, one
        assert date.fromisoformat(one["after"]) in week, one
    opened = await world.a_plan(worker, release_date=plan["release_date"], calendar=upland)
    for one in moved["moved"]:
        assert row(opened, one["code"])["due_on"] == one["after"]


async def test_an_ordinary_move_stays_in_its_place(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    place = {"name": "Upland", "working_days": [7, 1, 2, 3, 4]}
    upland = (await head.post("/calendars", place)).json()["id"]
    day = on_weekday(WEDNESDAY, weeks=30)
    plan = await world.a_plan(worker, release_date=str(day), calendar=upland)
    to = {"release_date": str(day + A_DAY), "certainty": "expected"}
    await worker.post(f"/plans/{plan['id']}/release-date", to, version=plan["version"])
    now, week = await world.plan(worker, plan["id"]), OpenDays([7, 1, 2, 3, 4])
    days = {one.code: one.day for one in standard().rows_for("full", ())}
    for one in now["milestones"]:
        if one.get("due_on"):
            due = due_on(one["code"], days[one["code"]], day + A_DAY, week)
            assert date.fromisoformat(one["due_on"]) == due, one["code"]


async def test_before_a_holiday_a_silent_helper_is_called_on_the_open_day(
    world: World, chats: Chats
) -> None:
    head = await world.somebody("CO")
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    await close(world, head, day - A_DAY)
    await chats.a_member(worker, plan["id"], gate="first")
    for days, hour in ((3, 10), (2, 14)):  # the step of Tuesday 14:00, moved to Monday
        at(day - days * A_DAY, hour)
        await chats.round()
    steps = {task["step"] for task in (await worker.get("/tasks")).json()["tasks"]}
    assert "silent-call-1" in steps


async def test_a_call_after_a_missed_date_waits_until_offices_are_open(
    world: World, chats: Chats
) -> None:
    head = await world.somebody("CO")
    day = on_weekday(MONDAY)
    worker, plan = await a_release(world, day)
    await close(world, head, day + 2 * A_DAY)
    at(day, 10)
    await leave(world, worker, plan)
    body = {"role": "SW", "held_on": str(day + A_DAY), "held_at": "10:00:00"}
    date_ = (await worker.post(f"/plans/{plan['id']}/appointments", body)).json()
    at(day + A_DAY, 12)
    missed = {"state": "missed_no_contact"}
    answer = await worker.patch(f"/appointments/{date_['id']}", missed, version=1)
    assert answer.status_code == 200, answer.text
    [task] = await world.sql("SELECT local_due FROM task WHERE kind = 'call-after-missed'")
    assert task["local_due"] == day + 3 * A_DAY
    assert chats


async def test_coordinators_are_asked_once_a_month_until_the_days_are_confirmed(
    world: World, chats: Chats
) -> None:
    first, second = await world.somebody("CO"), await world.somebody("CO")
    at(date(a_day().year + 1, 3, 10), 9)
    for _ in range(2):
        await chats.job(calendars)
    assert (await kinds(first)).count("days-to-confirm") == 1
    assert "days-to-confirm" in await kinds(second)
    [task] = [t for t in (await first.get("/tasks")).json()["tasks"] if "days" in t["kind"]]
    closed = await first.post(
        f"/tasks/{task['id']}/close", {"outcome": "done"}, version=task["version"]
    )
    assert closed.status_code == 200, closed.text
    at(date(a_day().year, 3, 20), 9)
    await chats.job(calendars)
    assert "days-to-confirm" not in await kinds(first)
    at(date(a_day().year, 4, 2), 9)
    await chats.job(calendars)
    assert "days-to-confirm" in await kinds(first)
    await close(world, first)
    await chats.job(calendars)
    assert "days-to-confirm" not in await kinds(first)
    assert "days-to-confirm" not in await kinds(second)
    at(a_day() + 200 * A_DAY, 9)
    await chats.job(calendars)
    assert "days-to-confirm" not in await kinds(first)
    at(a_day() + 60 * A_DAY, 9)  # less than four months of confirmed days are left
    await chats.job(calendars)
    assert "days-to-confirm" in await kinds(first)


@pytest.mark.parametrize("role", ["SW", "AD", "DP"])
async def test_nobody_else_is_asked(world: World, chats: Chats, role: str) -> None:
    other = await world.somebody(role)
    await chats.job(calendars)
    rows = await world.sql("SELECT 1 FROM task WHERE assignee = $1", other.id)
    assert rows == []
