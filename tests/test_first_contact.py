"""The first night and the first three days: who is asked, when, and what settles it."""

from datetime import date, timedelta
from typing import Any

from tests.chats import Chats, Member, at
from tests.releases import a_phone_of, a_release, change, joins, kinds, leave, on_weekday, said
from tests.world import Caller, World, row

WEDNESDAY, FRIDAY = 3, 5
ASKED = "No contact with"


async def _outside(
    world: World, chats: Chats, day: date
) -> tuple[Caller, Caller, dict[str, Any], list[Member]]:
    """Worker, officer, plan, and the phones of worker, officer and mentor; left at nine."""
    officer = await world.somebody("PO")
    worker, plan = await a_release(world, day)
    await joins(world, worker, plan, officer, "PO")
    phones = [await a_phone_of(chats, one) for one in (worker, officer)]
    phones.append(await chats.a_member(worker, plan["id"]))
    at(day, 9)
    await leave(world, worker, plan)
    await chats.round()
    return worker, officer, plan, phones


async def _asked(chats: Chats, phones: list[Member]) -> list[int]:
    return [sum(ASKED in text for text in await said(chats, one)) for one in phones]


async def test_all_three_are_asked_until_somebody_was_reached(world: World, chats: Chats) -> None:
    day = on_weekday(1)
    worker, officer, plan, phones = await _outside(world, chats, day)
    counts = []
    for days, hour in ((1, 18), (2, 12), (3, 10)):
        at(day + timedelta(days=days), hour)
        await chats.round()
        counts.append(await _asked(chats, phones))
    assert counts == [[1, 1, 1], [2, 2, 2], [3, 3, 3]]
    assert (await kinds(worker)).count("no-contact-yet") == 3
    assert (await kinds(officer)).count("no-contact-yet") == 3
    reached = {"how": "met", "outcome": "reached"}
    on = (day + timedelta(days=3)).isoformat()
    logged = await officer.post(f"/plans/{plan['id']}/contacts", {**reached, "made_on": on})
    assert logged.status_code == 201, logged.text
    assert row(await world.plan(worker, plan["id"]), "MEN-09")["state"] == "done"
    assert "no-contact-yet" not in await kinds(worker) + await kinds(officer)


async def test_a_try_leaves_the_matter_open_for_the_others(world: World, chats: Chats) -> None:
    day = on_weekday(1)
    worker, _, plan, phones = await _outside(world, chats, day)
    at(day + timedelta(days=1), 18)
    await chats.round()
    await chats.tap(phones[2].phone, "Tried")
    assert "no-contact-yet" in await kinds(worker)
    at(day + timedelta(days=2), 12)
    await chats.round()
    assert await _asked(chats, phones) == [2, 2, 2]
    assert row(await world.plan(worker, plan["id"]), "MEN-09")["state"] == "planned"


async def test_before_a_weekend_staff_are_asked_once_and_the_mentor_goes_on(
    world: World, chats: Chats
) -> None:
    day = on_weekday(FRIDAY)
    _, _, _, phones = await _outside(world, chats, day)
    counts = []
    for days, hour in ((0, 12), (0, 18), (1, 18), (2, 12), (3, 10)):
        at(day + timedelta(days=days), hour)
        await chats.round()
        counts.append(await _asked(chats, phones))
    assert counts == [[0, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 2], [2, 2, 3]]


async def test_after_three_silent_days_the_coordinator_decides(world: World, chats: Chats) -> None:
    day = on_weekday(1)
    head = await world.somebody("CO")
    worker, _, plan, _ = await _outside(world, chats, day)
    at(day + timedelta(days=3), 16)
    await chats.round()
    assert "no-contact-72h" in await kinds(head)
    assert row(await world.plan(worker, plan["id"]), "MEN-09")["state"] == "planned"


async def test_a_meeting_with_probation_settles_it_and_nobody_is_asked(
    world: World, chats: Chats
) -> None:
    day = on_weekday(1)
    worker, officer, plan, phones = await _outside(world, chats, day)
    on = (day + timedelta(days=1)).isoformat()
    held = {"role": "PO", "held_on": on, "held_at": "11:00:00"}
    made = (await officer.post(f"/plans/{plan['id']}/appointments", held)).json()
    at(day + timedelta(days=1), 12)
    await officer.patch(f"/appointments/{made['id']}", {"state": "attended"}, version=1)
    at(day + timedelta(days=1), 18)
    await chats.round()
    assert await _asked(chats, phones) == [0, 0, 0]
    shown = row(await world.plan(worker, plan["id"]), "MEN-09")
    assert (shown["state"], shown["done_on"]) == ("done", on)


async def test_a_relatives_call_does_not_settle_it(world: World, chats: Chats) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    sibling = await chats.a_member(
        worker, plan["id"], "FA", call_weekday=day.isoweekday() - 1, call_at="12:00:00"
    )
    woken = row(plan, "FAM-04")
    await worker.patch(f"/milestones/{woken['id']}", {"state": "planned"}, version=1)
    at(day - timedelta(days=1), 12)
    await chats.round()
    at(day, 9)
    await leave(world, worker, plan)
    at(day + timedelta(days=1), 9)
    await chats.tap(sibling.phone, "Done")
    contacts = await world.sql("SELECT role, how, outcome FROM contact")
    assert contacts == [{"role": "FA", "how": "phone", "outcome": "reached"}]
    assert row(await world.plan(worker, plan["id"]), "MEN-09")["state"] == "planned"


async def test_the_first_night_counts_from_the_day_of_leaving(world: World, chats: Chats) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"])
    phone = await a_phone_of(chats, worker)
    at(day, 17)
    await chats.round()
    assert "place to sleep" not in await chats.last(mentor.phone)
    at(day + timedelta(days=1), 15)
    await leave(world, worker, plan)
    at(day + timedelta(days=1), 17)
    await chats.round()
    assert "place to sleep" in await chats.last(mentor.phone)
    assert "place to sleep" in await chats.last(phone.phone)
    at(day + timedelta(days=1), 18)
    await chats.round()
    assert "first-night" in await kinds(worker)
    await chats.tap(mentor.phone, "Yes")
    assert "first-night" not in await kinds(worker)
    shown = row(await world.plan(worker, plan["id"]), "HOU-05")
    assert (shown["state"], shown["said_by"]) == ("planned", "ME")  # until the worker confirms
    at(day + timedelta(days=1), 20)
    await chats.round()
    assert "first-night" not in await kinds(worker)


async def test_who_leaves_in_the_evening_is_not_asked_about_at_once(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    phone = await a_phone_of(chats, worker)
    at(day, 18, 30)
    await leave(world, worker, plan)
    await chats.round()
    assert "place to sleep" not in await chats.last(phone.phone)
    at(day, 19, 30)
    await chats.round()
    assert "place to sleep" in await chats.last(phone.phone)


async def test_what_nobody_opened_is_settled_with_what_it_was_about(
    world: World, chats: Chats
) -> None:
    day = on_weekday(1)
    head = await world.somebody("CO")
    worker, _, plan, phones = await _outside(world, chats, day)
    await change(world, worker, plan, "HOU-05", state="done")
    for hour in (10, 16, 18, 20):
        at(day + timedelta(days=3), hour)
        await chats.round()
    assert (await kinds(worker)).count("unopened") == 1
    assert (await kinds(head)).count("unopened") == 1
    await chats.tap(phones[1].phone, "Reached")
    assert "unopened" not in await kinds(worker) + await kinds(head)
