"""After a death no machine says a word, asks for anything or keeps a date; humans call."""

from datetime import date, timedelta
from typing import Any

import pytest

from backend import clock, database
from backend.messages.sending import put_back
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


async def _heard(chats: Chats, phones: dict[str, Member]) -> dict[str, int]:
    """How much was said to each, but for the mornings' numbers of what waits for a worker."""
    return {
        who: sum("due today" not in text for text in await said(chats, phone))
        for who, phone in phones.items()
    }


async def _go_on(chats: Chats, plan: dict[str, Any]) -> None:
    """Hours at which something would be asked, from a week before the day to three days after."""
    day = date.fromisoformat(plan["release_date"])
    for days, hour in ((-7, 10), (-6, 10), (-5, 10), (-3, 10), (-1, 10), (0, 12), (1, 18), (3, 16)):
        at(day + timedelta(days=days), hour, 5)
        await chats.round()


async def test_on_a_plan_that_goes_on_all_of_them_hear_something(
    world: World, chats: Chats
) -> None:
    """Or the silence below would prove nothing."""
    worker, _, plan, phones = await _scene(world, chats)
    before = await _heard(chats, phones)
    await _go_on(chats, plan)
    after = await _heard(chats, phones)
    assert all(after[who] > before[who] for who in ("mentor", "person")), after
    assert "gate-unanswered" in await kinds(worker)


async def test_at_once_nothing_is_said_asked_or_due_and_no_farewell_goes_out(
    world: World, chats: Chats
) -> None:
    worker, head, plan, phones = await _scene(world, chats)
    before = await _heard(chats, phones)
    await _end(world, worker, plan)
    assert await world.sql("SELECT 1 FROM message WHERE state IN ('queued', 'claimed')") == []
    assert (
        await world.sql("SELECT 1 FROM milestone WHERE state IN ('planned', 'in_progress')") == []
    )
    assert await world.sql("SELECT DISTINCT state FROM appointment") == [
        {"state": "cancelled_by_service"}
    ]
    assert await kinds(worker) == ["tell-the-circle"]
    assert await kinds(head) == ["tell-the-circle"]
    await _go_on(chats, plan)
    assert await _heard(chats, phones) == before


async def test_no_word_of_what_it_was_is_written_anywhere(world: World, chats: Chats) -> None:
    """It differs from a plan that was closed as others are by what goes out, and by no state."""
    worker, _, plan, _ = await _scene(world, chats)
    await _end(world, worker, plan)
    assert (await world.plan(worker, plan["id"]))["state"] == "closed"
    [row] = await world.sql("SELECT state, closed_at FROM plan")
    assert row["state"] == "closed"
    assert row["closed_at"] is not None
    for table in ("task", "milestone_event", "audit", "appointment", "message"):
        for one in await world.sql(f"SELECT * FROM {table}"):
            words = " ".join(str(value) for value in one.values()).lower()
            assert "death" not in words, (table, words)
            assert "died" not in words, (table, words)


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


async def test_whoever_ends_it_both_who_lead_it_are_asked_to_call(
    world: World, chats: Chats
) -> None:
    worker, head, plan, _ = await _scene(world, chats)
    await _end(world, head, plan)
    assert await kinds(head) == ["tell-the-circle"]
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


async def test_to_end_it_again_asks_nobody_twice(world: World, chats: Chats) -> None:
    worker, _, plan, _ = await _scene(world, chats)
    await _end(world, worker, plan)
    await _end(world, worker, plan)
    assert len(await world.sql("SELECT 1 FROM task WHERE kind = 'tell-the-circle'")) == 2


async def test_a_farewell_that_waits_is_not_said_after_it(world: World, chats: Chats) -> None:
    """A plan was closed in the evening, and then the news came."""
    worker, _, plan, phones = await _scene(world, chats)
    seen = await world.plan(worker, plan["id"])
    closed = {"state": "closed"}
    path = f"/plans/{plan['id']}/state"
    assert (await worker.post(path, closed, version=seen["version"])).status_code == 200
    before = await _heard(chats, phones)
    await _end(world, worker, plan)
    await _go_on(chats, plan)
    assert await _heard(chats, phones) == before
    assert await kinds(worker) == ["tell-the-circle"]


async def test_a_farewell_that_was_on_its_way_is_not_tried_again_after_it(
    world: World, chats: Chats
) -> None:
    """The service was out of order while it was being said, and then the news came."""
    worker, _, plan, phones = await _scene(world, chats)
    seen = await world.plan(worker, plan["id"])
    path = f"/plans/{plan['id']}/state"
    closed = await worker.post(path, {"state": "closed"}, version=seen["version"])
    assert closed.status_code == 200, closed.text
    before = await _heard(chats, phones)
    claimed = "UPDATE message SET state = 'claimed', sending_at = now(), attempt = 1, lease = $1"
    later = clock.now() + timedelta(minutes=2)
    rows = await world.sql(f"{claimed} WHERE key ^@ 'CLOSE' RETURNING id, attempt", clock.now())
    assert len(rows) == 2
    await _end(world, worker, plan)

    async def errs() -> None:
        database.act_as("worker")
        async with database.transaction():
            await put_back(rows[0], later)

    await database.in_fresh_context(errs)
    found = await world.sql("SELECT DISTINCT state, reason FROM message WHERE key ^@ 'CLOSE'")
    assert found == [{"state": "cancelled", "reason": "closed"}], found
    await _go_on(chats, plan)
    assert await _heard(chats, phones) == before


