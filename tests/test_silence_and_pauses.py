"""Rhythms that nobody answers, and plans that rest for a while."""

from datetime import date, timedelta
from typing import Any

import pytest

from bots.phones.wire import Message
from tests.chats import Chats, Member, at
from tests.releases import a_release, change, kinds, leave, on_weekday, said
from tests.world import Caller, World, row

MONDAY = 1


async def _rhythm(
    world: World, chats: Chats
) -> tuple[Caller, Caller, dict[str, Any], Member, date]:
    """A mentor who is asked each week, counted from a Monday."""
    head = await world.somebody("CO")
    day = on_weekday(MONDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"])
    await change(world, worker, plan, "MEN-10", state="planned")
    at(day, 9)
    await leave(world, worker, plan)
    for code in ("MEN-09", "HOU-05"):
        await change(world, worker, plan, code, state="done")
    return head, worker, plan, mentor, day


async def test_the_third_silent_cycle_is_a_call_that_cares(world: World, chats: Chats) -> None:
    head, worker, _, mentor, day = await _rhythm(world, chats)
    asked = []
    for week in (1, 2, 3):
        for days, hour in ((0, 17), (1, 17), (2, 17)):
            assert "mentor-care-call" not in await kinds(head)
            at(day + timedelta(weeks=week, days=days), hour)
            await chats.round()
        asked.append(sum("Have you been in touch" in text for text in await said(chats, mentor)))
    assert asked == [2, 4, 6]  # each time one question and one repeat
    assert "mentor-care-call" in await kinds(head)
    assert (await kinds(worker)).count("mentor-silent") == 3


async def _due(world: World, worker: Caller, plan: dict[str, Any]) -> date:
    shown = row(await world.plan(worker, plan["id"]), "MEN-10")
    return date.fromisoformat(shown["due_on"])


async def _asked_twice(chats: Chats, mentor: Member, monday: date) -> list[Message]:
    """The question of a week and its repeat, neither of them answered."""
    for days in (0, 1):
        at(monday + timedelta(days=days), 17)
        await chats.round()
    return [one for one in await chats.texts(mentor.phone) if "Have you been in touch" in one.text]


async def _tap(chats: Chats, mentor: Member, label: str, message: Message) -> None:
    await chats.phones.tap(mentor.phone.id, label, message=message.id)
    await chats.round()
    assert "is noted" in await chats.last(mentor.phone)


async def test_two_answers_about_one_week_use_up_that_week_alone(
    world: World, chats: Chats
) -> None:
    _, worker, plan, mentor, day = await _rhythm(world, chats)
    monday = day + timedelta(weeks=1)
    asked = await _asked_twice(chats, mentor, monday)
    for minute, message in enumerate(asked, 5):
        at(monday + timedelta(days=1), 17, minute)
        await _tap(chats, mentor, "Met", message)
    assert await _due(world, worker, plan) == monday + timedelta(weeks=1)
    contacts = await world.sql("SELECT 1 FROM contact WHERE outcome = 'reached'")
    assert len(contacts) == 2
    before = len(await said(chats, mentor))
    for days in (0, 1, 2):
        at(monday + timedelta(weeks=1, days=days), 17)
        await chats.round()
    assert len(await said(chats, mentor)) == before + 2
    assert "mentor-silent" in await kinds(worker)


async def test_an_answer_about_last_week_leaves_the_question_of_this_week(
    world: World, chats: Chats
) -> None:
    _, worker, plan, mentor, day = await _rhythm(world, chats)
    monday = day + timedelta(weeks=1)
    first, repeat = await _asked_twice(chats, mentor, monday)
    at(monday + timedelta(days=1), 18)
    await _tap(chats, mentor, "Met", first)
    at(monday + timedelta(weeks=1), 9)
    await chats.round()
    await _tap(chats, mentor, "By phone", repeat)
    before = len(await said(chats, mentor))
    at(monday + timedelta(weeks=1), 17)
    await chats.round()
    assert len(await said(chats, mentor)) == before + 1
    assert await _due(world, worker, plan) == monday + timedelta(weeks=1)


@pytest.mark.parametrize("label", ["Met", "By phone"])
async def test_an_answer_about_last_week_is_none_about_this_one(
    world: World, chats: Chats, label: str
) -> None:
    """Tapped after this week's question came: its repeat comes, and its silence is noticed."""
    _, worker, _, mentor, day = await _rhythm(world, chats)
    monday = day + timedelta(weeks=1)
    first, _ = await _asked_twice(chats, mentor, monday)
    at(monday + timedelta(days=2), 17)
    await chats.round()
    assert (await kinds(worker)).count("mentor-silent") == 1, "of the first week"
    next_ = monday + timedelta(weeks=1)
    at(next_, 17)
    await chats.round()
    at(next_, 18)
    await _tap(chats, mentor, label, first)
    assert "mentor-silent" not in await kinds(worker), "the first week has its answer"
    before = len(await said(chats, mentor))
    at(next_ + timedelta(days=1), 17)
    await chats.round()
    assert len(await said(chats, mentor)) == before + 1
    at(next_ + timedelta(days=2), 17)
    await chats.round()
    assert (await kinds(worker)).count("mentor-silent") == 1, "of the second"


async def test_a_week_that_its_worker_moved_meanwhile_takes_the_answer(
    world: World, chats: Chats
) -> None:
    _, worker, plan, mentor, day = await _rhythm(world, chats)
    monday = day + timedelta(weeks=1)
    first, _ = await _asked_twice(chats, mentor, monday)
    at(monday + timedelta(days=1), 18)
    thursday = (monday + timedelta(days=3)).isoformat()
    await change(world, worker, plan, "MEN-10", due_on=thursday)
    await _tap(chats, mentor, "Met", first)
    assert await _due(world, worker, plan) == monday + timedelta(weeks=1)


@pytest.mark.parametrize("which", [0, 1])
async def test_either_of_two_answers_about_one_week_can_be_taken_back(
    world: World, chats: Chats, which: int
) -> None:
    _, worker, plan, mentor, day = await _rhythm(world, chats)
    monday = day + timedelta(weeks=1)
    noted = []
    for minute, message in enumerate(await _asked_twice(chats, mentor, monday), 5):
        at(monday + timedelta(days=1), 17, minute)
        await _tap(chats, mentor, "Met", message)
        noted.append((await chats.texts(mentor.phone))[-1])
    at(monday + timedelta(days=1), 17, 10)
    await chats.phones.tap(mentor.phone.id, "Take it back", message=noted[which].id)
    await chats.round()
    assert "is taken back" in await chats.last(mentor.phone)
    assert await _due(world, worker, plan) == monday + timedelta(weeks=which)
    open_again = await world.sql(
        "SELECT step FROM message WHERE rule = 'CONTACT' AND sent_at IS NOT NULL"
        " AND answered_at IS NULL"
    )
    assert open_again == [{"step": ("ask", "repeat")[which]}]


async def test_a_matter_is_repeated_once_however_often_it_is_asked_about(
    world: World, chats: Chats
) -> None:
    day = on_weekday(MONDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"])
    await change(world, worker, plan, "MEN-04", state="planned")
    due = day - timedelta(days=7)
    await change(world, worker, plan, "MEN-04", due_on=due.isoformat())
    for days in (7, 6, 5, 3, 2, 1, 0):
        at(due - timedelta(days=days), 10)
        await chats.round()
    rows = await world.sql("SELECT step FROM message WHERE rule = 'MEN-TASK' ORDER BY due_at")
    assert [one["step"] for one in rows] == ["ask-7", "repeat", "ask-2"]
    assert len(await said(chats, mentor)) >= 3


async def test_who_has_no_date_yet_is_asked_again_when_it_is_nearer(
    world: World, chats: Chats
) -> None:
    day = on_weekday(MONDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"])
    await change(world, worker, plan, "MEN-04", state="planned")
    due = day - timedelta(days=6)  # a Tuesday, so that both questions fall on open days
    await change(world, worker, plan, "MEN-04", due_on=(due + timedelta(days=2)).isoformat())
    at(due - timedelta(days=5), 10)
    await chats.round()
    await chats.tap(mentor.phone, "I have a date")
    await chats.tap(mentor.phone, "No date yet")
    before = len(await said(chats, mentor))
    at(due, 10)
    await chats.round()
    assert len(await said(chats, mentor)) == before + 1


async def test_silence_about_a_settled_matter_is_no_silence(world: World, chats: Chats) -> None:
    _, worker, plan, _, day = await _rhythm(world, chats)
    at(day + timedelta(weeks=1), 17)
    await chats.round()
    await change(world, worker, plan, "MEN-10", state="not_needed")
    at(day + timedelta(weeks=1, days=2), 17)
    await chats.round()
    assert "mentor-silent" not in await kinds(worker)


async def _state(world: World, worker: Caller, plan: str, state: str) -> None:
    seen = await world.plan(worker, plan)
    answer = await worker.post(f"/plans/{plan}/state", {"state": state}, version=seen["version"])
    assert answer.status_code == 200, answer.text


async def test_a_plan_that_goes_on_the_same_day_asks_what_was_due(
    world: World, chats: Chats
) -> None:
    _, worker, plan, mentor, day = await _rhythm(world, chats)
    at(day + timedelta(weeks=1), 8)
    await chats.round()
    await _state(world, worker, plan["id"], "paused")
    before = len(await said(chats, mentor))
    at(day + timedelta(weeks=1), 12)
    await chats.round()
    await _state(world, worker, plan["id"], "active_outside")
    at(day + timedelta(weeks=1), 17)
    await chats.round()
    assert len(await said(chats, mentor)) == before + 1


async def test_a_rhythm_that_rested_goes_on_and_asks_nothing_twice(
    world: World, chats: Chats
) -> None:
    _, worker, plan, mentor, day = await _rhythm(world, chats)
    at(day + timedelta(days=6), 9)
    await _state(world, worker, plan["id"], "paused")
    before = len(await said(chats, mentor))
    for days in (7, 14):
        at(day + timedelta(days=days), 17)
        await chats.round()
    at(day + timedelta(days=16), 9)
    await _state(world, worker, plan["id"], "active_outside")
    at(day + timedelta(days=16), 18)
    await chats.round()
    assert len(await said(chats, mentor)) == before
    shown = row(await world.plan(worker, plan["id"]), "MEN-10")
    assert shown["due_on"] == (day + timedelta(days=14)).isoformat()
    at(day + timedelta(days=21), 17)
    await chats.round()
    assert len(await said(chats, mentor)) == before + 1
    assert "mentor-silent" not in await kinds(worker)


async def test_a_plan_that_steps_down_asks_nothing_more_of_a_mentor_but_for_the_goodbye(
    world: World, chats: Chats
) -> None:
    _, worker, plan, mentor, day = await _rhythm(world, chats)
    await change(world, worker, plan, "MEN-14", state="planned")
    week = day + timedelta(weeks=1)
    at(week, 17)
    await chats.round()
    before = len(await said(chats, mentor))
    seen = await world.plan(worker, plan["id"])
    path, down = f"/plans/{plan['id']}/state", {"state": "step_down"}
    assert (await worker.post(path, down, version=seen["version"])).status_code == 200
    for days in (1, 2, 7, 8, 9):
        at(week + timedelta(days=days), 17, 5)
        await chats.round()
    assert len(await said(chats, mentor)) == before
    assert "mentor-silent" not in await kinds(worker)
    after = await world.plan(worker, plan["id"])
    states = [row(after, code)["state"] for code in ("MEN-10", "MEN-14")]
    assert states == ["not_needed", "planned"]
