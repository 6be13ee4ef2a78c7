"""A tap is an act like any other: it leaves its row in the record."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from backend import clock
from tests.chats import Chats, Member, at
from tests.releases import a_phone_of, a_release, change, kinds, leave, on_weekday
from tests.world import Caller, World, row

WEDNESDAY = 3


async def test_a_tap_is_in_the_record_with_who_and_on_what(world: World, chats: Chats) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    at(day - timedelta(days=7), 10)
    await chats.round()
    (asked,) = await world.sql("SELECT id FROM message WHERE key = 'GATE-7'")
    taps = "SELECT actor, role, plan, object FROM audit WHERE operation = 'tap'"
    assert await world.sql(taps) == []
    await chats.tap(mentor.phone, "Yes")
    assert await world.sql(taps) == [
        {
            "actor": UUID(mentor.actor),
            "role": "ME",
            "plan": UUID(plan["id"]),
            "object": asked["id"],
        }
    ]


async def _asked_for_a_contact(world: World, chats: Chats) -> tuple[Caller, Any, Member, date]:
    """The evening after the day of leaving: a mentor is asked whether anybody was reached."""
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"])
    at(day, 9)
    await leave(world, worker, plan)
    at(day + timedelta(days=1), 18, 5)
    await chats.round()
    return worker, plan, mentor, day


async def test_what_an_answer_said_is_said_no_more_once_it_is_taken_back(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor, day = await _asked_for_a_contact(world, chats)
    before = row(await world.plan(worker, plan["id"]), "MEN-09")
    await chats.tap(mentor.phone, "Reached")
    assert row(await world.plan(worker, plan["id"]), "MEN-09")["said_by"] == "ME"
    await chats.tap(mentor.phone, "Take it back")
    assert row(await world.plan(worker, plan["id"]), "MEN-09")["said_by"] is None
    after = row(await world.plan(worker, plan["id"]), "MEN-09")
    assert (after["state"], after["due_on"]) == (before["state"], before["due_on"])
    assert "done_on" not in after or after["done_on"] is None
    assert "taken-back" in await kinds(worker)
    at(day + timedelta(days=2), 12, 5)
    before_ = len(await chats.texts(mentor.phone))
    await chats.round()
    assert len(await chats.texts(mentor.phone)) > before_, "the others, and they, are asked on"


async def test_what_somebody_of_the_staff_answered_in_their_own_chat_can_be_taken_back_too(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    staff = await a_phone_of(chats, worker)
    at(day, 9)
    await leave(world, worker, plan)
    at(day + timedelta(days=1), 18, 5)
    await chats.round()
    before = row(await world.plan(worker, plan["id"]), "MEN-09")
    await chats.tap(staff.phone, "Reached")
    assert row(await world.plan(worker, plan["id"]), "MEN-09")["state"] == "done"
    undo = (await chats.texts(staff.phone))[-1]
    await chats.tap(staff.phone, "Take it back")
    after = row(await world.plan(worker, plan["id"]), "MEN-09")
    assert (after["state"], after["due_on"]) == (before["state"], before["due_on"])
    assert "taken-back" in await kinds(worker)
    # who has left the plan changes nothing of it any more
    at(day + timedelta(days=2), 12, 5)
    await chats.round()
    await chats.tap(staff.phone, "Reached")
    assert (await chats.texts(staff.phone))[-1].text == undo.text
    await world.sql("UPDATE mandate SET ends = $2 WHERE actor = $1", worker.id, clock.now())
    await chats.tap(staff.phone, "Take it back")
    [kept] = await world.sql("SELECT state FROM milestone WHERE code = 'MEN-09'")
    assert kept["state"] == "done"


async def test_a_cycle_that_was_answered_is_due_again_once_it_is_taken_back(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor, _ = await _asked_for_a_contact(world, chats)
    await change(world, worker, plan, "MEN-10", state="planned")
    before = row(await world.plan(worker, plan["id"]), "MEN-10")["due_on"]
    at(date.fromisoformat(before), 17, 5)
    await chats.round()
    await chats.tap(mentor.phone, "Met")
    assert row(await world.plan(worker, plan["id"]), "MEN-10")["due_on"] > before
    await chats.tap(mentor.phone, "Take it back")
    assert row(await world.plan(worker, plan["id"]), "MEN-10")["due_on"] == before
    cycles = await world.sql("SELECT cycle FROM milestone WHERE code = 'MEN-10'")
    assert cycles == [{"cycle": 0}]


async def test_a_late_answer_leaves_no_next_time_in_the_past(world: World, chats: Chats) -> None:
    worker, plan, mentor, _ = await _asked_for_a_contact(world, chats)
    await change(world, worker, plan, "MEN-10", state="planned")
    due = date.fromisoformat(row(await world.plan(worker, plan["id"]), "MEN-10")["due_on"])
    at(due, 17, 5)
    await chats.round()
    late = due + timedelta(days=16)  # two cycles on
    at(late, 12, 5)
    await chats.tap(mentor.phone, "Met")
    found = row(await world.plan(worker, plan["id"]), "MEN-10")
    assert date.fromisoformat(found["due_on"]) >= late
    assert not found["overdue"]


async def test_what_a_worker_changed_since_stays_as_they_left_it(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor, day = await _asked_for_a_contact(world, chats)
    await chats.tap(mentor.phone, "Reached")
    at(day + timedelta(days=1), 18, 7)
    await change(world, worker, plan, "MEN-09", state="done")
    await chats.tap(mentor.phone, "Take it back")
    assert row(await world.plan(worker, plan["id"]), "MEN-09")["state"] == "done"