async def test_what_is_owed_to_somebody_or_asked_by_them_stays_open(
    world: World, chats: Chats
) -> None:
    worker, _, plan, phones = await _scene(world, chats)
    await chats.say(phones["mother"].phone, "HELP")
    await chats.say(phones["mother"].phone, "He hits me")
    await world.sql(
        "INSERT INTO task (id, agency, plan, version, kind, step, role, subject, local_due,"
        " due_at, urgency, opened_at) SELECT gen_random_uuid(), agency, id, 1, k, '', 'SW', id,"
        " current_date, now(), 0, now() FROM plan,"
        " unnest(ARRAY['correction-asked', 'mentor-silent']) AS k"
    )
    await _end(world, worker, plan)
    asked = {"correction-asked", "need-help", "free-text", "tell-the-circle"}
    assert set(await kinds(worker)) == asked


async def test_what_was_wished_of_a_plan_that_goes_on_ends_and_no_page_goes_on(
    world: World, chats: Chats
) -> None:
    """Or the next on duty would be called every quarter of an hour: somebody is let go today."""
    worker, head, plan, _ = await _scene(world, chats)
    version = (await world.plan(worker, plan["id"]))["version"]
    path = f"/plans/{plan['id']}/unplanned-release"
    let_go = await worker.post(path, {"left": False}, version=version)
    assert let_go.status_code == 200, let_go.text
    await world.sql(
        "INSERT INTO task (id, agency, plan, version, kind, step, role, subject, local_due,"
        " due_at, urgency, opened_at) SELECT gen_random_uuid(), agency, id, 1, k, '', 'SW', id,"
        " current_date, now(), 0, now() FROM plan, unnest(ARRAY['ask-again', 'needs-review']) AS k"
    )
    assert {"unplanned-release", "ask-again", "needs-review"} <= set(await kinds(worker))
    await _end(world, worker, plan)
    assert await kinds(worker) == ["tell-the-circle"]
    at(clock.today("Africa/Tunis") + timedelta(days=1), 10)
    await chats.round()
    assert await kinds(head) == ["tell-the-circle"]


async def test_a_call_for_help_after_one_that_was_answered_is_heard(
    world: World, chats: Chats
) -> None:
    worker, _, plan, phones = await _scene(world, chats)
    await chats.say(phones["mother"].phone, "HELP")
    [task] = (await worker.get("/tasks")).json()["tasks"]
    closed = await worker.post(f"/tasks/{task['id']}/close", {"outcome": "called"}, version=1)
    assert closed.status_code == 200, closed.text
    await _end(world, worker, plan)
    await chats.say(phones["mother"].phone, "HELP")
    assert "need-help" in await kinds(worker)


async def test_a_guardian_stands_among_those_to_be_called(world: World, chats: Chats) -> None:
    worker, _, plan, _ = await _scene(world, chats)
    body = {"role": "LR", "name": "Invented Guardian", "language": "en", "standing": "guardian"}
    body_ = {**body, "matters": ["plan"]}
    added = await worker.post(f"/plans/{plan['id']}/circle", body_)
    assert added.status_code == 201, added.text
    await _end(world, worker, plan)
    roles = {one["role"] for one in (await world.plan(worker, plan["id"]))["circle"]}
    assert {"LR", "FA", "ME"} <= roles


async def test_nothing_begins_on_a_plan_that_is_over(world: World, chats: Chats) -> None:
    worker, _, plan, _ = await _scene(world, chats)
    day = clock.today("UTC").isoformat()
    date_ = {"role": "SW", "held_on": day, "held_at": "00:05:00"}
    path = f"/plans/{plan['id']}"
    past = (await worker.post(f"{path}/appointments", date_)).json()["id"]
    await _end(world, worker, plan)
    at(date.fromisoformat(day), 12)
    assert (await worker.post(f"{path}/appointments", date_)).status_code == 409
    mentor = {"role": "ME", "name": "Another", "language": "en"}
    assert (await worker.post(f"{path}/circle", mentor)).status_code == 409
    missed = await worker.patch(f"/appointments/{past}", {"state": "missed_no_contact"}, version=1)
    assert missed.status_code == 200, missed.text
    assert await kinds(worker) == ["tell-the-circle"]


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
    assert seen.get("state") == ("closed" if role == "PO" else None)
