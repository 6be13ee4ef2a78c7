"""What a relative chose, and what a relative may be told."""

from datetime import timedelta

from tests.chats import Chats, at
from tests.releases import a_release, change, kinds, leave, on_weekday, said
from tests.world import World, row

WEDNESDAY = 3


async def test_the_call_reminder_waits_for_the_end_of_quiet_hours(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    friday = day - timedelta(days=12)
    worker, plan = await a_release(world, day)
    sibling = await chats.a_member(worker, plan["id"], "FA", call_weekday=5, call_at="12:30:00")
    await change(world, worker, plan, "FAM-04", state="planned")
    await chats.say(sibling.phone, "help")
    await chats.tap(sibling.phone, "Quiet hours")
    await chats.tap(sibling.phone, "Not Friday 11:30-14:30")
    assert "need-help" in await kinds(worker)
    before = len(await said(chats, sibling))
    for hour, minute, count in ((12, 30, 0), (14, 29, 0), (14, 30, 1), (15, 0, 1)):
        at(friday, hour, minute)
        await chats.round()
        assert len(await said(chats, sibling)) == before + count


async def test_no_call_is_reminded_of_once_the_person_is_out(world: World, chats: Chats) -> None:
    day = on_weekday(5)
    worker, plan = await a_release(world, day)
    sibling = await chats.a_member(worker, plan["id"], "FA", call_weekday=5, call_at="12:30:00")
    await change(world, worker, plan, "FAM-04", state="planned")
    at(day, 0, 5)
    await chats.round()
    waiting = "SELECT key FROM message WHERE state = 'queued'"
    assert await world.sql(waiting) == [{"key": "FAM-CALL"}]
    at(day, 9)
    await leave(world, worker, plan)
    before = len(await said(chats, sibling))
    at(day, 12, 31)
    await chats.round()
    assert len(await said(chats, sibling)) == before


async def test_so_so_is_a_task_and_no_word_about_the_person(world: World, chats: Chats) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    sibling = await chats.a_member(worker, plan["id"], "FA")
    await change(world, worker, plan, "FAM-11", state="planned")
    at(day, 9)
    await leave(world, worker, plan)
    at(day + timedelta(days=2), 17)
    await chats.round()
    assert await chats.last(sibling.phone) == "How are things this week?"
    before = await world.sql("SELECT id, state, version FROM milestone ORDER BY id")
    await chats.tap(sibling.phone, "So-so")
    assert "so-so" in await kinds(worker)
    assert await world.sql("SELECT id, state, version FROM milestone ORDER BY id") == before


async def test_good_news_goes_to_those_whom_the_person_lets_know(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    told = await chats.a_member(worker, plan["id"], facts=("good_news",))
    not_told = await chats.a_member(worker, plan["id"], "FA")
    before = len(await said(chats, not_told))
    await change(world, worker, plan, "VOC-06", state="planned")
    await change(world, worker, plan, "VOC-06", state="done")
    await chats.round()
    assert not (await chats.last(told.phone)).startswith("Good news")  # it may be taken back yet
    at(day - timedelta(days=21), 9, 10)
    await chats.round()
    assert (await chats.last(told.phone)).startswith("Good news")
    assert len(await said(chats, not_told)) == before
    assert len(await world.sql("SELECT 1 FROM message WHERE key = 'GOODNEWS'")) == 1


async def test_a_yes_that_is_withdrawn_takes_the_good_news_with_it(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], facts=("good_news",))
    at(day - timedelta(days=20), 23)
    await change(world, worker, plan, "VOC-06", state="planned")
    await change(world, worker, plan, "VOC-06", state="done")
    given = (await world.sql("SELECT id::text FROM disclosure"))[0]["id"]
    answer = await worker.post(f"/consents/{given}/withdraw", {})
    assert answer.status_code == 200, answer.text
    before = len(await said(chats, mentor))
    at(day - timedelta(days=19), 10)
    await chats.round()
    assert len(await said(chats, mentor)) == before


async def test_a_date_is_told_only_to_whom_it_may_be_told(world: World, chats: Chats) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first", facts=())
    before = len(await said(chats, mentor))
    seen = await world.plan(worker, plan["id"])
    to = {"release_date": (day + timedelta(days=7)).isoformat(), "certainty": "confirmed"}
    moved = await worker.post(f"/plans/{plan['id']}/release-date", to, version=seen["version"])
    assert moved.json()["recipients_told"] == 0
    await chats.round()
    assert len(await said(chats, mentor)) == before


async def test_two_moves_before_anybody_is_told_are_one_message(world: World, chats: Chats) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    before = len(await said(chats, mentor))
    at(day - timedelta(days=20), 23)
    for days in (7, 14):
        seen = await world.plan(worker, plan["id"])
        to = {"release_date": (day + timedelta(days=days)).isoformat(), "certainty": "confirmed"}
        moved = await worker.post(f"/plans/{plan['id']}/release-date", to, version=seen["version"])
        assert moved.status_code == 200, moved.text
    at(day - timedelta(days=19), 10)
    await chats.round()
    told = await said(chats, mentor, since=before)
    assert len(told) == 1
    assert (day + timedelta(days=14)).strftime("%-d %B") in told[0]


async def test_an_hour_that_changes_on_the_same_day_is_told(world: World, chats: Chats) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    seen = await world.plan(worker, plan["id"])
    to = {
        "release_date": day.isoformat(),
        "certainty": "confirmed",
        "release_time": "11:00:00",
    }
    await worker.post(f"/plans/{plan['id']}/release-date", to, version=seen["version"])
    await chats.round()
    assert "11:00" in await chats.last(mentor.phone)


async def test_what_a_move_took_away_comes_back_with_the_date(world: World, chats: Chats) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    at(day - timedelta(days=7), 8)
    await chats.round()
    for days in (3, 0):
        seen = await world.plan(worker, plan["id"])
        to = {"release_date": (day + timedelta(days=days)).isoformat(), "certainty": "confirmed"}
        await worker.post(f"/plans/{plan['id']}/release-date", to, version=seen["version"])
        await chats.round()
    at(day - timedelta(days=7), 10)
    await chats.round()
    asked = [text for text in await said(chats, mentor) if "Is that still possible" in text]
    assert len(asked) == 1


async def test_a_closed_row_is_asked_about_no_more(world: World, chats: Chats) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"])
    await change(world, worker, plan, "MEN-04", state="planned")
    due = day - timedelta(days=10)
    await change(world, worker, plan, "MEN-04", due_on=due.isoformat())
    at(due - timedelta(days=7), 8)
    await chats.round()
    before = len(await said(chats, mentor))
    await change(world, worker, plan, "MEN-04", state="declined")
    at(due - timedelta(days=7), 10)
    await chats.round()
    assert len(await said(chats, mentor)) == before


async def test_why_something_is_not_wanted_finds_no_field(world: World) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    await change(world, worker, plan, "CNS-11", state="planned")
    found = row(await world.plan(worker, plan["id"]), "CNS-11")
    body = {"state": "declined", "reason": "any"}
    answer = await worker.patch(f"/milestones/{found['id']}", body, version=found["version"])
    assert answer.status_code == 422


async def test_a_relative_who_does_not_answer_the_welcome_is_called(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    sibling = await chats.a_member(worker, plan["id"], "FA")
    at(day - timedelta(days=18), 9)
    await chats.round()
    assert "welcome-unanswered" in await kinds(worker)
    await chats.tap(sibling.phone, "Only me")
    assert "welcome-unanswered" not in await kinds(worker)
