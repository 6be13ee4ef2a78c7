"""The place of a date changes by itself or with another time, and no chat hears of it."""

from typing import Any
from uuid import UUID

from tests.backend.pages.browser import at_the_desk, plain
from tests.chats import Chats
from tests.dates import A_DAY, look, moves, outside, put, sets
from tests.releases import said
from tests.world import World, a_day

THERE, ELSEWHERE, HOME = "Long Street 4", "Short Street 9, bus 12", "Hidden Lane 7"


async def test_the_place_changes_alone_and_is_sealed(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    made = (await put(worker, plan, a_day() + 20 * A_DAY, role="SW", place=THERE))["id"]
    changed = await sets(worker, made, place=ELSEWHERE)
    found = await look(worker, made)
    assert (found["place"], found["version"], found["state"]) == (ELSEWHERE, 2, "scheduled")
    assert (changed["id"], changed["version"]) == (made, 2)
    assert found["held_on"] == str(a_day() + 20 * A_DAY)
    [row] = await world.sql("SELECT place FROM appointment WHERE id = $1", UUID(made))
    assert b"Short" not in row["place"]


async def test_a_date_moves_to_another_place_or_keeps_its_own(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    made = (await put(worker, plan, a_day() + 20 * A_DAY, role="SW", place=THERE))["id"]
    kept = (await moves(worker, made, a_day() + 21 * A_DAY))["id"]
    assert (await look(worker, kept))["place"] == THERE
    other = (await moves(worker, kept, a_day() + 22 * A_DAY, place=ELSEWHERE))["id"]
    assert [(await look(worker, one))["place"] for one in (kept, other)] == [THERE, ELSEWHERE]


async def test_a_place_goes_with_no_state_and_with_no_date_that_is_over(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    made = (await put(worker, plan, a_day() + 20 * A_DAY, role="SW"))["id"]
    await sets(worker, made, 422, place=THERE, state="confirmed")
    await sets(worker, made, 422, place=THERE, travel_checked=True)
    await sets(worker, made, state="cancelled_by_person")
    await sets(worker, made, 409, place=THERE)


async def test_a_protected_address_is_no_new_place(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    circle = f"/plans/{plan}/circle"
    assert (await worker.post(circle, {"role": "FA", "name": "Mother"})).status_code == 201
    [mother] = await world.sql("SELECT id::text FROM member WHERE role = 'FA'")
    address = {"subject": mother["id"], "address": HOME}
    told = await worker.post(f"/plans/{plan}/protected-addresses", address)
    assert told.status_code == 201, told.text
    made = (await put(worker, plan, a_day() + 20 * A_DAY, role="SW", place=THERE))["id"]
    await sets(worker, made, 422, place=f"at {HOME}")
    to = {"held_on": str(a_day() + 21 * A_DAY), "held_at": "11:00:00"}
    await sets(worker, made, 422, place=HOME, **to)
    assert (await look(worker, made))["place"] == THERE


async def test_no_chat_hears_of_another_place(world: World, chats: Chats) -> None:
    case = await outside(world, chats)
    made = await case.put(case.worker, case.day + 14 * A_DAY, role="SW", place=THERE)
    before = len(await said(chats, case.person))
    await sets(case.worker, made["id"], place=ELSEWHERE)
    await chats.round()
    assert await said(chats, case.person, since=before) == []
    await moves(case.worker, made["id"], case.day + 15 * A_DAY, place=THERE)
    await chats.round()
    [moved] = await said(chats, case.person, since=before)
    assert "Street" not in moved


async def test_the_desk_changes_a_place_alone_and_with_a_move(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    made = (await put(worker, plan, a_day() + 20 * A_DAY, role="SW", place=THERE))["id"]
    path = f"/desk/plans/{plan}/dates"
    desk = await at_the_desk(world, worker)
    async with desk:
        page = plain(await desk.open(path))
        there = f"{path}/{made}"
        page = plain(await desk.send(page, there, "place", place=ELSEWHERE))
        assert ELSEWHERE in page.words
        to: dict[str, Any] = {
            "held_on": str(a_day() + 22 * A_DAY),
            "held_at": "09:30",
            "place": "Room 3",
        }
        page = plain(await desk.send(page, there, "held_on", **to))
    assert "Room 3" in page.words


async def test_an_empty_place_takes_it_away_and_the_way_is_looked_at_anew(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    one, other = [
        (await put(worker, plan, a_day() + n * A_DAY, role="SW", place=THERE))["id"]
        for n in (20, 21)
    ]
    await sets(worker, one, travel_checked=True)
    await sets(worker, one, place="")
    found = await look(worker, one)
    assert ("place" in found, found["travel_checked"], found["version"]) == (False, False, 3)
    moved = (await moves(worker, other, a_day() + 22 * A_DAY, place=""))["id"]
    assert "place" not in await look(worker, moved)
    path = f"/desk/plans/{plan}/dates"
    await sets(worker, moved, place=ELSEWHERE)
    async with await at_the_desk(world, worker) as desk:
        page = plain(await desk.open(path))
        done = plain(await desk.send(page, f"{path}/{moved}", "no_place", no_place="true"))
    assert ELSEWHERE not in done.words
    assert await world.sql("SELECT 1 FROM appointment WHERE place IS NOT NULL") == [
        {"?column?": 1}
    ]  # what had been told of the one that moved stays with it
