"""Who meets the person: asked, substituted, waited for, and called off."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.chats import Chats, at
from tests.releases import a_phone_of, a_release, change, kinds, leave, move, on_weekday, said
from tests.world import World

WEDNESDAY, MONDAY = 3, 1


async def test_a_no_on_the_day_of_asking_asks_the_substitute_the_same(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    sibling = await chats.a_member(worker, plan["id"], "FA", gate="substitute")
    at(day - timedelta(days=3), 10)
    await chats.round()
    before = len(await said(chats, sibling))
    assert "Thank you for telling us" in await chats.tap(mentor.phone, "No")
    asked = await said(chats, sibling, since=before)
    assert len(asked) == 1
    assert "in three days" in asked[0]
    assert mentor.alias not in asked[0]
    assert "gate-substitute" in await kinds(worker)


async def test_a_no_on_another_day_asks_the_substitute_at_once(world: World, chats: Chats) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    sibling = await chats.a_member(worker, plan["id"], "FA", gate="substitute")
    at(day - timedelta(days=7), 10)
    await chats.round()
    at(day - timedelta(days=5), 11)
    await chats.round()
    before = len(await said(chats, sibling))
    await chats.tap(mentor.phone, "No")
    asked = await said(chats, sibling, since=before)
    assert len(asked) == 1
    assert "Is it still possible" in asked[0]


async def test_a_late_no_of_somebody_whose_turn_is_over_changes_nothing(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    sibling = await chats.a_member(worker, plan["id"], "FA", gate="substitute")
    at(day - timedelta(days=7), 10)
    await chats.round()
    first = (await chats.texts(mentor.phone))[-1]
    at(day - timedelta(days=3), 10)
    await chats.round()
    await chats.tap(mentor.phone, "No")
    await chats.phones.tap(mentor.phone.id, "No", message=first.id)
    await chats.round()
    holders = await world.sql("SELECT id::text FROM member WHERE gate = 'first'")
    assert holders == [{"id": sibling.actor}]


async def test_each_question_that_nobody_answers_becomes_a_call_of_its_own(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    head = await world.somebody("CO")
    worker, plan = await a_release(world, day)
    await chats.a_member(worker, plan["id"], gate="first")
    at(day - timedelta(days=7), 10)
    await chats.round()
    at(day - timedelta(days=5), 9)
    await chats.round()
    assert (await kinds(worker)).count("gate-unanswered") == 1
    for days, hour in ((3, 10), (3, 16), (1, 10), (1, 14)):
        at(day - timedelta(days=days), hour)
        await chats.round()
    assert (await kinds(worker)).count("gate-unanswered") == 2
    assert "gate-unanswered" not in await kinds(head)
    at(day - timedelta(days=1), 16)
    await chats.round()
    assert "gate-unanswered" in await kinds(head)


async def test_who_says_that_they_have_it_stops_the_ladder(world: World, chats: Chats) -> None:
    day = on_weekday(WEDNESDAY)
    head = await world.somebody("CO")
    worker, plan = await a_release(world, day)
    await chats.a_member(worker, plan["id"], gate="first")
    for hour in (10, 14):
        at(day - timedelta(days=1), hour)
        await chats.round()
    task = next(
        one
        for one in (await worker.get("/tasks")).json()["tasks"]
        if one["step"] == "silent-call-1"
    )
    await worker.post(f"/tasks/{task['id']}/acknowledge", version=task["version"])
    at(day - timedelta(days=1), 16)
    await chats.round()
    assert "gate-unanswered" not in await kinds(head)


async def test_before_a_closed_day_only_what_was_asked_by_then_counts(
    world: World, chats: Chats
) -> None:
    day = on_weekday(MONDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    at(day - timedelta(days=3), 10)
    await chats.round()
    await chats.tap(mentor.phone, "Yes")
    at(day - timedelta(days=3), 14, 5)  # the step of Sunday 14:00, moved to Friday
    await chats.round()
    assert "gate-unanswered" not in await kinds(worker)
    for hour in (10, 14):
        at(day - timedelta(days=1), hour)
        await chats.round()
    assert "gate-unanswered" in await kinds(worker)


async def test_before_a_closed_day_a_silent_helper_is_called(world: World, chats: Chats) -> None:
    day = on_weekday(MONDAY)
    worker, plan = await a_release(world, day)
    await chats.a_member(worker, plan["id"], gate="first")
    at(day - timedelta(days=3), 10)
    await chats.round()
    at(day - timedelta(days=3), 14)
    await chats.round()
    assert "gate-unanswered" in await kinds(worker)


async def test_not_today_is_told_to_whoever_holds_gate_duty_and_to_nobody_else(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    sibling = await chats.a_member(worker, plan["id"], "FA", gate="substitute")
    before = len(await said(chats, sibling))
    at(day, 8)
    await leave(world, worker, plan, left=False)
    await chats.round()
    assert "not taking place today" in await chats.last(mentor.phone)
    for hour in (10, 17):
        at(day, hour)
        await chats.round()
    assert "not taking place today" in await chats.last(mentor.phone)
    assert len(await said(chats, sibling)) == before


async def test_a_second_not_today_leaves_something_to_tell(world: World, chats: Chats) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    for minute in (0, 5):  # the first one still waits to be sent
        at(day, 8, minute)
        await leave(world, worker, plan, left=False)
    at(day, 8, 6)
    await chats.round()
    heard = [text for text in await said(chats, mentor) if "not taking place today" in text]
    assert len(heard) == 1
    assert "gate-off" in await kinds(worker)


@pytest.mark.parametrize("certainty", ["confirmed", "expected"])
async def test_not_today_is_not_told_once_the_same_day_is_confirmed_again(
    world: World, chats: Chats, certainty: str
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    at(day, 8)
    await leave(world, worker, plan, left=False)
    at(day, 8, 1)  # it still waits to be sent
    await move(world, worker, plan, day, certainty)
    await chats.round()
    told = any("not taking place today" in text for text in await said(chats, mentor))
    assert told == (certainty == "expected")


async def test_not_today_is_told_again_where_the_day_had_been_confirmed_anew(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    appointment = {"role": "SW", "held_on": day.isoformat(), "held_at": "15:00:00"}
    made = await worker.post(f"/plans/{plan['id']}/appointments", appointment)
    assert made.status_code == 201, made.text
    at(day, 8)
    await leave(world, worker, plan, left=False)
    await chats.round()
    for task in (await worker.get("/tasks")).json()["tasks"]:
        path = f"/tasks/{task['id']}/close"
        await worker.post(path, {"outcome": "called"}, version=task["version"])
    at(day, 9)
    await move(world, worker, plan, day)
    at(day, 9, 30)
    await leave(world, worker, plan, left=False)
    await chats.round()
    heard = [text for text in await said(chats, mentor) if "not taking place today" in text]
    assert len(heard) == 2
    assert sorted(await kinds(worker)) == ["appointment-in-doubt", "gate-off"]


@pytest.mark.parametrize("what", ["never let know", "let know no more", "since it was queued"])
async def test_not_today_is_told_to_nobody_who_may_not_know_the_day(
    world: World, chats: Chats, what: str
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    facts = () if what == "never let know" else ("release_date",)
    mentor = await chats.a_member(worker, plan["id"], gate="first", facts=facts)
    at(day - timedelta(days=3), 10)
    await chats.round()
    before = len(await said(chats, mentor))
    take_back = "UPDATE disclosure SET withdrawn_at = now()"
    if what == "let know no more":
        await world.sql(take_back)
    at(day, 8)
    await leave(world, worker, plan, left=False)
    if what == "since it was queued":
        assert len(await world.sql("SELECT 1 FROM message WHERE key = 'GATE-OFF'")) == 1
        await world.sql(take_back)
    await chats.round()
    assert len(await said(chats, mentor)) == before
    assert "gate-off" in await kinds(worker)  # a human calls


async def test_nobody_is_asked_at_the_gate_of_somebody_who_left_before(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    at(day - timedelta(days=10), 9)
    await leave(world, worker, plan)
    await change(world, worker, plan, "HOU-05", state="done")
    await change(world, worker, plan, "MEN-09", state="done")
    before = len(await said(chats, mentor))
    for days, hour in ((7, 10), (3, 10), (1, 10), (0, 10), (0, 11)):
        at(day - timedelta(days=days), hour)
        await chats.round()
    assert len(await said(chats, mentor)) == before
    assert "gate-unanswered" not in await kinds(worker)


async def test_half_an_hour_of_waiting_pages_one_after_the_other(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    head = await world.somebody("CO")
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    phones = [await a_phone_of(chats, one) for one in (worker, head)]
    starts = datetime(day.year, day.month, day.day, tzinfo=UTC)
    rota = {
        "starts": starts.isoformat(),
        "ends": (starts + timedelta(days=1)).isoformat(),
        "staff": [str(worker.id), str(head.id)],
    }
    assert (await head.send("PUT", "/duty-rota", rota)).status_code == 200
    at(day, 10)
    await chats.round()
    assert "Thank you for waiting" in await chats.tap(mentor.phone, "Waiting")
    seen = [len(await said(chats, one)) for one in phones]
    at(day, 10, 30)
    await chats.round()
    assert [len(await said(chats, one)) for one in phones] == [seen[0] + 1, seen[1]]
    await chats.tap(phones[0].phone, "Can't")
    assert [len(await said(chats, one)) for one in phones] == [seen[0] + 1, seen[1] + 1]
    await chats.tap(mentor.phone, "Yes, together now")
    assert "gate-waiting" not in await kinds(worker)
