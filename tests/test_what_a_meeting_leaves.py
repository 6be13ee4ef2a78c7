"""What is left of a meeting: a register, decisions that somebody has accepted, approved minutes."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from backend.database import transaction
from tests.backend.duties import asked as wish
from tests.backend.pages.browser import at_the_desk, plain
from tests.backend.papers import a_lawyer, a_paper, comes_in, in_circle
from tests.meetings import AIM, BASIS, a_table, approves, held, part, planned, read, with_minutes
from tests.releases import joins, kinds
from tests.world import PASSWORD, Caller, World, a_day, row


async def _at_the_table(world: World, *roles: str) -> tuple[Caller, str, list[Caller], Any]:
    """A meeting that took place, with all who were asked."""
    worker, plan, others = await a_table(world, *roles)
    meeting = await planned(worker, plan, [worker.id, *(one.id for one in others)])
    return worker, plan, others, await held(worker, plan, meeting, "SW", "PE", *roles)


def _decision(owner: dict[str, Any], **more: Any) -> dict[str, Any]:
    due = (a_day() + timedelta(days=14)).isoformat()
    return {"words": "Ask for the form.", "owner": owner["id"], "due_on": due, **more}


async def _decides(
    worker: Caller, plan: str, meeting: dict[str, Any], role: str, status: int = 201
) -> dict[str, Any]:
    body = _decision(part(meeting, role))
    answer = await worker.post(f"/meetings/{meeting['id']}/decisions", body)
    assert answer.status_code == status, answer.text
    found = (await read(worker, plan, meeting["id"])).get("decisions", [])
    return dict(found[-1]) if found else {}


async def test_the_register_says_which_facts_went_to_whom_and_on_which_ground(
    world: World,
) -> None:
    worker, plan, [officer, counsellor], meeting = await _at_the_table(world, "PO", "CP")
    mine, hers, theirs = [part(meeting, role)["id"] for role in ("SW", "CP", "PO")]
    path = f"/meetings/{meeting['id']}/shared"

    async def note(**more: Any) -> int:
        line = {"facts": "housing", "told_by": mine, "told_to": theirs, "ground": "law", **more}
        return (await worker.post(path, line)).status_code

    assert await note() == 201
    assert await note(told_by=hers, ground="law") == 422, "a counsellor has the person's ground"
    assert await note(told_by=hers, ground="person", facts="counselling dates") == 201
    assert await note(ground="disclosure") == 422, "none stands for them"
    yes = {"recipient": str(officer.id), "fact": "good_news", "purpose": "joy"}
    until = (a_day() + timedelta(days=9)).isoformat()
    given = await worker.post(f"/plans/{plan}/disclosures", {**yes, "until": until})
    assert given.status_code == 201, given.text
    assert await note(ground="disclosure") == 422, "that one is about something else"
    assert await note(ground="disclosure", facts="milestones") == 201
    for wrong in (
        {"facts": "safety"},
        {"facts": "spiritual wish"},
        {"told_to": mine},
        {"told_to": str(uuid4())},
        {"ground": "gossip"},
    ):
        assert await note(**wrong) == 422, wrong
    assert await note(words="what she said") == 400, "there is no field for it"
    assert len((await read(worker, plan))["shared"]) == 3
    assert len((await read(officer, plan))["shared"]) == 3
    assert len((await read(counsellor, plan))["shared"]) == 1


async def test_a_decision_is_theirs_once_they_accept_it_and_never_late_before(
    world: World,
) -> None:
    worker, plan, [trainer], meeting = await _at_the_table(world, "TR")
    decision = await _decides(worker, plan, meeting, "TR")
    assert (decision["answer"], decision["words"]) == ("asked", "Ask for the form.")
    mine = row(await world.plan(worker, plan), "MTG-01")
    assert (mine["owner"], mine["state"]) == ("SW", "planned")
    assert "form" not in mine["title"], "no typed word stands in a row"
    desk = await at_the_desk(world, worker)
    assert "Ask for the form." in plain(await desk.open(f"/desk/rows/{mine['id']}")).words
    [item] = [
        one
        for one in (await planned(worker, plan, [worker.id]))["agenda"]
        if one.get("code") == "MTG-01"
    ]
    assert item["words"] == "Ask for the form."
    assert "decision-asked" in await kinds(trainer)
    theirs = (await world.plan(trainer, plan))["milestones"]
    assert "MTG-01" not in {one["code"] for one in theirs}
    [told] = (await read(trainer, plan, meeting["id"]))["decisions"]
    assert told["words"] == "Ask for the form."
    path = f"/meeting-decisions/{decision['id']}/answer"
    assert (await worker.post(path, {"accepted": True}, version=1)).status_code == 403
    taken = await trainer.post(path, {"accepted": True}, version=1)
    assert taken.status_code == 200, taken.text
    found = row(await world.plan(trainer, plan), "MTG-01")
    assert (found["owner"], found["state"]) == ("TR", "in_progress")
    assert "decision-asked" not in await kinds(trainer)
    again = await trainer.post(path, {"accepted": False}, version=2)
    assert again.status_code == 409
    done = await trainer.patch(
        f"/milestones/{found['id']}", {"state": "done"}, version=found["version"]
    )
    assert done.status_code == 200, done.text


async def test_a_no_has_no_reason_and_goes_back_to_the_worker(world: World) -> None:
    worker, plan, [officer], meeting = await _at_the_table(world, "PO")
    decision = await _decides(worker, plan, meeting, "PO")
    path = f"/meeting-decisions/{decision['id']}/answer"
    why = {"accepted": False, "reason": "too much to do"}
    assert (await officer.post(path, why, version=1)).status_code == 400
    assert (await officer.post(path, {"accepted": False}, version=1)).status_code == 200
    assert "decision-back" in await kinds(worker)
    [left] = (await read(worker, plan))["decisions"]
    assert left["answer"] == "declined"
    assert row(await world.plan(worker, plan), "MTG-01")["owner"] == "SW"
    seen = (await world.plan(officer, plan))["milestones"]
    assert "MTG-01" not in {one["code"] for one in seen}


async def test_the_workers_and_the_persons_are_theirs_at_once_and_a_mentors_is_talked_about(
    world: World,
) -> None:
    worker, plan, _ = await a_table(world)
    mentor = str(uuid4())
    body = {"role": "ME", "name": "Invented Mentor", "id": mentor}
    assert (await worker.post(f"/plans/{plan}/circle", body)).status_code == 201
    meeting = await planned(worker, plan, [worker.id, mentor])
    early = await worker.post(
        f"/meetings/{meeting['id']}/decisions", _decision(part(meeting, "SW"))
    )
    assert early.status_code == 409, "it has not taken place yet"
    meeting = await held(worker, plan, meeting, "SW", "PE", "ME")
    for number, role in enumerate(("SW", "PE"), 1):
        decision = await _decides(worker, plan, meeting, role)
        assert "answer" not in decision
        assert row(await world.plan(worker, plan), f"MTG-0{number}")["owner"] == role
    await _decides(worker, plan, meeting, "ME", status=422)


async def test_to_another_agency_nothing_goes_that_no_entry_lets(world: World) -> None:
    worker, plan, _ = await a_table(world)
    there = await world.an_agency(name="Elsewhere")
    trainer = await world.somebody("TR", agency=there)
    await joins(world, worker, {"id": plan}, trainer, "TR")
    groups = ["alias", "circle", "milestones", "tasks"]
    flow = await world.a_flow(there, groups=groups)
    meeting = await planned(worker, plan, [worker.id, trainer.id])
    assert (await trainer.get(f"/plans/{plan}/meetings")).status_code == 404
    assert "meeting-asked" not in await kinds(trainer)
    async with transaction(trainer.id) as seen:  # the second line alone
        for table in ("meeting", "meeting_member", "meeting_item"):
            assert await seen.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    meeting = await held(worker, plan, meeting, "SW", "TR")
    await _decides(worker, plan, meeting, "TR", status=422)
    [head] = await world.sql("SELECT responsible, version FROM data_flow WHERE id = $1", flow)
    assert head["version"] == 1
    await world.a_flow(there, groups=[*groups, "meetings"])
    await _decides(worker, plan, meeting, "TR")
    [decision] = (await read(trainer, plan))["decisions"]
    path = f"/meeting-decisions/{decision['id']}/answer"
    assert (await trainer.post(path, {"accepted": True}, version=1)).status_code == 200


async def test_minutes_are_approved_by_whoever_was_there_and_stay_then(world: World) -> None:
    worker, plan, [officer, trainer] = await a_table(world, "PO", "TR")
    meeting = await planned(worker, plan, [worker.id, officer.id, trainer.id])
    meeting = await held(worker, plan, meeting, "SW", "PE", "PO")
    meeting = await with_minutes(worker, plan, meeting)
    assert "minutes-asked" in await kinds(officer)
    assert (await read(officer, plan))["minutes"] == "We spoke of the way home."
    assert "minutes" not in await read(trainer, plan), "they were not there"
    mine = (await read(officer, plan))["own"]
    assert (await approves(officer, mine)).status_code == 200
    meeting = await with_minutes(worker, plan, meeting, "We spoke of the way home and of work.")
    assert not (await read(officer, plan))["own"].get("approved"), "other words, another yes"
    stale = await approves(officer, mine)
    assert stale.status_code == 412
    assert (await approves(officer, (await read(officer, plan))["own"])).status_code == 200
    for role in ("SW", "PE"):
        before = await read(worker, plan)
        assert before["state"] == "held"
        assert (await approves(worker, part(before, role))).status_code == 200, role
    told = await read(worker, plan)
    assert told["state"] == "approved"
    assert part(told, "PE")["read_to"]
    assert not part(told, "SW").get("read_to")
    again = await worker.send(
        "PUT", f"/meetings/{told['id']}/minutes", {"words": "Nothing."}, version=told["version"]
    )
    assert again.status_code == 409
    added = await worker.post(f"/meetings/{told['id']}/addenda", {"words": "It was a Tuesday."})
    assert added.status_code == 201, added.text
    assert (await read(officer, plan))["addenda"] == ["It was a Tuesday."]
    assert (await read(officer, plan))["minutes"] == "We spoke of the way home and of work."


async def test_nobody_changes_what_was_approved_whatever_they_ask_of_the_database(
    world: World,
) -> None:
    worker, plan, _, meeting = await _at_the_table(world)
    meeting = await with_minutes(worker, plan, meeting)
    for role in ("SW", "PE"):
        await approves(worker, part(await read(worker, plan), role))
    tries = (
        "UPDATE meeting_note SET words = 'x'",
        "UPDATE meeting SET held_on = held_on + 1",
        "UPDATE meeting_member SET present = false",
        "UPDATE meeting_item SET dealt = true",
        """INSERT INTO meeting_share SELECT gen_random_uuid(), agency, plan, 1, id, 'work',
        planned_by, (SELECT person FROM plan WHERE id = m.plan), 'law', planned_by, now()
        FROM meeting m""",
        "DELETE FROM meeting_note",
    )
    assert worker.id
    for sql in tries:
        changed = "none"
        try:
            async with transaction(worker.id) as raw:
                changed = await raw.execute(sql)
        except asyncpg.InsufficientPrivilegeError:
            continue
        assert changed.endswith(" 0"), sql
    with pytest.raises(asyncpg.InsufficientPrivilegeError):  # whoever asks, an operator too
        await world.sql("UPDATE meeting_note SET words = 'x'")
    assert (await read(worker, plan))["minutes"] == "We spoke of the way home."


async def test_who_was_asked_says_their_own_part_and_no_more_even_past_the_program(
    world: World,
) -> None:
    worker, plan, [officer], meeting = await _at_the_table(world, "PO")
    await with_minutes(worker, plan, meeting)
    assert officer.id
    for sql in (
        "UPDATE meeting SET held_on = held_on + 1",
        "UPDATE meeting SET approved_at = now()",
        "UPDATE meeting_member SET present = NOT present",
        """INSERT INTO meeting_note SELECT gen_random_uuid(), agency, plan, 1, id, 'addendum', 'x',
        planned_by, now() FROM meeting""",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with transaction(officer.id) as raw:
                await raw.execute(sql)
    async with transaction(officer.id) as raw:
        told = await raw.execute("UPDATE meeting_member SET answer = 'cant', answered_at = now()")
    assert told == "UPDATE 1"


async def test_the_person_reads_all_of_it_in_their_own_file_and_a_lawyer_nothing(
    world: World,
) -> None:
    worker, plan, _, meeting = await _at_the_table(world, "PO")
    mine, theirs = part(meeting, "SW")["id"], part(meeting, "PO")["id"]
    line = {"facts": "housing", "told_by": mine, "told_to": theirs, "ground": "law"}
    noted = await worker.post(f"/meetings/{meeting['id']}/shared", line)
    assert noted.status_code == 201, noted.text
    await _decides(worker, plan, meeting, "PO")
    await with_minutes(worker, plan, await read(worker, plan))
    person = await comes_in(await a_paper(world, worker, plan, await in_circle(worker, plan)))
    page = (await person.open("/file")).words
    told = (
        *(AIM, BASIS, "there: you, probation officer, social worker", "Ask for the form."),
        *("a home · social worker → probation officer · by a law", "We spoke of the way home."),
        "asked to take it",
    )
    for words in told:
        assert words in page, words
    copy = (await person.http.get("/file/copy.json")).json()
    [one] = copy["meetings"]
    assert one["minutes"] == "We spoke of the way home."
    assert ("SW", "meetings") in {(look["role"], look["what"]) for look in copy["access"]}
    lawyer = await a_lawyer(worker, plan, "plan", "circle", "access")
    theirs_ = await comes_in(await a_paper(world, worker, plan, lawyer))
    read_ = (await theirs_.http.get("/file/copy.json")).json()
    assert "meetings" not in read_
    assert "meetings" not in {look["what"] for look in read_["access"]}
    assert "way home" not in (await theirs_.open("/file")).words


async def test_with_the_voluntary_part_go_the_meetings_and_the_row_that_one_was_stays(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    head, second = await world.somebody("CO"), await world.somebody("CO")
    plan = (await world.a_plan(worker, supervision=True))["id"]
    asked = row(await world.plan(worker, plan), "PLN-05")["id"]
    meeting = await planned(worker, plan, [worker.id], milestone=asked)
    await with_minutes(worker, plan, await held(worker, plan, meeting, "SW", "PE"))
    for role in ("SW", "PE"):
        await approves(worker, part(await read(worker, plan), role))
    await wish(world, plan, second, voluntary=True)
    proven = await head.post("/account/prove", {"password": PASSWORD})
    assert proven.status_code == 204, proven.text
    version = (await world.plan(head, plan))["version"]
    gone = await head.post(f"/plans/{plan}/erase-voluntary", version=version)
    assert gone.status_code == 200, gone.text
    assert await read(worker, plan) == {}
    for table in ("meeting", "meeting_member", "meeting_item", "meeting_note"):
        assert await world.sql(f"SELECT 1 FROM {table}") == [], table
    assert row(await world.plan(worker, plan), "PLN-05")["state"] == "done"
