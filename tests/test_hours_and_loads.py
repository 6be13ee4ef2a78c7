"""When somebody may be written to, and how often."""

from datetime import timedelta
from uuid import UUID

from tests.chats import Chats, at
from tests.dates import outside
from tests.releases import a_phone_of, a_release, change, leave, on_weekday, said
from tests.world import World

MONDAY, SATURDAY = 1, 6
MEETINGS = ("MEN-03", "MEN-04", "MEN-05")


async def test_two_reminders_a_day_and_the_third_one_tomorrow(world: World, chats: Chats) -> None:
    day = on_weekday(MONDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"])
    due = day - timedelta(days=6)
    for code in MEETINGS:
        await change(world, worker, plan, code, state="planned")
        await change(world, worker, plan, code, due_on=due.isoformat())
    before = len(await said(chats, mentor))
    counts = []
    for days, hour in ((7, 10), (7, 19), (6, 7), (6, 8)):
        at(due - timedelta(days=days), hour)
        await chats.round()
        counts.append(len(await said(chats, mentor)) - before)
    assert counts == [2, 2, 2, 3]


async def test_a_date_that_was_ordered_is_told_of_on_a_day_that_is_full(
    world: World, chats: Chats
) -> None:
    case = await outside(world, chats)
    on = case.day + timedelta(days=9)
    for hour in ("09:00", "10:00", "11:00"):
        await case.put(case.worker, on, hour, role="SW")
    before = len(await said(chats, case.person))
    at(on - timedelta(days=7), 10)
    await chats.round()
    ordered = await case.put(case.officer, on, "15:00")
    await chats.round()
    counts = [len(await said(chats, case.person)) - before]
    for clock in (11, 19):  # at ten it could be taken back yet
        at(on - timedelta(days=7), clock)
        await chats.round()
        counts.append(len(await said(chats, case.person)) - before)
    assert counts == [3, 3, 3]
    [told] = await world.sql(
        "SELECT state FROM message WHERE subject = $1 AND rule = 'APPT'", UUID(ordered["id"])
    )
    assert told["state"] == "sent"


async def test_a_date_that_was_ordered_keeps_no_other_waiting(world: World, chats: Chats) -> None:
    """It is told of first, and two others go all the same."""
    case = await outside(world, chats)
    on = case.day + timedelta(days=9)
    for hour in ("08:00", "08:30"):
        await case.put(case.officer, on, hour)
    before = len(await said(chats, case.person))
    at(on - timedelta(days=7), 10)
    await chats.round()
    assert len(await said(chats, case.person)) - before == 2
    for hour in ("09:00", "10:00", "11:00"):
        await case.put(case.worker, on, hour, role="SW")
    await chats.round()
    at(on - timedelta(days=7), 10, 20)  # when what was put down can be taken back no more
    await chats.round()
    assert len(await said(chats, case.person)) - before == 4


async def test_what_can_wait_does_not_come_on_a_weekend_or_early(
    world: World, chats: Chats
) -> None:
    day = on_weekday(SATURDAY - 1)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"])
    await change(world, worker, plan, "MEN-08", state="planned")
    at(day, 9)
    await leave(world, worker, plan)
    for code in ("MEN-09", "HOU-05"):
        await change(world, worker, plan, code, state="done")
    before = len(await said(chats, mentor))
    counts = []
    for days, hour, minute in ((1, 17, 0), (2, 12, 0), (3, 7, 30), (3, 8, 0)):
        at(day + timedelta(days=days), hour, minute)
        await chats.round()
        counts.append(len(await said(chats, mentor)) - before)
    assert counts == [0, 0, 0, 1]


async def test_the_gate_is_asked_about_on_any_day(world: World, chats: Chats) -> None:
    day = on_weekday(SATURDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    at(day - timedelta(days=7), 10)
    await chats.round()
    assert "Is that still possible" in await chats.last(mentor.phone)


async def test_a_worker_has_no_weekly_limit_of_mornings(world: World, chats: Chats) -> None:
    day = on_weekday(MONDAY)
    worker, plan = await a_release(world, day)
    phone = await a_phone_of(chats, worker)
    monday = day - timedelta(days=14)
    mornings = [monday + timedelta(days=days) for days in (0, 1, 2, 3, 4, 7)]
    codes = ("HOU-02", "VOC-10", "PLN-07", "HOU-04", "VOC-09", "PLN-08")
    for code, morning in zip(codes, mornings, strict=True):
        await change(world, worker, plan, code, due_on=morning.isoformat())
    before = len(await said(chats, phone))
    for morning in mornings:
        at(morning, 8, 30)
        await chats.round()
    assert len(await said(chats, phone)) == before + len(mornings)
