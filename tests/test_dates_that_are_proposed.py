"""A proposal waits for the other side's yes; until then nobody else hears of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from backend.appointments.rules import whose_yes
from tests.backend.courts.docket import a_docket
from tests.backend.pages.browser import at_the_desk, plain
from tests.chats import Chats, at
from tests.dates import A_DAY, Outside, look, moves, once_planned, outside, put, sets
from tests.releases import joins, kinds, said
from tests.world import World, a_day

TASK = "date-proposed"


@pytest.mark.parametrize(
    ("by", "role", "whose"),
    [("SW", "PO", "PO"), ("PO", "PO", "SW"), ("SW", "SW", "SW"), ("CP", "CP", "SW")],
)
def test_the_other_side_answers(by: str, role: str, whose: str) -> None:
    assert whose_yes(by, role) == whose


async def test_a_proposal_is_agreed_to_by_the_other_side_alone(world: World, chats: Chats) -> None:
    case = await outside(world, chats)
    made = await case.put(case.worker, case.day + 14 * A_DAY, proposed=True)
    assert (await look(case.officer, made["id"]))["waits_for"] == "PO"
    assert TASK in await kinds(case.officer)
    assert TASK not in await kinds(case.worker)
    for state in ("scheduled", "confirmed"):
        await sets(case.worker, made["id"], 409, state=state)
    await sets(case.officer, made["id"], 409, state="attended")
    await sets(case.officer, made["id"], state="scheduled")
    found = await look(case.officer, made["id"])
    assert (found["state"], found.get("waits_for")) == ("scheduled", None)
    assert TASK not in await kinds(case.officer)


async def test_where_nobody_has_the_role_the_worker_writes_the_yes_down(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    made = await put(worker, plan, a_day() + 20 * A_DAY, proposed=True)
    assert TASK in await kinds(worker)
    await sets(worker, made["id"], state="confirmed")


async def test_the_other_side_names_another_time_and_then_it_is_the_firsts_to_agree(
    world: World, chats: Chats
) -> None:
    case = await outside(world, chats)
    on = case.day + 14 * A_DAY
    made = await case.put(case.worker, on, proposed=True)
    before = len(await said(chats, case.person))
    moved = await moves(case.officer, made["id"], on + A_DAY)
    found = await look(case.officer, moved["id"])
    assert (found["state"], found["waits_for"]) == ("proposed", "SW")
    await sets(case.officer, moved["id"], 409, state="scheduled")
    assert TASK in await kinds(case.worker)
    assert TASK not in await kinds(case.officer)
    await sets(case.worker, moved["id"], state="scheduled")
    await chats.round()
    assert await said(chats, case.person, since=before) == []


async def _through(case: Outside, chats: Chats, until: int) -> list[str]:
    """What the person hears until so many days after their release."""
    before = len(await said(chats, case.person))
    for day in range(1, until):
        at(case.day + day * A_DAY, 10)
        await chats.round()
    return await said(chats, case.person, since=before)


async def test_nobody_is_reminded_of_a_proposal_or_told_that_it_fell_away(
    world: World, chats: Chats
) -> None:
    case = await outside(world, chats)
    made = await case.put(case.officer, case.day + 12 * A_DAY, proposed=True)
    other = await case.put(case.officer, case.day + 13 * A_DAY, proposed=True)
    await sets(case.officer, other["id"], state="cancelled_by_service")
    assert await _through(case, chats, 15) == []
    assert (await case.dates())[made["id"]]["state"] == "proposed"


async def test_of_what_was_agreed_to_the_person_is_reminded(world: World, chats: Chats) -> None:
    case = await outside(world, chats)
    made = await case.put(case.officer, case.day + 12 * A_DAY, proposed=True)
    await sets(case.worker, made["id"], state="scheduled")
    assert len(await _through(case, chats, 13)) == 3


async def test_no_paper_holds_a_proposal(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await put(worker, plan, a_day() + 20 * A_DAY, role="SW")
    path = f"/plans/{plan}/papers/card?language=en"
    before = await worker.get(path)
    assert before.status_code == 200, before.text
    await put(worker, plan, a_day() + 21 * A_DAY, role="SW", proposed=True)
    assert (await worker.get(path)).content == before.content


async def test_a_court_hears_of_no_proposal_that_nobody_agreed_to(world: World) -> None:
    docket = await a_docket(world)
    before = (await docket.draft()).json()["draft"]["facts"]
    day = a_day() - timedelta(days=1)
    made = await once_planned(world, docket.worker, docket.plan, day, proposed=True)
    await sets(docket.officer, made["id"], state="cancelled_by_service")
    await once_planned(world, docket.worker, docket.plan, day, "11:00", proposed=True)
    assert (await docket.draft()).json()["draft"]["facts"] == before
    real = await once_planned(world, docket.officer, docket.plan, day, "12:00")
    await sets(docket.officer, real["id"], state="cancelled_by_service")
    assert (await docket.draft()).json()["draft"]["facts"] != before


async def test_at_the_desk_one_proposes_and_the_other_side_says_yes(world: World) -> None:
    worker, officer = await world.somebody("SW"), await world.somebody("PO")
    plan = await world.a_plan(worker)
    await joins(world, worker, plan, officer, "PO")
    path = f"/desk/plans/{plan['id']}/dates"
    desk = await at_the_desk(world, worker)
    async with desk:
        page = plain(await desk.open(path))
        on: dict[str, Any] = {
            "role": "PO",
            "held_on": str(a_day() + 20 * A_DAY),
            "held_at": "10:00",
        }
        done = plain(await desk.send(page, path, "held_on", **on, proposed="true"))
    assert "waits for a yes" in done.words
    [row] = await world.sql("SELECT id, state FROM appointment")
    assert row["state"] == "proposed"
    desk = await at_the_desk(world, officer)
    async with desk:
        page = plain(await desk.open(path))
        await desk.send(page, f"{path}/{row['id']}", "state", state="scheduled")
    [row] = await world.sql("SELECT state, waits_for FROM appointment WHERE id = $1", row["id"])
    assert row == {"state": "scheduled", "waits_for": None}


async def test_a_proposal_without_a_side_is_no_row(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    made = await put(worker, plan, a_day() + 20 * A_DAY, role="SW")
    with pytest.raises(Exception, match="appointment_waits"):
        await world.sql("UPDATE appointment SET state = 'proposed' WHERE id = $1", UUID(made["id"]))


ANOTHER = "date-not-agreed"


async def test_whose_proposal_nobody_answers_looks_for_another_hour(
    world: World, chats: Chats
) -> None:
    case = await outside(world, chats)
    on = case.day + 5 * A_DAY
    theirs = await case.put(case.worker, on, proposed=True)
    mine = await case.put(case.officer, on, "15:00", proposed=True)
    at(on, 9, 59)
    await chats.round()
    assert (await kinds(case.officer)).count(TASK) == 1
    assert ANOTHER not in await kinds(case.worker)
    at(on, 10)
    await chats.round()
    assert TASK not in await kinds(case.officer)
    assert (ANOTHER in await kinds(case.worker), TASK in await kinds(case.worker)) == (True, True)
    assert ANOTHER not in await kinds(case.officer)
    at(on, 15)
    await chats.round()
    assert (ANOTHER in await kinds(case.officer), TASK in await kinds(case.worker)) == (True, False)
    await sets(case.worker, theirs["id"], state="cancelled_by_service")  # it had passed already
    tasks = await world.sql("SELECT role FROM task WHERE kind = $1 ORDER BY role", ANOTHER)
    assert [one["role"] for one in tasks] == ["PO", "SW"]
    await moves(case.officer, mine["id"], on + A_DAY)
    await moves(case.worker, theirs["id"], on + A_DAY)
    assert ANOTHER not in await kinds(case.officer) + await kinds(case.worker)


async def test_a_no_asks_whoever_proposed_and_says_the_same(world: World, chats: Chats) -> None:
    case = await outside(world, chats)
    on = case.day + 5 * A_DAY
    made = await case.put(case.officer, on, proposed=True)
    own = await case.put(case.officer, on, "15:00", proposed=True)
    await sets(case.officer, own["id"], state="cancelled_by_service")
    assert ANOTHER not in await kinds(case.officer)  # who takes it back knows
    await sets(case.worker, made["id"], state="cancelled_by_person")
    at(on + A_DAY, 9)
    await chats.round()
    assert (await kinds(case.officer)).count(ANOTHER) == 1
    tasks = await world.sql("SELECT step, note, role FROM task WHERE kind = $1", ANOTHER)
    assert tasks == [{"step": "", "note": None, "role": "PO"}]
    assert TASK not in await kinds(case.worker)
