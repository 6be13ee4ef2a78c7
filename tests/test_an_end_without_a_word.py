"""After a death no machine says a word, asks for anything or keeps a date; humans call."""

from datetime import date, timedelta
from typing import Any

import pytest

from backend import clock
from tests.chats import Chats, Member, at
from tests.releases import a_phone_of, a_release, joins, kinds, leave, on_weekday, said
from tests.world import Caller, World

SCENE = tuple[Caller, Caller, dict[str, Any], dict[str, Member]]


async def _scene(world: World, chats: Chats) -> SCENE:
    """Worker and coordinator, a plan a week before its day, and everybody's phone."""
    day = on_weekday(3)
    head = await world.somebody("CO")
    worker, plan = await a_release(world, day)
    phones = {
        "mentor": await chats.a_member(worker, plan["id"], gate="first"),
        "mother": await chats.a_member(worker, plan["id"], "FA"),
        "person": await chats.a_member(worker, plan["id"], "PE", facts=()),
        "worker": await a_phone_of(chats, worker),
    }
    date_ = {"role": "SW", "held_on": day.isoformat(), "held_at": "10:00:00", "place": "Office"}
    assert (await worker.post(f"/plans/{plan['id']}/appointments", date_)).status_code == 201
    at(day - timedelta(days=7), 1)
    await chats.round()
    waiting = await world.sql("SELECT key FROM message WHERE state = 'queued'")
    assert "GATE-7" in {one["key"] for one in waiting}
    return worker, head, plan, phones


async def _end(world: World, who: Caller, plan: dict[str, Any], status: int = 200) -> None:
    seen = await world.plan(who, plan["id"])
    answer = await who.post(f"/plans/{plan['id']}/silent-end", version=seen["version"])
    assert answer.status_code == status, answer.text


async def test_at_once_nothing_is_said_asked_or_due_and_no_farewell_goes_out(
    world: World, chats: Chats
) -> None:
    worker, head, plan, phones = await _scene(world, chats)
    before = {who: len(await said(chats, phone)) for who, phone in phones.items()}
    await _end(world, worker, plan)
    assert await world.sql("SELECT 1 FROM message WHERE state IN ('queued', 'claimed')") == []
    assert (
        await world.sql("SELECT 1 FROM milestone WHERE state IN ('planned', 'in_progress')") == []
    )
    assert await world.sql("SELECT DISTINCT state FROM appointment") == [
        {"state": "cancelled_by_service"}
    ]
    assert await kinds(worker) == []
    assert await kinds(head) == ["tell-the-circle"]
    now = clock.now()
    for days in range(40):
        clock.travel(lambda days=days: now + timedelta(days=days))  # type: ignore[misc]
        await chats.round()
    assert {who: len(await said(chats, phone)) for who, phone in phones.items()} == before


async def test_no_word_of_what_it_was_is_written_anywhere(world: World, chats: Chats) -> None:
    worker, _, plan, _ = await _scene(world, chats)
    await _end(world, worker, plan)
    assert (await world.plan(worker, plan["id"]))["state"] == "closed"
    [row] = await world.sql("SELECT state, closed_at FROM plan")
    assert row["state"] == "closed"
    assert row["closed_at"] is not None


async def test_a_relatives_call_for_help_is_answered_for_ninety_days_and_the_persons_phone_is_off(
    world: World, chats: Chats
) -> None:
    worker, _, plan, phones = await _scene(world, chats)
    await _end(world, worker, plan)
    now = clock.now()
    assert "not connected" in await chats.say(phones["person"].phone, "HELP")
    clock.travel(lambda: now + timedelta(days=89))
    await chats.round()
    await chats.say(phones["mother"].phone, "HELP")
    assert "need-help" in await kinds(worker)
    clock.travel(lambda: now + timedelta(days=91))
    await chats.round()
    assert "not connected" in await chats.say(phones["mother"].phone, "HELP")


async def test_a_mentors_chat_ends_after_a_week(world: World, chats: Chats) -> None:
    worker, _, plan, phones = await _scene(world, chats)
    await _end(world, worker, plan)
    now = clock.now()
    clock.travel(lambda: now + timedelta(days=8))
    await chats.round()
    states = {
        str(one["subject"]): one["state"]
        for one in await world.sql("SELECT subject, state FROM link WHERE plan IS NOT NULL")
    }
    assert states[phones["mentor"].actor] == "ended"
    assert states[phones["mother"].actor] == "active"


async def test_whoever_ends_it_the_others_who_lead_it_are_asked_to_call(
    world: World, chats: Chats
) -> None:
    worker, head, plan, _ = await _scene(world, chats)
    await _end(world, head, plan)
    assert await kinds(head) == []
    assert await kinds(worker) == ["tell-the-circle"]


async def test_the_release_desk_ends_it_while_the_person_is_inside_and_not_after(
    world: World, chats: Chats
) -> None:
    worker, head, plan, _ = await _scene(world, chats)
    desk = await world.somebody("PS")
    await joins(world, worker, plan, desk, "PS")
    at(date.fromisoformat(plan["release_date"]), 9)
    await leave(world, worker, plan)
    await _end(world, desk, plan, 409)
    other = await world.a_plan(worker)
    await joins(world, worker, other, desk, "PS")
    await _end(world, desk, other)
    assert "tell-the-circle" in await kinds(worker)
    assert "tell-the-circle" in await kinds(head)


async def test_it_is_ended_once(world: World, chats: Chats) -> None:
    worker, _, plan, _ = await _scene(world, chats)
    await _end(world, worker, plan)
    await _end(world, worker, plan, 409)
    assert len(await world.sql("SELECT 1 FROM task WHERE kind = 'tell-the-circle'")) == 1


async def test_what_is_owed_to_somebody_stays_owed(world: World, chats: Chats) -> None:
    worker, _, plan, _ = await _scene(world, chats)
    await world.sql(
        "INSERT INTO task (id, agency, plan, version, kind, step, role, subject, local_due,"
        " due_at, urgency, opened_at) SELECT gen_random_uuid(), agency, id, 1, k, '', 'SW', id,"
        " current_date, now(), 0, now() FROM plan,"
        " unnest(ARRAY['correction-asked', 'mentor-silent']) AS k"
    )
    await _end(world, worker, plan)
    assert await kinds(worker) == ["correction-asked"]


@pytest.mark.parametrize("role", ["PO", "TR"])
async def test_nobody_else_may_and_they_see_a_plan_that_is_closed(
    world: World, chats: Chats, role: str
) -> None:
    worker, _, plan, _ = await _scene(world, chats)
    other = await world.somebody(role)
    await joins(world, worker, plan, other, role)
    answer = await other.post(f"/plans/{plan['id']}/silent-end", version=1)
    assert answer.status_code == 403
    await _end(world, worker, plan)
    seen = (await other.get(f"/plans/{plan['id']}")).json()
    assert seen.get("state", "closed") == "closed"
