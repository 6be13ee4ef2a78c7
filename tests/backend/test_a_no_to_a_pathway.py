"""What becomes of a pathway's rows when the person says no to it, or says something else."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from backend.plans.rules import goes_with_pathway
from tests.chats import at
from tests.releases import change, joins
from tests.world import Caller, World, a_day, row

ANSWERS = ("offered", "accepted", "later")
KINDS, AGREES = ("C", "V", "N", "O"), ("-", "P", "F", "D", "FD")
STATES = (
    *("dormant", "planned", "in_progress", "done"),
    *("not_needed", "declined", "not_possible", "cancelled"),
)


async def _says(
    worker: Caller, plan: dict[str, Any], pathway: str, answer: str, **more: Any
) -> str:
    body = {"kind": "participation", "language": "en", "pathway": pathway, "answer": answer, **more}
    made = await worker.post(f"/plans/{plan['id']}/consents", body)
    assert made.status_code == 201, made.text
    id_: str = made.json()["id"]
    return id_


async def _states(world: World, worker: Caller, plan: dict[str, Any]) -> dict[str, str]:
    rows = (await world.plan(worker, plan["id"]))["milestones"]
    return {one["code"]: one["state"] for one in rows}


async def test_what_is_offered_or_under_way_is_declined_and_what_hangs_on_it_not_needed(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await change(world, worker, plan, "VOC-03", state="planned")
    await change(world, worker, plan, "VOC-07", state="planned")
    await change(world, worker, plan, "VOC-07", state="in_progress")
    await change(world, worker, plan, "CNS-01", state="planned")
    before = await _states(world, worker, plan)
    await _says(worker, plan, "VOC", "declined")
    after = await _states(world, worker, plan)
    changed = {code: state for code, state in after.items() if state != before[code]}
    followers = dict.fromkeys(("VOC-04", "VOC-05", "VOC-06", "VOC-08"), "not_needed")
    assert changed == {"VOC-03": "declined", "VOC-07": "declined", **followers}
    assert after["VOC-01"] == "planned"  # a core row is talked about by itself
    assert after["CNS-01"] == "planned"  # and the other pathways are not meant


async def test_the_history_has_the_no_and_no_reason(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await change(world, worker, plan, "VOC-03", state="planned")
    await _says(worker, plan, "VOC", "declined")
    id_ = row(plan, "VOC-03")["id"]
    last = (await worker.get(f"/milestones/{id_}/history")).json()[-1]
    told = {name: last[name] for name in ("kind", "before", "after", "role")}
    assert told == {"kind": "state", "before": "planned", "after": "declined", "role": "SW"}
    assert "reason" not in last


@pytest.mark.parametrize("answer", ANSWERS)
async def test_every_other_answer_changes_no_row(world: World, answer: str) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await change(world, worker, plan, "VOC-03", state="planned")
    before = await world.plan(worker, plan["id"])
    await _says(worker, plan, "VOC", answer)
    assert await world.plan(worker, plan["id"]) == before


async def test_a_yes_after_the_no_opens_nothing_by_itself(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await change(world, worker, plan, "VOC-03", state="planned")
    await _says(worker, plan, "VOC", "declined")
    await _says(worker, plan, "VOC", "accepted", person_asks=True)
    assert (await _states(world, worker, plan))["VOC-03"] == "declined"
    again = {"state": "in_progress", "reason": "The person asked for it.", "person_asks": True}
    await change(world, worker, plan, "VOC-03", **again)
    assert (await _states(world, worker, plan))["VOC-03"] == "in_progress"


async def test_what_is_a_relatives_own_is_not_the_persons_to_decline(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    for code in ("FAM-07", "FAM-11"):
        await change(world, worker, plan, code, state="planned")
    await _says(worker, plan, "FAM", "declined")
    after = await _states(world, worker, plan)
    assert (after["FAM-07"], after["FAM-11"]) == ("declined", "planned")


async def test_a_trainer_whose_course_was_declined_finds_it_no_more(world: World) -> None:
    worker, trainer = await world.somebody("SW"), await world.somebody("TR")
    plan = await world.a_plan(worker)
    await joins(world, worker, plan, trainer, "TR")
    for state in ("planned", "in_progress"):
        await change(world, worker, plan, "VOC-04", state=state)
    assert "VOC-04" in await _states(world, trainer, plan)
    await _says(worker, plan, "VOC", "declined")
    assert "VOC-04" not in await _states(world, trainer, plan)


async def test_what_keeps_somebody_safe_and_what_must_be_there_on_the_day_stay(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, overlays=["safety_first"])
    for code in ("WOM-01", "FAM-07", "HLT-02", "HLT-05"):
        await change(world, worker, plan, code, state="planned")
    for pathway in ("FAM", "HLT"):
        await _says(worker, plan, pathway, "declined")
    after = await _states(world, worker, plan)
    assert (after["WOM-01"], after["FAM-07"]) == ("planned", "declined")
    assert (after["HLT-05"], after["HLT-02"]) == ("planned", "declined")


async def test_medicine_for_the_day_does_not_fall_with_a_letter_that_was_declined(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    for code in ("HLT-02", "HLT-05"):
        await change(world, worker, plan, code, state="planned")
    await change(world, worker, plan, "HLT-02", state="declined")
    assert (await _states(world, worker, plan))["HLT-05"] == "planned"


async def test_what_hangs_on_a_part_that_was_done_is_not_needed_any_more(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    for code in ("MEN-01", "MEN-02"):
        for state in ("planned", "done"):
            await change(world, worker, plan, code, state=state)
    for code in ("MEN-03", "MEN-13"):
        await change(world, worker, plan, code, state="planned")
    await _says(worker, plan, "MEN", "declined")
    after = await _states(world, worker, plan)
    assert {after[code] for code in ("MEN-01", "MEN-02")} == {"done"}
    assert after["MEN-03"] == "declined"
    # the mentor's own support call, and an offer that nobody had made yet
    assert {after[code] for code in ("MEN-13", "COM-01")} == {"not_needed"}
    assert after["MEN-08"] == "dormant"


async def test_what_fell_while_it_slept_comes_back_with_a_day(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await change(world, worker, plan, "VOC-03", state="planned")
    await _says(worker, plan, "VOC", "declined")
    why = {"state": "in_progress", "reason": "The person asked for it.", "person_asks": True}
    await change(world, worker, plan, "VOC-04", **why)
    await change(world, worker, plan, "VOC-05", **why, due_on="2031-05-05")
    seen = await world.plan(worker, plan["id"])
    started, checked = row(seen, "VOC-04"), row(seen, "VOC-05")
    assert started["due_on"] is not None
    assert not started["pinned"]
    assert (checked["due_on"], checked["pinned"]) == ("2031-05-05", True)


DATES = (
    *(("coming", "SW", 5, 8, "scheduled"), ("today", "SW", 0, 10, "confirmed")),
    *(("kept", "SW", 5, 8, "attended"), ("an hour ago", "SW", 0, 8, "scheduled")),
    ("order", "PO", 5, 8, "scheduled"),
)


@pytest.mark.parametrize("at_once", [False, True])
async def test_coming_dates_of_a_part_that_was_declined_are_off(
    world: World, *, at_once: bool
) -> None:
    at(a_day(), 9)
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await change(world, worker, plan, "VOC-03", state="planned")
    made = {}
    for what, role, days, hour, state in (*DATES, ("another", "SW", 5, 8, "scheduled")):
        code = "VOC-01" if what == "another" else "VOC-03"
        body = {"role": role, "held_at": f"{hour:02}:00:00", "milestone": row(plan, code)["id"]}
        body["held_on"] = (a_day() + timedelta(days=days)).isoformat()
        answer = await worker.post(f"/plans/{plan['id']}/appointments", body)
        assert answer.status_code == 201, answer.text
        made[what] = answer.json()["id"]
        sql = "UPDATE appointment SET state = $2 WHERE id = $1::uuid"
        await world.sql(sql, made[what], state)
    if at_once:
        await _says(worker, plan, "VOC", "declined")
    else:
        await change(world, worker, plan, "VOC-03", state="declined")
    rows = await world.sql("SELECT id::text, state FROM appointment")
    states = {one["id"]: one["state"] for one in rows}
    off = {what for what, id_ in made.items() if states[id_] == "cancelled_by_person"}
    assert off == {"coming", "today"}
    assert states[made["kept"]] == "attended"


@pytest.mark.parametrize("state", ["draft", "paused"])
async def test_a_no_counts_while_the_plan_rests(world: World, state: str) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await change(world, worker, plan, "VOC-03", state="planned")
    await world.sql("UPDATE plan SET state = $2 WHERE id = $1", plan["id"], state)
    await _says(worker, plan, "VOC", "declined")
    assert (await _states(world, worker, plan))["VOC-03"] == "declined"


async def test_in_a_plan_that_is_over_the_answer_stands_and_no_row_moves(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await change(world, worker, plan, "VOC-03", state="planned")
    seen = await world.plan(worker, plan["id"])
    closed = await worker.post(
        f"/plans/{plan['id']}/state", {"state": "closed"}, version=seen["version"]
    )
    assert closed.status_code == 200, closed.text
    before = await _states(world, worker, plan)
    id_ = await _says(worker, plan, "VOC", "declined")
    assert await _states(world, worker, plan) == before
    kept = "SELECT answer FROM participation WHERE id = $1"
    assert await world.sql(kept, id_) == [{"answer": "declined"}]


def test_of_a_pathway_go_open_offers_and_needs_that_hang_on_the_persons_yes() -> None:
    names = ("pathway", "kind", "agree", "state", "late_start")
    cases = product(("VOC", "MEN"), KINDS, AGREES, STATES, range(4))
    rows = [{"id": what, **dict(zip(names, what, strict=True))} for what in cases]
    found = set(goes_with_pathway("VOC", rows))
    own, open_ = ("P", "D", "FD"), ("planned", "in_progress")
    assert found == set(product(("VOC",), ("V", "N"), own, open_, (2, 3)))
