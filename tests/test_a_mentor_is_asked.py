"""One mentor's task, from the row to the tap."""

from datetime import date, timedelta
from typing import Any

from backend import clock
from tests.chats import Chats, Member, at
from tests.world import Caller, World, a_day, row
from workflows.retain import retain


async def _a_mentor_with_a_task(
    world: World, chats: Chats
) -> tuple[Caller, dict[str, Any], Member, date]:
    worker = await world.somebody("SW")
    monday = a_day() + timedelta(days=7 - a_day().weekday())
    at(monday, 9)
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, release_date=(monday + timedelta(days=104)).isoformat())
    mentor = await chats.a_member(worker, plan["id"])
    meeting = row(plan, "MEN-03")  # ninety days before release, so a fortnight from now
    woken = await worker.patch(f"/milestones/{meeting['id']}", {"state": "planned"}, version=1)
    assert woken.status_code == 200
    plan = await world.plan(worker, plan["id"])
    due = date.fromisoformat(row(plan, "MEN-03")["due_on"])
    assert due == monday + timedelta(days=14)
    return worker, plan, mentor, due


async def test_a_mentor_is_asked_a_week_ahead_and_the_answer_ends_the_chain(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor, due = await _a_mentor_with_a_task(world, chats)
    before = len(await chats.texts(mentor.phone))
    at(due - timedelta(days=7), 9, 30)
    await chats.round()
    assert len(await chats.texts(mentor.phone)) == before  # not before ten
    at(due - timedelta(days=7), 10, 1)
    await chats.round()
    asked = await chats.last(mentor.phone)
    assert f"meeting with {mentor.alias}" in asked
    answer = await chats.tap(mentor.phone, "I have a date")
    assert answer.startswith("Which day will it be?")
    said = await chats.texts(mentor.phone)
    label = said[-1].buttons[0][0]["text"]
    assert "is noted" in await chats.tap(mentor.phone, label)
    count = len(await chats.texts(mentor.phone))
    for days in (6, 5, 2, 1):
        at(due - timedelta(days=days), 10, 5)
        await chats.round()
    assert len(await chats.texts(mentor.phone)) == count
    shown = row(await world.plan(worker, plan["id"]), "MEN-03")
    assert (shown["state"], shown["said_by"]) == ("planned", "ME")
    assert (await worker.get("/tasks")).json()["tasks"] == [
        one for one in (await worker.get("/tasks")).json()["tasks"] if one["kind"] == "confirm-link"
    ]


async def test_silence_ends_in_one_repeat_and_then_in_a_task(world: World, chats: Chats) -> None:
    worker, _, mentor, due = await _a_mentor_with_a_task(world, chats)
    at(due - timedelta(days=7), 10, 1)
    await chats.round()
    asked = len(await chats.texts(mentor.phone))
    at(due - timedelta(days=6), 10, 2)
    await chats.round()
    assert len(await chats.texts(mentor.phone)) == asked + 1
    at(due - timedelta(days=5), 10, 3)
    await chats.round()
    await chats.round()
    assert len(await chats.texts(mentor.phone)) == asked + 1
    kinds = [one["kind"] for one in (await worker.get("/tasks")).json()["tasks"]]
    assert kinds.count("mentor-silent") == 1
    await chats.tap(mentor.phone, "Can't")
    kinds = [one["kind"] for one in (await worker.get("/tasks")).json()["tasks"]]
    assert "mentor-silent" not in kinds
    assert "cant" in kinds


async def test_a_tap_by_another_account_does_nothing(world: World, chats: Chats) -> None:
    _, _, mentor, due = await _a_mentor_with_a_task(world, chats)
    at(due - timedelta(days=7), 10, 1)
    await chats.round()
    stranger = await chats.phones.phone("somebody else")
    await chats.say(stranger, "hello")
    message = (await chats.texts(mentor.phone))[-1]
    await chats.phones.tap(stranger.id, "Can't", message=message.id)
    await chats.round()
    assert await world.sql("SELECT * FROM claim") == []


async def test_stop_works_at_once_and_nothing_more_is_sent(world: World, chats: Chats) -> None:
    worker, _, mentor, due = await _a_mentor_with_a_task(world, chats)
    assert "Messages are stopped" in await chats.say(mentor.phone, "توقف")
    count = len(await chats.texts(mentor.phone))
    at(due - timedelta(days=7), 10, 1)
    await chats.round()
    assert len(await chats.texts(mentor.phone)) == count
    kinds = [one["kind"] for one in (await worker.get("/tasks")).json()["tasks"]]
    assert "link-stopped" in kinds


async def test_free_text_is_sealed_answered_and_becomes_a_task(world: World, chats: Chats) -> None:
    worker, _, mentor, _ = await _a_mentor_with_a_task(world, chats)
    answer = await chats.say(mentor.phone, "A canary sings in this text")
    assert "A person will read this" in answer
    kinds = [one["kind"] for one in (await worker.get("/tasks")).json()["tasks"]]
    assert "free-text" in kinds
    stored = await world.sql("SELECT text FROM incoming")
    assert len(stored) == 1
    assert b"canary" not in stored[0]["text"]


async def test_what_fell_due_before_a_restore_is_not_said_again_but_given_to_a_human(
    world: World, chats: Chats
) -> None:
    worker, _, mentor, due = await _a_mentor_with_a_task(world, chats)
    said = len(await chats.texts(mentor.phone))
    at(due - timedelta(days=7), 11)
    await world.sql(
        "INSERT INTO audit (at, operation, outcome) VALUES ($1, 'restore', 'done') RETURNING id",
        clock.now(),
    )
    await chats.round()
    assert len(await chats.texts(mentor.phone)) == said
    kinds = [one["kind"] for one in (await worker.get("/tasks")).json()["tasks"]]
    assert "late-message" in kinds


async def test_a_free_text_is_gone_after_thirty_days(world: World, chats: Chats) -> None:
    worker, _, mentor, due = await _a_mentor_with_a_task(world, chats)
    await chats.say(mentor.phone, "A canary sings in this text")
    at(due - timedelta(days=14) + timedelta(days=30), 3)
    await chats.job(retain)
    assert (await world.sql("SELECT text FROM incoming"))[0]["text"] is not None
    at(due - timedelta(days=14) + timedelta(days=31), 3)
    await chats.job(retain)
    assert (await world.sql("SELECT text FROM incoming"))[0]["text"] is None
    assert worker.id
