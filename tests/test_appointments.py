"""Reminders seven, three and one days ahead; what follows a date that did not happen."""

from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from backend.appointments.rules import friendly_text_at, instant
from tests.chats import Chats, at
from tests.releases import a_release, change, joins, kinds, leave, on_weekday, said
from tests.world import Caller, World, row

TUESDAY = 2


async def _a_date(
    world: World, chats: Chats, *, days: int = 14, place: str | None = None
) -> tuple[Caller, Caller, dict[str, Any], Any, date, str]:
    """Worker, officer, plan, the person's chat, and a date at ten some days after release."""
    officer = await world.somebody("PO")
    day = on_weekday(TUESDAY)
    worker, plan = await a_release(world, day)
    await joins(world, worker, plan, officer, "PO")
    at(day, 9)
    await leave(world, worker, plan)
    await worker.post(
        f"/plans/{plan['id']}/contacts",
        {"how": "met", "outcome": "reached", "made_on": day.isoformat()},
    )
    person = await chats.a_member(worker, plan["id"], "PE", facts=())
    held_on = day + timedelta(days=days)
    held = {"role": "PO", "held_on": held_on.isoformat(), "held_at": "10:00:00", "place": place}
    made = await officer.post(f"/plans/{plan['id']}/appointments", held)
    assert made.status_code == 201, made.text
    return worker, officer, plan, person, held_on, made.json()["id"]


async def _set(officer: Caller, plan: dict[str, Any], id_: str, **wanted: object) -> dict[str, Any]:
    shown = (await officer.get(f"/plans/{plan['id']}")).json()["appointments"]
    version = next(one["version"] for one in shown if one["id"] == id_)
    answer = await officer.patch(f"/appointments/{id_}", wanted, version=version)
    assert answer.status_code < 300, answer.text
    return dict(answer.json())


async def test_the_chain_runs_at_ten_and_stops_when_the_person_will_be_there(
    world: World, chats: Chats
) -> None:
    _, officer, plan, person, held_on, id_ = await _a_date(world, chats)
    counts = []
    for days, hour in ((7, 9), (7, 10), (3, 10)):
        at(held_on - timedelta(days=days), hour)
        await chats.round()
        counts.append(len(await said(chats, person)))
    assert [counts[n + 1] - counts[n] for n in range(2)] == [1, 1]
    await chats.tap(person.phone, "I'll be there")
    seen = len(await said(chats, person))
    at(held_on - timedelta(days=1), 10)
    await chats.round()
    assert len(await said(chats, person)) == seen
    shown = (await officer.get(f"/plans/{plan['id']}")).json()["appointments"]
    assert [one["state"] for one in shown if one["id"] == id_] == ["confirmed"]


async def test_after_a_date_that_did_not_happen_a_friendly_text_and_a_call(
    world: World, chats: Chats
) -> None:
    worker, officer, plan, person, held_on, id_ = await _a_date(world, chats)
    at(held_on, 11)
    await _set(officer, plan, id_, state="missed_no_contact")
    await chats.round()
    assert "We did not see you" not in await chats.last(person.phone)
    at(held_on, 12)
    await chats.round()
    assert "We did not see you" in await chats.last(person.phone)
    assert "call-after-missed" in await kinds(officer)
    await chats.tap(person.phone, "New time")
    shown = (await officer.get(f"/plans/{plan['id']}")).json()["appointments"]
    assert [one["state"] for one in shown if one["id"] == id_] == ["missed_with_reason"]
    assert "call-after-missed" not in await kinds(officer)
    assert "new-time" in await kinds(worker)


async def test_silence_after_it_leads_to_another_way_and_to_nothing_else(
    world: World, chats: Chats
) -> None:
    _, officer, plan, _, held_on, id_ = await _a_date(world, chats)
    at(held_on, 11)
    await _set(officer, plan, id_, state="missed_no_contact")
    for days in (1, 2):
        at(held_on + timedelta(days=days), 10)
        await chats.round()
    assert "second-way" not in await kinds(officer)
    at(held_on + timedelta(days=3), 10)
    await chats.round()
    assert "second-way" in await kinds(officer)
    assert (await world.plan(officer, plan["id"]))["state"] == "active_outside"


@pytest.mark.parametrize(
    ("held", "known", "sent"),
    [
        (time(10), (0, time(10, 30)), time(12)),
        (time(10), (0, time(15)), time(15)),
        (time(16, 59), (0, time(17)), time(18, 59)),
        (time(17, 1), (0, time(17, 5)), None),
        (time(10), (1, time(9)), None),
    ],
)
def test_the_friendly_text_speaks_of_today_or_is_not_sent(
    held: time, known: tuple[int, time], sent: time | None
) -> None:
    zone, day = "Africa/Tunis", date(2031, 7, 1)
    heard = instant(day + timedelta(days=known[0]), known[1], zone)
    found = friendly_text_at(instant(day, held, zone), heard, zone)
    assert (found and found.astimezone(ZoneInfo(zone)).time()) == sent


async def test_a_moved_date_keeps_its_place_and_is_told_once(world: World, chats: Chats) -> None:
    _, officer, plan, person, held_on, id_ = await _a_date(world, chats, place="Room 7")
    new = {"held_on": (held_on + timedelta(days=1)).isoformat(), "held_at": "11:00:00"}
    before = len(await said(chats, person))
    moved = await _set(officer, plan, id_, **new)
    again = await _set(officer, plan, moved["id"], **{**new, "held_at": "12:00:00"})
    await chats.round()
    told = await said(chats, person, since=before)
    assert len(told) == 1
    assert "12:00" in told[0]
    assert "Room" not in told[0]
    shown = {
        one["id"]: one for one in (await officer.get(f"/plans/{plan['id']}")).json()["appointments"]
    }
    assert shown[again["id"]]["place"] == "Room 7"
    assert shown[id_]["state"] == "cancelled_by_service"


async def test_a_date_that_the_service_takes_back_is_told(world: World, chats: Chats) -> None:
    _, officer, plan, person, _, id_ = await _a_date(world, chats)
    await _set(officer, plan, id_, state="cancelled_by_service")
    await chats.round()
    assert "no longer holds" in await chats.last(person.phone)


async def test_a_kept_date_settles_its_row(world: World, chats: Chats) -> None:
    worker, officer, plan, _, held_on, _ = await _a_date(world, chats)
    await change(world, worker, plan, "PRB-03", state="planned")
    found = row(await world.plan(worker, plan["id"]), "PRB-03")
    at(held_on, 9)
    held = {
        "role": "PO",
        "held_on": held_on.isoformat(),
        "held_at": "09:30:00",
        "milestone": found["id"],
    }
    made = (await officer.post(f"/plans/{plan['id']}/appointments", held)).json()
    await _set(officer, plan, made["id"], state="attended")
    assert row(await world.plan(worker, plan["id"]), "PRB-03")["state"] == "done"
