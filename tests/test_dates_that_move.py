"""A date that moves knows what it was before, and who asked is told to nobody but the workers."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.appointments import rules
from tests.backend.pages.browser import at_the_desk, plain
from tests.backend.papers import a_paper, comes_in, in_circle
from tests.chats import Chats, at
from tests.dates import A_DAY, look, moves, outside, put, sets
from tests.releases import kinds, said
from tests.world import World, a_day

WHY = "Their bus does not run on that day."


@given(st.lists(st.integers(0, 3), max_size=12), st.data())
def test_a_chain_holds_what_led_to_a_date_and_came_of_it_and_nothing_else(
    lengths: list[int], data: st.DataObject
) -> None:
    chains = [[uuid4() for _ in range(length + 1)] for length in [0, *lengths]]
    rows: list[dict[str, Any]] = [
        {"id": one, "moved_from": chain[n - 1] if n else None}
        for chain in chains
        for n, one in enumerate(chain)
    ]
    shuffled = data.draw(st.permutations(rows))
    for chain in chains:
        for one in chain:
            assert [each["id"] for each in rules.chain(shuffled, one)] == chain


async def test_a_date_knows_what_it_was_before_and_what_it_became(
    world: World, chats: Chats
) -> None:
    case = await outside(world, chats)
    first = (await case.put(case.officer, case.day + 14 * A_DAY))["id"]
    second = (await moves(case.worker, first, case.day + 15 * A_DAY, by="person", why=WHY))["id"]
    third = (await moves(case.officer, second, case.day + 16 * A_DAY))["id"]
    for id_ in (first, second, third):
        chain = (await look(case.worker, id_))["chain"]
        assert [one["id"] for one in chain] == [first, second, third]
    assert [one["state"] for one in chain] == ["rescheduled", "cancelled_by_service", "scheduled"]
    assert [one.get("asked_by") for one in chain] == [None, "person", "service"]
    assert [one.get("why") for one in chain] == [None, WHY, None]
    told = (await look(case.officer, first))["chain"]
    assert [one["id"] for one in told] == [first, second, third]
    assert [sorted(one) for one in told] == [["held_at", "held_on", "id", "state"]] * 3
    await sets(case.worker, first, 409, held_on=str(case.day + 20 * A_DAY), held_at="09:00:00")


async def test_a_service_writes_no_reason_about_anybody(world: World, chats: Chats) -> None:
    case = await outside(world, chats)
    made = (await case.put(case.officer, case.day + 14 * A_DAY))["id"]
    to = {"held_on": str(case.day + 15 * A_DAY), "held_at": "11:00:00"}
    await sets(case.officer, made, 422, **to, why=WHY)
    for by in ("circle", "police"):
        await sets(case.officer, made, 422, **to, by=by)
    stored = await world.sql("SELECT 1 FROM appointment_move")
    assert stored == []


async def test_who_asked_is_told_to_nobody_who_does_not_work_on_the_plan(world: World) -> None:
    """Two plans that differ in whether the person asked, or their mother in private."""
    officer = await world.somebody("PO")
    seen = []
    for by, why in (("person", None), ("circle", WHY)):
        worker = await world.somebody("SW")
        plan = (await world.a_plan(worker))["id"]
        login = {"role": "PO", "login": officer.login}
        assert (await worker.post(f"/plans/{plan}/circle", login)).status_code == 201
        mandate = await in_circle(worker, plan)
        made = (await put(officer, plan, a_day() + 20 * A_DAY))["id"]
        moved = await moves(worker, made, a_day() + 21 * A_DAY, by=by, why=why)
        found = await look(officer, moved["id"])
        own = {one["id"]: n for n, one in enumerate(found["chain"])}
        chain = [{**one, "id": own[one["id"]]} for one in found["chain"]]
        listed = (await world.plan(officer, plan))["appointments"]
        browser = await comes_in(await a_paper(world, worker, plan, mandate))
        async with browser:
            file = (await browser.http.get("/file/copy.json")).json()
        seen.append(
            (
                chain,
                {name for name in found if name not in {"id", "plan", "chain"}},
                [{k: v for k, v in one.items() if k != "id"} for one in listed],
                file["appointments"],
            )
        )
        assert (await look(worker, moved["id"]))["chain"][1]["asked_by"] == by
    assert seen[0] == seen[1]


async def test_the_person_reads_why_a_date_was_moved_at_their_wish(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    mandate = await in_circle(worker, plan)
    made = (await put(worker, plan, a_day() + 20 * A_DAY, role="SW"))["id"]
    await moves(worker, made, a_day() + 21 * A_DAY, by="person", why=WHY)
    browser = await comes_in(await a_paper(world, worker, plan, mandate))
    async with browser:
        file = (await browser.http.get("/file/copy.json")).json()
        page = await browser.open("/file")
    assert [one.get("why") for one in file["appointments"]] == [None, WHY]
    assert WHY in page.words


async def test_a_new_time_that_the_person_asked_for_is_found_by_a_move(
    world: World, chats: Chats
) -> None:
    case = await outside(world, chats)
    on = case.day + 14 * A_DAY
    made = (await case.put(case.officer, on))["id"]
    at(on, 11)
    await sets(case.officer, made, state="missed_no_contact")
    at(on, 12)
    await chats.round()
    await chats.tap(case.person.phone, "New time")
    assert "new-time" in await kinds(case.worker)
    before = len(await said(chats, case.person))
    moved = await moves(case.officer, made, on + 7 * A_DAY, by="person")
    assert {"new-time", "call-after-missed"} & set(await kinds(case.worker)) == set()
    dates = await case.dates()
    assert dates[made]["state"] == "missed_with_reason"
    assert dates[moved["id"]]["state"] == "scheduled"
    await chats.round()
    [told] = await said(chats, case.person, since=before)
    assert "New time" in told
    await sets(case.officer, made, 409, held_on=str(on + 9 * A_DAY), held_at="09:00:00")


async def test_who_said_that_they_cannot_come_gets_a_time_by_a_move(
    world: World, chats: Chats
) -> None:
    case = await outside(world, chats)
    on = case.day + 14 * A_DAY
    made = (await case.put(case.officer, on))["id"]
    at(on - 3 * A_DAY, 10)
    await chats.round()
    await chats.tap(case.person.phone, "Can't make it")
    assert "cant" in await kinds(case.worker)
    assert (await case.dates())[made]["state"] == "scheduled"
    await moves(case.worker, made, on + A_DAY, by="person")
    assert "cant" not in await kinds(case.worker)


@pytest.mark.parametrize("moved_on", [8, 7, 6])
async def test_reminders_follow_a_move_and_none_comes_twice(
    world: World, chats: Chats, moved_on: int
) -> None:
    case = await outside(world, chats)
    on, new = case.day + 14 * A_DAY, case.day + 28 * A_DAY
    made = (await case.put(case.officer, on))["id"]
    for ahead in (8, 7, 6):
        if ahead >= moved_on:
            at(on - ahead * A_DAY, 10)
            await chats.round()
    await moves(case.officer, made, new)
    await chats.round()
    day = on - moved_on * A_DAY
    while day < new:
        day += A_DAY
        for hour in (10, 11):
            at(day, hour)
            await chats.round()
    sent = await world.sql(
        "SELECT m.key, a.held_on FROM message m JOIN appointment a ON a.id = m.subject"
        " WHERE m.recipient = $1 AND m.state = 'sent' ORDER BY m.sent_at, a.held_on",
        UUID(case.person.actor),
    )
    told = [(one["key"], one["held_on"]) for one in sent]
    early = [("APPT-7", on)] if moved_on <= 7 else []
    assert told == [*early, *((key, new) for key in ("APPT-MOVED", "APPT-7", "APPT-3", "APPT-1"))]


async def test_the_first_date_is_warned_about_and_the_officer_moves_it(world: World) -> None:
    """W-24: on the day of release at 14:00, ninety kilometres away."""
    worker, officer = await world.somebody("SW"), await world.somebody("PO")
    plan = await world.a_plan(worker, in_days=14)
    login = {"role": "PO", "login": officer.login}
    assert (await worker.post(f"/plans/{plan['id']}/circle", login)).status_code == 201
    day = date.fromisoformat(plan["release_date"])
    made = await put(officer, plan["id"], day, "14:00")
    assert "travel_unchecked" in made["cautions"]
    moved = await moves(officer, made["id"], day + A_DAY, "11:00")
    assert "travel_unchecked" in moved["cautions"]
    known = await sets(worker, moved["id"], travel_checked=True)
    assert "travel_unchecked" not in known["cautions"]
    states = [one["state"] for one in (await look(worker, made["id"]))["chain"]]
    assert states == ["cancelled_by_service", "scheduled"]


async def test_a_closed_day_and_an_hour_when_nobody_is_there_are_said_and_refused_never(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    day = a_day() + timedelta(days=30)
    [hours] = await world.sql("SELECT opens, closes FROM agency")
    await world.sql(
        "UPDATE calendar SET closed = ARRAY[$1::date], working_days = '{1,2,3,4,5,6,7}'", day
    )
    asked = {"role": "SW"}
    inside, closes = f"{hours['opens']:%H:%M}", f"{hours['closes']:%H:%M}"
    found = [
        (await put(worker, plan, on, time_, **asked))["cautions"]
        for on, time_ in ((day, inside), (day + A_DAY, closes), (day + A_DAY, inside))
    ]
    assert found == [["closed_day"], ["outside_hours"], []]
    moved = await moves(worker, (await put(worker, plan, day + A_DAY, **asked))["id"], day, "03:00")
    assert moved["cautions"] == ["closed_day", "outside_hours"]


async def test_the_desk_shows_a_chain_and_gives_another_time(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    made = (await put(worker, plan, a_day() + 20 * A_DAY, role="SW"))["id"]
    desk = await at_the_desk(world, worker)
    path = f"/desk/plans/{plan}/dates"
    async with desk:
        page = plain(await desk.open(path))
        to: dict[str, Any] = {
            "held_on": str(a_day() + 22 * A_DAY),
            "held_at": "09:30",
            "by": "circle",
            "why": WHY,
        }
        done = plain(await desk.send(page, f"{path}/{made}", "held_on", **to))
        assert "moved from another time" in done.words
        shown = plain(await desk.open(f"{path}/{made}"))
    assert "somebody of the circle" in shown.words
    assert WHY in shown.words
    [row] = await world.sql("SELECT state FROM appointment WHERE id = $1", UUID(made))
    assert row["state"] == "rescheduled"


async def test_a_chain_of_another_plan_is_nobodys(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    plan, its = (await world.a_plan(worker))["id"], (await world.a_plan(other))["id"]
    made = (await put(other, its, a_day() + 20 * A_DAY, role="SW"))["id"]
    assert (await worker.get(f"/appointments/{made}")).status_code == 404
    desk = await at_the_desk(world, worker)
    async with desk:
        page = await desk.open(f"/desk/plans/{plan}/dates/{made}")
    assert page.status == 404
