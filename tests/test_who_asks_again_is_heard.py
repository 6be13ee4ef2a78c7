"""Whoever asks a human by a button, after one of them has closed the first task, is heard again."""

from typing import Any

import pytest

from tests.chats import Chats, Member, at
from tests.releases import a_release, kinds, leave, on_weekday
from tests.world import Caller, World

WEDNESDAY = 3


async def _asked_for_a_call(world: World, chats: Chats) -> tuple[Caller, Member]:
    """A mentor who was told that nobody comes today, and has tapped Call me."""
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    at(day, 8)
    await leave(world, worker, plan, left=False)
    await chats.round()
    await _taps_again(world, chats, mentor)
    return worker, mentor


async def _taps_again(world: World, chats: Chats, mentor: Member) -> None:
    """The same text once more, about the same: it is answered by the same promise."""
    await world.sql("UPDATE message SET answered_at = NULL WHERE key = 'GATE-OFF'")
    answer = await chats.tap(mentor.phone, "Call me")
    assert "has been told and will call you" in answer


async def _closes(worker: Caller) -> None:
    tasks: list[dict[str, Any]] = (await worker.get("/tasks")).json()["tasks"]
    [task] = [one for one in tasks if one["kind"] == "call-me"]
    closed = await worker.post(
        f"/tasks/{task['id']}/close", {"outcome": "called"}, version=task["version"]
    )
    assert closed.status_code == 200, closed.text


@pytest.mark.parametrize("times", [1, 2])
async def test_a_button_after_the_call_asks_for_another(
    world: World, chats: Chats, times: int
) -> None:
    worker, mentor = await _asked_for_a_call(world, chats)
    for _ in range(times):
        await _closes(worker)
        assert "call-me" not in await kinds(worker)
        await _taps_again(world, chats, mentor)
        assert (await kinds(worker)).count("call-me") == 1


async def test_a_button_before_the_call_asks_for_no_other(world: World, chats: Chats) -> None:
    worker, mentor = await _asked_for_a_call(world, chats)
    await _taps_again(world, chats, mentor)
    assert (await kinds(worker)).count("call-me") == 1
    await _closes(worker)
    for _ in range(2):
        await _taps_again(world, chats, mentor)
    assert (await kinds(worker)).count("call-me") == 1


async def test_of_two_texts_of_one_day_each_has_its_task(world: World, chats: Chats) -> None:
    """A closing counts for the text that it was about: the other's task stays one."""
    worker, mentor = await _asked_for_a_call(world, chats)
    await _closes(worker)
    await world.sql(
        "INSERT INTO task (id, agency, plan, version, kind, step, role, subject, about, local_due,"
        " due_at, urgency, opened_at) SELECT gen_random_uuid(), agency, plan, 1, kind, 'APPT-3',"
        " role, subject, about, local_due, due_at, urgency, opened_at FROM task"
        " WHERE kind = 'call-me'"
    )
    await world.sql("UPDATE task SET closed_at = opened_at WHERE step = 'APPT-3'")
    await _taps_again(world, chats, mentor)
    waiting = "SELECT step FROM task WHERE closed_at IS NULL AND kind = 'call-me'"
    assert await world.sql(waiting) == [{"step": "GATE-OFF again-1"}]
