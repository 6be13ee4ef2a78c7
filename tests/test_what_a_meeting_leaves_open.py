"""Of a meeting nothing is left hanging, and nobody is told by paper what no page tells them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.backend.pages.browser import at_the_desk, plain
from tests.meetings import a_table, approves, held, part, planned, read, with_minutes
from tests.releases import joins
from tests.world import Caller, World, a_day, row


async def _elsewhere(world: World, worker: Caller, plan: str) -> Caller:
    there = await world.an_agency(name="Elsewhere")
    trainer = await world.somebody("TR", agency=there)
    await joins(world, worker, {"id": plan}, trainer, "TR")
    await world.a_flow(there, groups=["alias", "circle", "milestones", "tasks"])
    return trainer


@pytest.mark.parametrize("why", ["no flow", "a wall", "an end"])
async def test_no_agenda_is_printed_for_staff_who_may_not_be_told_of_it(
    world: World, why: str
) -> None:
    worker, plan, [officer, trainer] = await a_table(world, "PO", "TR", in_days=160)
    told = await _elsewhere(world, worker, plan) if why == "no flow" else trainer
    meeting = await planned(worker, plan, [worker.id, officer.id, told.id])
    theirs = next(one for one in meeting["members"] if one["actor"] == str(told.id))
    if why == "a wall":
        wall = {"kind": "excluded", "login": told.login}
        assert (await worker.post(f"/plans/{plan}/walls", wall)).status_code == 201
    elif why == "an end":
        await world.sql("UPDATE mandate SET ends = starts WHERE actor = $1", told.id)
    assert (await told.get(f"/plans/{plan}/meetings")).status_code == 404
    desk = await at_the_desk(world, worker)
    path = f"/desk/plans/{plan}/meetings/{meeting['id']}"

    def paper(one: dict[str, Any]) -> str:
        return f"{path}/agenda?member={one['id']}"

    shown = plain(await desk.open(path)).html
    for role in ("SW", "PE", "PO"):
        assert paper(part(meeting, role)) in shown, role
        assert (await desk.open(paper(part(meeting, role)))).status == 200
    assert paper(theirs) not in shown
    assert (await desk.open(paper(theirs))).status == 404


async def _written(world: World, *roles: str) -> tuple[Caller, str, list[Caller], dict[str, Any]]:
    worker, plan, others = await a_table(world, *roles)
    meeting = await planned(worker, plan, [worker.id, *(one.id for one in others)])
    meeting = await held(worker, plan, meeting, "SW", "PE", *roles)
    return worker, plan, others, await with_minutes(worker, plan, meeting)


async def test_minutes_do_not_wait_for_who_has_left_and_nobody_says_they_read_them(
    world: World,
) -> None:
    worker, plan, [officer, trainer], meeting = await _written(world, "PO", "TR")
    desk = await at_the_desk(world, worker)
    path = f"/desk/plans/{plan}/meetings/{meeting['id']}"
    assert (await approves(officer, part(meeting, "PO"))).status_code == 200
    for role in ("PE", "SW"):
        assert (await approves(worker, part(meeting, role))).status_code == 200
    await world.sql("UPDATE mandate SET ends = now() WHERE actor = $1", trainer.id)
    assert (await read(worker, plan))["state"] == "held"
    left = part(meeting, "TR")
    form = f"{path}/members/{left['id']}/approve"
    page = plain(await desk.open(path))
    assert "read to them, and are right" not in page.words
    assert "Whoever is left has approved" in page.words
    assert "Approved." in plain(await desk.send(page, form)).words
    after = await read(worker, plan)
    assert after["state"] == "approved"
    assert not {"approved", "read_to"} & part(after, "TR").keys(), "they have said nothing"
    open_ = "SELECT 1 FROM task WHERE subject = $1::uuid AND closed_at IS NULL"
    assert await world.sql(open_, left["id"]) == []


async def test_a_yes_is_the_last_where_whoever_said_none_has_left(world: World) -> None:
    worker, plan, [officer], meeting = await _written(world, "PO")
    await world.sql("UPDATE mandate SET ends = now() WHERE actor = $1", officer.id)
    left = part(meeting, "PO")
    assert (await approves(worker, left)).status_code == 409, "others are still asked"
    desk = await at_the_desk(world, worker)
    path = f"/desk/plans/{plan}/meetings/{meeting['id']}"
    assert not plain(await desk.open(path)).has_form(f"{path}/members/{left['id']}/approve")
    for role in ("PE", "SW"):
        assert (await read(worker, plan))["state"] == "held"
        assert (await approves(worker, part(meeting, role))).status_code == 200
    assert (await read(worker, plan))["state"] == "approved"


def _carried(meeting: dict[str, Any]) -> list[str]:
    """Codes, or words; one twice where it stands there twice."""
    found = [one for one in meeting["agenda"] if "carried" in one["why"]]
    return sorted(one.get("code") or one["words"] for one in found)


async def test_what_was_not_dealt_with_comes_to_the_next_meeting_once_whenever_that_was_planned(
    world: World,
) -> None:
    worker, plan, _ = await a_table(world)
    first = await planned(worker, plan, [worker.id])
    step = row(await world.plan(worker, plan), "IDD-04")["id"]
    agenda = {"rows": [step], "words": "The bus."}
    path = f"/meetings/{first['id']}"
    set_ = await worker.send("PUT", f"{path}/agenda", agenda, version=first["version"])
    assert set_.status_code == 200, set_.text
    later, sooner = [(a_day() + timedelta(days=days)).isoformat() for days in (30, 20)]
    last = await planned(worker, plan, [worker.id], id=str(uuid4()), held_on=later)
    next_ = await planned(worker, plan, [worker.id], id=str(uuid4()), held_on=sooner)
    first = await read(worker, plan, first["id"])
    first = await held(worker, plan, first, "SW")
    next_ = await read(worker, plan, next_["id"])
    left = [one.get("code") or one["words"] for one in first["agenda"] if not one["dealt"]]
    assert {"IDD-04", "The bus."} <= set(left)
    assert _carried(next_) == sorted(left)
    assert _carried(await read(worker, plan, last["id"])) == []
    fourth = await planned(worker, plan, [worker.id], id=str(uuid4()), held_on=later)
    assert _carried(fourth) == [], "they stand on the next one"
    off = {"called_off": True}
    called = await worker.patch(f"/meetings/{next_['id']}", off, version=next_["version"])
    assert called.status_code == 200, called.text
    instead = [await read(worker, plan, one["id"]) for one in (last, fourth)]
    assert sorted(_carried(one) for one in instead) == [[], sorted(left)]


async def test_on_paper_the_words_of_a_decision_are_for_whose_it_is(world: World) -> None:
    worker, plan, trainers = await a_table(world, "TR", "TR")
    asked = [worker.id, *(one.id for one in trainers)]
    first = await planned(worker, plan, asked)
    first = await held(worker, plan, first, "SW", "TR")
    owner = part(first, "TR")
    due = (a_day() + timedelta(days=9)).isoformat()
    body = {"words": "Ask for the form.", "owner": owner["id"], "due_on": due}
    path = f"/meetings/{first['id']}/decisions"
    decided = await worker.post(path, body)
    assert decided.status_code == 201, decided.text
    [whose] = [one for one in trainers if str(one.id) == owner["actor"]]
    answer = f"/meeting-decisions/{decided.json()['id']}/answer"
    assert (await whose.post(answer, {"accepted": True}, version=1)).status_code == 200
    next_ = await planned(worker, plan, asked, id=str(uuid4()))
    desk = await at_the_desk(world, worker)
    home = f"/desk/plans/{plan}/meetings/{next_['id']}/agenda"
    for who in (worker, *trainers):
        [one] = [m for m in next_["members"] if m["actor"] == str(who.id)]
        page = plain(await desk.open(f"{home}?member={one['id']}"))
        assert "A step agreed in a circle meeting" in page.words
        told = [item.get("words") for item in (await read(who, plan, next_["id"]))["agenda"]]
        assert ("Ask for the form." in told) is (who in {worker, whose})
        assert ("Ask for the form." in page.words) is (who in {worker, whose})
