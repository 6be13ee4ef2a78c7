"""A yes or no about a day of release counts for that day, and for no other."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest

from bots.phones.wire import Message
from tests.chats import Chats, Member, at
from tests.releases import a_release, change, kinds, leave, move, on_weekday, said
from tests.world import Caller, World, row

WEDNESDAY = 3
Scene = tuple[Caller, dict[str, Any], Member, date]


async def _scene(world: World, chats: Chats) -> Scene:
    """A helper who was asked a week ahead and has not answered; the day asked about."""
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    await change(world, worker, plan, "MEN-06", state="planned")
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    at(day - timedelta(days=7), 10)
    await chats.round()
    assert "Is that still possible" in await chats.last(mentor.phone)
    return worker, plan, mentor, day


async def _steps(world: World, day: date) -> set[str]:
    """What silence about this day has opened."""
    rows = await world.sql(
        "SELECT step FROM task WHERE step LIKE 'silent%' AND local_due = $1", day
    )
    return {one["step"] for one in rows}


async def _holds(world: World, member: Member) -> bool:
    rows = await world.sql("SELECT id::text FROM member WHERE gate = 'first'")
    return rows == [{"id": member.actor}]


async def _answer(chats: Chats, member: Member, to: Message, label: str) -> str:
    await chats.phones.tap(member.phone.id, label, message=to.id)
    await chats.round()
    return await chats.last(member.phone)


async def _asked(chats: Chats, member: Member) -> Message:
    return (await chats.texts(member.phone))[-1]


@pytest.mark.parametrize("later", [2, 5, 14])
async def test_a_yes_to_a_day_that_was_called_off_silences_nothing_of_the_next(
    world: World, chats: Chats, later: int
) -> None:
    worker, plan, mentor, day = await _scene(world, chats)
    at(day - timedelta(days=1), 10)
    await chats.round()
    await chats.tap(mentor.phone, "Yes")
    assert row(await world.plan(worker, plan["id"]), "GAT-01")["state"] == "done"
    at(day, 8)
    await leave(world, worker, plan, left=False)
    await chats.round()
    at(day, 9)
    to = day + timedelta(days=later)
    await move(world, worker, plan, to)
    for hour in (10, 14):
        at(to - timedelta(days=1), hour)
        await chats.round()
    assert "silent-call-1" in await _steps(world, to)
    at(to - timedelta(days=1), 14, 30)
    await chats.tap(mentor.phone, "Yes")
    at(to - timedelta(days=1), 17)
    await chats.round()
    assert "silent-decide" not in await _steps(world, to)


async def test_a_yes_to_a_day_that_came_nearer_is_no_yes_to_the_nearer_one(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor, day = await _scene(world, chats)
    await chats.tap(mentor.phone, "Yes")
    at(day - timedelta(days=7), 12)
    to = day - timedelta(days=1)
    await move(world, worker, plan, to)
    asked = len(await said(chats, mentor))
    at(to - timedelta(days=6), 12)
    await chats.round()
    assert await said(chats, mentor, since=asked), "they are asked about the day that it is now"
    at(to - timedelta(days=5), 9)
    await chats.round()
    assert "silent-call" in await _steps(world, to)


async def test_what_a_worker_settles_after_a_move_is_settled_for_the_day_that_it_is_now(
    world: World, chats: Chats
) -> None:
    worker, plan, _, day = await _scene(world, chats)
    at(day - timedelta(days=6), 12)
    to = day + timedelta(days=7)
    await move(world, worker, plan, to)
    at(day - timedelta(days=6), 12, 5)
    await change(world, worker, plan, "GAT-01", state="done")
    for days, hour in ((7, 10), (5, 9), (3, 16), (1, 14), (1, 16)):
        at(to - timedelta(days=days), hour)
        await chats.round()
    assert await _steps(world, to) == set()


async def test_a_date_that_was_put_back_after_a_slip_is_the_day_that_was_asked_about(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor, day = await _scene(world, chats)
    asked = await _asked(chats, mentor)
    for minute, to in enumerate((day + timedelta(days=7), day)):
        at(day - timedelta(days=7), 11, minute)
        await move(world, worker, plan, to)
    at(day - timedelta(days=7), 12)
    await chats.round()
    assert "is noted" in await _answer(chats, mentor, asked, "Yes")
    assert row(await world.plan(worker, plan["id"]), "MEN-06")["state"] == "done"
    for hour in (9, 12):
        at(day - timedelta(days=5), hour)
        await chats.round()
    assert await _steps(world, day) == set()


async def _moves(world: World, worker: Caller, plan: dict[str, Any], day: date) -> None:
    at(day - timedelta(days=6), 12)
    await move(world, worker, plan, day + timedelta(days=7))


async def _is_off(world: World, worker: Caller, plan: dict[str, Any], day: date) -> None:
    at(day, 8)
    await leave(world, worker, plan, left=False)


Ends = Callable[[World, Caller, dict[str, Any], date], Awaitable[None]]
ENDS = pytest.mark.parametrize("ends", [_moves, _is_off])


@ENDS
async def test_a_no_to_a_day_that_holds_no_longer_takes_no_duty_and_a_human_calls(
    world: World, chats: Chats, ends: Ends
) -> None:
    worker, plan, mentor, day = await _scene(world, chats)
    sibling = await chats.a_member(worker, plan["id"], "FA", gate="substitute")
    asked = await _asked(chats, mentor)
    await ends(world, worker, plan, day)
    await chats.round()
    before = len(await said(chats, sibling))
    assert "Thank you for telling us" in await _answer(chats, mentor, asked, "No")
    assert await _holds(world, mentor)
    assert len(await said(chats, sibling)) == before
    assert "cant" in await kinds(worker)
    assert "gate-substitute" not in await kinds(worker)


@ENDS
async def test_a_yes_to_a_day_that_holds_no_longer_settles_nothing_and_a_human_calls(
    world: World, chats: Chats, ends: Ends
) -> None:
    worker, plan, mentor, day = await _scene(world, chats)
    asked = await _asked(chats, mentor)
    await ends(world, worker, plan, day)
    await chats.round()
    assert "is noted" in await _answer(chats, mentor, asked, "Yes")
    assert row(await world.plan(worker, plan["id"]), "MEN-06")["state"] == "planned"
    assert "gate-unanswered" in await kinds(worker)


async def test_an_answer_about_the_old_day_ends_no_question_and_no_call_about_the_new_one(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor, day = await _scene(world, chats)
    asked = await _asked(chats, mentor)
    await _moves(world, worker, plan, day)
    at(day, 9)  # a week before the new one; the question waits for ten
    await chats.round()
    await _answer(chats, mentor, asked, "Call me")
    before = len(await said(chats, mentor))
    at(day, 10)
    await chats.round()
    assert any("Is that still possible" in text for text in await said(chats, mentor, since=before))
    at(day + timedelta(days=2), 9)
    await chats.round()
    assert await _steps(world, day + timedelta(days=7)) == {"silent-call"}


async def test_a_substitute_who_was_asked_at_once_keeps_the_duty_of_another_day(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor, day = await _scene(world, chats)
    sibling = await chats.a_member(worker, plan["id"], "FA", gate="substitute")
    at(day - timedelta(days=5), 11)
    await chats.tap(mentor.phone, "No")
    asked = await _asked(chats, sibling)
    assert "Is it still possible" in asked.text
    at(day - timedelta(days=4), 11)
    await move(world, worker, plan, day + timedelta(days=7))
    at(day - timedelta(days=4), 12)
    await _answer(chats, sibling, asked, "No")
    assert await _holds(world, sibling)


async def test_a_substitute_who_can_stops_the_ladder(world: World, chats: Chats) -> None:
    worker, plan, mentor, day = await _scene(world, chats)
    sibling = await chats.a_member(worker, plan["id"], "FA", gate="substitute")
    at(day - timedelta(days=6), 11)
    await chats.tap(mentor.phone, "No")
    at(day - timedelta(days=5), 8)
    await chats.round()
    assert "is noted" in await chats.tap(sibling.phone, "Yes")
    at(day - timedelta(days=5), 9)
    await chats.round()
    assert await _steps(world, day) == set()
