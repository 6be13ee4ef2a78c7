"""What may not be said now is said at the next hour that is the recipient's."""

from datetime import timedelta

from tests.chats import Chats, at
from tests.releases import a_release, change, on_weekday, said
from tests.world import World

MONDAY, FRIDAY = 1, 5
MEETINGS = ("MEN-03", "MEN-04", "MEN-05")


async def test_what_is_late_in_the_evening_comes_in_the_morning(world: World, chats: Chats) -> None:
    day = on_weekday(MONDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"])
    await change(world, worker, plan, "MEN-04", state="planned")
    due = day - timedelta(days=6)
    await change(world, worker, plan, "MEN-04", due_on=due.isoformat())
    before = len(await said(chats, mentor))
    counts = []
    for days, hour in ((7, 20), (7, 23), (6, 7), (6, 8)):  # the worker was away in the daytime
        at(due - timedelta(days=days), hour)
        await chats.round()
        counts.append(len(await said(chats, mentor)) - before)
    assert counts == [0, 0, 0, 1]


async def test_what_is_due_before_the_morning_waits_for_it(world: World, chats: Chats) -> None:
    day = on_weekday(MONDAY)
    worker, plan = await a_release(world, day)
    sibling = await chats.a_member(
        worker, plan["id"], "FA", call_weekday=FRIDAY, call_at="06:30:00"
    )
    await change(world, worker, plan, "FAM-04", state="planned")
    before = len(await said(chats, sibling))
    counts = []
    for hour, minute in ((6, 30), (7, 59), (8, 0)):
        at(day - timedelta(days=10), hour, minute)
        await chats.round()
        counts.append(len(await said(chats, sibling)) - before)
    assert counts == [0, 0, 1]


async def test_five_reminders_a_week_and_the_sixth_one_later(world: World, chats: Chats) -> None:
    day = on_weekday(MONDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"])
    due = day - timedelta(days=6)
    for code in MEETINGS:
        await change(world, worker, plan, code, state="planned")
        await change(world, worker, plan, code, due_on=due.isoformat())
    before = len(await said(chats, mentor))
    counts = []
    for days in (7, 6, 5, 4):  # each is asked about, and asked once more
        for hour in (8, 10, 12):
            at(due - timedelta(days=days), hour)
            await chats.round()
        counts.append(len(await said(chats, mentor)) - before)
    assert counts == [2, 4, 5, 5]
    for days in (3, 2, 1, 0, -1):
        assert len(await said(chats, mentor)) - before == 5
        at(due - timedelta(days=days), 8)
        await chats.round()
    assert len(await said(chats, mentor)) - before > 5
