"""What the service calls off counts as missed nowhere; what was marked by mistake is put right."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.appointments import rules
from backend.database import transaction
from tests.backend.courts.docket import Docket, a_docket
from tests.chats import Chats, at
from tests.dates import A_DAY, look, once_planned, outside, sets
from tests.releases import change, joins, kinds, said
from tests.world import World, a_day, row

EVERY = sorted({*rules.STEPS, *rules.MISSED})
OFF = sorted(rules.CALLED_OFF)


@given(st.lists(st.sampled_from(EVERY), min_size=1, max_size=8))
def test_no_way_leads_from_what_was_called_off_to_a_miss_but_through_a_date_that_holds(
    states: list[str],
) -> None:
    for before, after in pairwise(states):
        if not rules.may_become(before, after):
            return
        if before in rules.CALLED_OFF | {"rescheduled"}:
            assert after not in rules.MISSED


def test_every_state_of_a_date_can_be_put_right() -> None:
    for state in EVERY:
        assert rules.STEPS[state], state
    assert not rules.may_become("proposed", "attended")


async def _facts(docket: Docket) -> list[str]:
    return [one["text"] for one in (await docket.draft()).json()["draft"]["facts"]]


async def test_a_court_is_told_that_the_service_called_it_off_and_of_no_miss(world: World) -> None:
    docket = await a_docket(world)
    day = a_day() - timedelta(days=1)
    kept = await once_planned(world, docket.officer, docket.plan, day, "09:00")
    await sets(docket.officer, kept["id"], state="attended")
    before = await _facts(docket)
    for hour in ("10:00", "11:00"):
        made = await once_planned(world, docket.officer, docket.plan, day, hour)
        wanted: dict[str, Any] = {"state": "cancelled_by_service"}
        if hour == "11:00":
            wanted = {"held_on": str(a_day() + 20 * A_DAY), "held_at": "11:00:00"}
        await sets(docket.officer, made["id"], 200 if "state" in wanted else 201, **wanted)
    after = await _facts(docket)
    assert [one for one in before if "kept" in one] == [one for one in after if "kept" in one]
    [told] = set(after) - set(before)
    assert "cancelled or moved by the probation service: 2" in told


@pytest.mark.parametrize("state", OFF)
async def test_nobody_is_looked_for_because_of_it(world: World, chats: Chats, state: str) -> None:
    case = await outside(world, chats)
    on = case.day + 7 * A_DAY
    made = await case.put(case.officer, on)
    at(on, 9)
    await sets(case.officer, made["id"], state=state)
    before = len(await said(chats, case.person))
    for day in range(6):
        for hour in (12, 19):
            at(on + day * A_DAY, hour)
            await chats.round()
    heard = await said(chats, case.person, since=before)
    assert not [one for one in heard if "did not see you" in one]
    tasks = {*await kinds(case.worker), *await kinds(case.officer)}
    assert not tasks & {"call-after-missed", "second-way"}


async def test_a_miss_that_was_the_services_is_a_miss_no_more(world: World, chats: Chats) -> None:
    case = await outside(world, chats)
    await change(world, case.worker, case.plan, "PRB-03", state="planned")
    found = row(await world.plan(case.worker, case.plan["id"]), "PRB-03")
    on = case.day + 7 * A_DAY
    made = await case.put(case.officer, on, milestone=found["id"])
    at(on, 11)
    await sets(case.officer, made["id"], state="missed_no_contact")
    path = f"/milestones/{found['id']}"
    assert "missed" in (await case.worker.get(path)).text
    await sets(case.officer, made["id"], state="cancelled_by_service")
    assert "missed" not in (await case.worker.get(path)).text
    assert "call-after-missed" not in await kinds(case.officer)
    before = len(await said(chats, case.person))
    at(on, 14)
    await chats.round()
    assert await said(chats, case.person, since=before) == []


async def test_what_was_taken_for_kept_opens_its_row_again(world: World, chats: Chats) -> None:
    case = await outside(world, chats)
    await change(world, case.worker, case.plan, "PRB-03", state="planned")
    before = row(await world.plan(case.worker, case.plan["id"]), "PRB-03")
    on = case.day + 7 * A_DAY
    made = await case.put(case.officer, on, milestone=before["id"])
    at(on, 11)
    await sets(case.officer, made["id"], state="attended")
    done = row(await world.plan(case.worker, case.plan["id"]), "PRB-03")
    assert (done["state"], done["done_on"]) == ("done", str(on))
    known = (await case.officer.get(f"/milestones/{before['id']}")).json()["sayings"]
    assert [one["happened"] for one in known] == [True]
    await sets(case.officer, made["id"], state="missed_with_reason")
    again = row(await world.plan(case.worker, case.plan["id"]), "PRB-03")
    assert again["state"] == before["state"]
    assert again["due_on"] == before["due_on"]
    assert "done_on" not in again
    assert (await case.officer.get(f"/milestones/{before['id']}")).json()["sayings"] == []
    taken = (await case.worker.get(f"/milestones/{before['id']}")).json()["sayings"]
    assert [one.get("taken_back") for one in taken if one["provenance"] != "missed"] == [True]
    await sets(case.officer, made["id"], state="attended")
    assert row(await world.plan(case.worker, case.plan["id"]), "PRB-03")["state"] == "done"


async def test_what_somebody_has_settled_since_stays_settled(world: World, chats: Chats) -> None:
    case = await outside(world, chats)
    await change(world, case.worker, case.plan, "PRB-03", state="planned")
    found = row(await world.plan(case.worker, case.plan["id"]), "PRB-03")
    on = case.day + 7 * A_DAY
    made = await case.put(case.officer, on, milestone=found["id"])
    at(on, 11)
    await sets(case.officer, made["id"], state="attended")
    reason = "It was another day."
    await change(world, case.worker, case.plan, "PRB-03", state="in_progress", reason=reason)
    await change(world, case.worker, case.plan, "PRB-03", state="done", done_on=str(on))
    await sets(case.officer, made["id"], state="cancelled_by_service")
    assert row(await world.plan(case.worker, case.plan["id"]), "PRB-03")["state"] == "done"


async def test_the_first_contact_that_was_none_is_asked_about_again(
    world: World, chats: Chats
) -> None:
    case = await outside(world, chats)
    await world.sql("UPDATE milestone SET state = 'planned', done_on = NULL WHERE code = 'MEN-09'")
    made = await case.put(case.officer, case.day + A_DAY)
    at(case.day + A_DAY, 11)
    await sets(case.officer, made["id"], state="attended")
    plan = await world.plan(case.worker, case.plan["id"])
    assert row(plan, "MEN-09")["state"] == "done"
    await sets(case.worker, made["id"], state="missed_no_contact")
    plan = await world.plan(case.worker, case.plan["id"])
    assert row(plan, "MEN-09")["state"] == "planned"


async def test_what_was_called_off_by_mistake_holds_again_and_who_was_told_is_told(
    world: World, chats: Chats
) -> None:
    case = await outside(world, chats)
    on = case.day + 14 * A_DAY
    made = await case.put(case.officer, on)
    before = len(await said(chats, case.person))
    await sets(case.officer, made["id"], state="cancelled_by_service")
    await sets(case.officer, made["id"], state="scheduled")
    await chats.round()
    assert await said(chats, case.person, since=before) == []  # nobody had heard of it yet
    await sets(case.officer, made["id"], state="cancelled_by_service")
    await chats.round()
    at(case.day + A_DAY, 11)
    await sets(case.officer, made["id"], state="scheduled")
    await chats.round()
    off, again = await said(chats, case.person, since=before)
    assert "no longer holds" in off
    assert "New time" in again
    await sets(case.officer, made["id"], state="cancelled_by_person")
    at(on, 11)
    await sets(case.officer, made["id"], 409, state="scheduled")
    await sets(case.officer, made["id"], 409, state="missed_no_contact")
    assert (await look(case.officer, made["id"]))["state"] == "cancelled_by_person"


async def test_another_service_takes_back_nothing_that_a_date_has_settled(
    world: World, chats: Chats
) -> None:
    case = await outside(world, chats)
    await change(world, case.worker, case.plan, "PRB-03", state="planned")
    trainer = await world.somebody("TR")
    await joins(world, case.worker, case.plan, trainer, "TR")
    found = row(await world.plan(case.worker, case.plan["id"]), "PRB-03")
    on = case.day + 7 * A_DAY
    made = await case.put(case.officer, on, milestone=found["id"])
    at(on, 11)
    await sets(case.officer, made["id"], state="attended")
    take_back = "UPDATE evidence SET taken_back_at = now(), version = version + 1"
    for who, rows in ((trainer, 0), (case.officer, 1)):
        assert who.id
        async with transaction(who.id) as raw:
            assert await raw.execute(take_back) == f"UPDATE {rows}"
