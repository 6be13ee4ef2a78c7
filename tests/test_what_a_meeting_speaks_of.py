"""The agenda of a meeting is built from its plan, and each reads what they may know of it."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import Unfit
from backend.meetings import rules
from backend.meetings.reading import Reader, told_item
from backend.plans.rules import WORKERS, is_about_another, sees
from tests.chats import at
from tests.meetings import a_table, held, part, planned, read
from tests.releases import change, is_claimed
from tests.world import Caller, World, a_day, row

TODAY = date(2031, 3, 12)
reasons = st.sets(st.sampled_from(["overdue", "due", "added", "carried", "contested", "to_verify"]))
rows = st.fixed_dictionaries(
    {
        "milestone": st.just(uuid4()),
        "state": st.sampled_from(["planned", "in_progress", "done", "dormant", "declined"]),
        "owner": st.sampled_from(["SW", "PO", "TR", "CP", "PS", "PE"]),
        "partners": st.just(["PE"]),
        "kind": st.sampled_from("CNVO"),
        "agree": st.sampled_from(["-", "P"]),
        "pathway": st.sampled_from(["PLN", "PRB", "VOC", "HOU", "CNS-P"]),
        "court": st.sampled_from("YAN"),
        "due_on": st.just(TODAY),
        "left_out": st.booleans(),
    }
)


@given(rows, reasons, st.sampled_from(["PO", "PS", "TR", "CP"]))
def test_nobody_else_can_tell_whether_sayings_differ_or_wait(
    item: dict[str, Any], why: set[str], role: str
) -> None:
    reader = Reader(uuid4(), role)
    secret = {"contested", "to_verify", "carried"}
    with_it = told_item(reader, {**item, "why": sorted(why | secret)})
    without = told_item(reader, {**item, "why": sorted(why - secret)})
    assert with_it == without
    if with_it:
        assert sees(role, item)
        assert not item["left_out"]
    worker = told_item(Reader(uuid4(), "SW"), {**item, "why": sorted(why)})
    assert worker == sorted(why)


@given(
    pathway=st.sampled_from(["PLN", "FAM", "MEN", "HOU"]),
    state=st.sampled_from(["planned", "done", "dormant"]),
    due=st.integers(-60, 60),
    day=st.integers(-200, 200),
    differ=st.booleans(),
    waits=st.booleans(),
)
def test_a_row_is_on_the_agenda_for_a_reason_and_no_talk_with_another(
    pathway: str, state: str, due: int, day: int, *, differ: bool, waits: bool
) -> None:
    line = {
        "pathway": pathway,
        "agree": "-",
        "owner": "SW",
        "partners": [],
        "state": state,
        "day": day,
        "due_on": TODAY + timedelta(days=due),
        "win_after": 7,
    }
    plan = {"state": "active_inside", "left_custody_at": None}
    held_on = TODAY + timedelta(days=7)
    why = rules.why_of(line, plan, TODAY, held_on, differ=differ, waits=waits)
    assert not {"overdue", "due"} <= why
    if pathway in {"FAM", "MEN"}:
        assert not why
    elif state != "planned" or day > 0:
        assert why <= {"contested", "to_verify"}
    else:
        assert ("overdue" in why) is (due < -7)
        assert ("due" in why) is (-7 <= due <= 21)
    still = {**plan, "state": "paused"}
    assert not rules.why_of(line, still, TODAY, held_on, differ=differ, waits=waits)


async def _agenda(who: Caller, plan: str) -> dict[str, list[str]]:
    """Reasons by code, or by words."""
    found = (await read(who, plan)).get("agenda", [])
    return {one.get("code") or one.get("words"): one["why"] for one in found}


async def _claims(world: World, worker: Caller, plan: str, code: str) -> None:
    mentor = str(uuid4())
    body = {"role": "ME", "name": "Invented Mentor", "id": mentor}
    assert (await worker.post(f"/plans/{plan}/circle", body)).status_code == 201
    await is_claimed(world, mentor, row(await world.plan(worker, plan), code)["id"])


async def test_it_is_built_from_what_is_late_due_contested_or_waits(world: World) -> None:
    worker, plan, [officer] = await a_table(world, "PO", in_days=160, supervision=True)
    at(a_day() + timedelta(days=40), 9)
    await _claims(world, worker, plan, "IDD-01")
    meeting = await planned(worker, plan, [worker.id, officer.id])
    found = await _agenda(worker, plan)
    assert "to_verify" in found["IDD-01"]
    assert {"overdue", "due"} & {one for why in found.values() for one in why}
    seen = {one["code"] for one in (await world.plan(officer, plan))["milestones"]}
    theirs = await _agenda(officer, plan)
    assert set(theirs) < set(found)
    assert set(theirs) <= seen
    shown = await officer.get(f"/plans/{plan}/meetings")
    assert "to_verify" not in shown.text
    about = {
        one["code"]: is_about_another(one) for one in await world.sql("SELECT * FROM milestone")
    }
    assert any(about.values())
    assert not [code for code in found if about[code]]
    assert not {"left_out", "dealt"} & set(shown.json()["meetings"][0]["agenda"][0])
    assert "version" not in shown.json()["meetings"][0]
    assert meeting["version"] == 1
    await change(world, worker, {"id": plan}, "IDD-01", happened=False)
    path = f"/meetings/{meeting['id']}/agenda"
    assert (await worker.send("PUT", path, {}, version=1)).status_code == 200
    assert "contested" in (await _agenda(worker, plan))["IDD-01"]
    assert "contested" not in (await officer.get(f"/plans/{plan}/meetings")).text


async def test_a_claim_changes_no_byte_of_what_a_probation_officer_reads(world: World) -> None:
    worker, plan, [officer] = await a_table(world, "PO", in_days=160, supervision=True)
    at(a_day() + timedelta(days=40), 9)
    found = await world.plan(worker, plan)
    prb = next(m for m in found["milestones"] if m["code"].startswith("PRB") and m["overdue"])
    meeting = await planned(worker, plan, [worker.id, officer.id])
    before = (await officer.get(f"/plans/{plan}/meetings")).content
    assert prb["code"].encode() in before
    await _claims(world, worker, plan, prb["code"])
    await _claims(world, worker, plan, "IDD-01")
    path = f"/meetings/{meeting['id']}/agenda"
    answer = await worker.send("PUT", path, {}, version=meeting["version"])
    assert answer.status_code == 200, answer.text
    assert "to_verify" in (await _agenda(worker, plan))[prb["code"]]
    assert (await officer.get(f"/plans/{plan}/meetings")).content == before


async def test_a_worker_leaves_out_adds_and_what_was_not_dealt_with_comes_again(
    world: World,
) -> None:
    worker, plan, [officer] = await a_table(world, "PO", in_days=160)
    at(a_day() + timedelta(days=40), 9)
    meeting = await planned(worker, plan, [worker.id, officer.id])
    first, second, *_ = [one["id"] for one in meeting["agenda"]]
    rows_of = await world.plan(worker, plan)
    path = f"/meetings/{meeting['id']}/agenda"
    more = {"leave_out": [first], "rows": [row(rows_of, "IDD-04")["id"]], "words": "The bus."}
    answer = await worker.send("PUT", path, more, version=meeting["version"])
    assert answer.status_code == 200, answer.text
    for wrong in ({"leave_out": [str(uuid4())]}, {"rows": [row(rows_of, "FAM-02")["id"]]}):
        refused = await worker.send("PUT", path, wrong, version=2)
        assert refused.status_code == 422, refused.text
    meeting = await read(worker, plan)
    agenda = {one["id"]: one for one in meeting["agenda"]}
    assert agenda[first]["left_out"]
    assert "The bus." in await _agenda(officer, plan)
    left_out = agenda[first]["code"]
    meeting = await held(worker, plan, meeting, "SW", dealt=[second])
    dealt = agenda[second]["code"]
    await change(world, worker, {"id": plan}, dealt, state="done")
    again = await planned(worker, plan, [worker.id], id=str(uuid4()))
    carried = {
        one.get("code") or one["words"] for one in again["agenda"] if "carried" in one["why"]
    }
    assert "The bus." in carried
    assert "IDD-04" in carried
    assert not {dealt, left_out} & carried
    [one] = [one for one in again["agenda"] if one.get("words") == "The bus."]
    assert UUID(one["id"]) not in {UUID(id_) for id_ in agenda}
    assert part(again, "SW")["actor"] == str(worker.id)


@pytest.mark.parametrize("role", ["PO", "PS", "TR", "CP"])
def test_the_name_of_a_group_tells_nobody_of_counselling_or_a_treatment(role: str) -> None:
    told = rules.told_groups(role, rules.SPOKEN_OF, None)
    assert ("counselling dates" in told) is (role == "CP")
    assert "health" not in told
    assert "milestones" in told
    assert rules.told_groups(role, rules.SPOKEN_OF, {"circle"}) == ["circle"]
    for group in rules.SPOKEN_OF:
        if group in told:
            rules.check_ground("SW", role, group, "law")
        else:
            with pytest.raises(Unfit):
                rules.check_ground("SW", role, group, "law")
        rules.check_ground("CP", role, group, "person")
        with pytest.raises(Unfit):
            rules.check_ground("CP", role, group, "law")


def test_workers_are_told_every_reason() -> None:
    for role in WORKERS:
        assert rules.told_why(role, ["contested"]) == {"contested"}
