"""Some of a circle meet: on a basis, for an aim, named, and each is told what is theirs to know."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.chats import Chats, at
from tests.meetings import a_meeting, a_table, held, part, planned, read, state
from tests.releases import kinds, said
from tests.world import World, a_day, row


@pytest.mark.parametrize("without", ["basis", "aim", "participants", "speaks_of"])
async def test_no_meeting_without_its_four_fields(world: World, without: str) -> None:
    worker, plan, [officer] = await a_table(world, "PO")
    body = a_meeting(worker.id, officer.id)
    missing = {name: value for name, value in body.items() if name != without}
    empty = {**body, without: type(body[without])()}
    for refused in (missing, empty):
        answer = await worker.post(f"/plans/{plan}/meetings", refused)
        assert answer.status_code in {400, 422}, answer.text
        assert without in answer.text, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert await read(worker, plan) == {}


async def test_nobody_from_outside_takes_part_and_all_of_them_are_refused_alike(
    world: World,
) -> None:
    worker, plan, [officer] = await a_table(world, "PO")
    outsider, auditor = await world.somebody("PO"), await world.somebody("AU")
    walled, late = await world.somebody("TR"), await world.somebody("TR")
    for who in (walled, late):
        login = {"role": "TR", "login": who.login}
        assert (await worker.post(f"/plans/{plan}/circle", login)).status_code == 201
    wall = {"kind": "excluded", "login": walled.login}
    assert (await worker.post(f"/plans/{plan}/walls", wall)).status_code == 201
    await world.sql("UPDATE mandate SET ends = starts WHERE actor = $1", late.id)
    refusals = set()
    for id_ in (outsider.id, auditor.id, walled.id, late.id, uuid4()):
        body = a_meeting(worker.id, officer.id, id_)
        answer = await worker.post(f"/plans/{plan}/meetings", body)
        assert answer.status_code == 422, answer.text
        refusals.add(answer.text)
    assert len(refusals) == 1
    assert await read(worker, plan) == {}


async def test_the_person_is_always_asked_and_only_a_row_that_is_a_meeting_is_one(
    world: World,
) -> None:
    worker, plan, [officer] = await a_table(world, "PO")
    rows = await world.plan(worker, plan)
    for code in ("IDD-01", "PLN-10"):  # no meeting; and one of after release
        body = a_meeting(worker.id, milestone=row(rows, code)["id"])
        answer = await worker.post(f"/plans/{plan}/meetings", body)
        assert answer.status_code == 422, code
        assert "milestone" in answer.json()["detail"]
    meeting = await planned(worker, plan, [worker.id], milestone=row(rows, "PLN-05")["id"])
    assert {one["role"] for one in meeting["members"]} == {"SW", "PE"}
    assert meeting["state"] == "planned"
    assert await read(officer, plan) == {}, "who was not asked sees no meeting"
    held_ = await held(worker, plan, meeting, "SW", "PE")
    assert held_["state"] == "held"
    assert await state(world, worker, plan, "PLN-05") == "done"
    assert not {"minutes", "own"} & (await read(officer, plan)).keys()
    [sealed] = await world.sql("SELECT basis, aim FROM meeting")
    assert b"Return" not in sealed["basis"]
    assert b"home" not in sealed["aim"]


async def test_whoever_has_a_chat_is_asked_there_for_a_day_and_an_hour_and_no_more(
    world: World, chats: Chats
) -> None:
    at(a_day(), 9)
    worker, plan, [officer] = await a_table(world, "PO")
    mentor = await chats.a_member(worker, plan)
    meeting = await planned(worker, plan, [worker.id, officer.id, mentor.actor])
    await chats.round()
    text = await chats.last(mentor.phone)
    assert "The group meets" in text
    assert "14:00" in text or "2:00" in text
    assert "home" not in text
    assert "meeting-asked" in await kinds(officer)
    assert "meeting-asked" not in await kinds(worker)
    assert "answer" not in part(meeting, "ME"), "silence is nothing"
    await chats.tap(mentor.phone, "Can't")
    answers = {one["role"]: one.get("answer") for one in (await read(worker, plan))["members"]}
    assert answers == {"SW": None, "PO": None, "PE": None, "ME": "cant"}
    own = (await read(officer, plan))["own"]
    path = f"/meeting-members/{own['id']}/answer"
    assert (await officer.post(path, {"answer": "maybe"}, version=1)).status_code == 422
    assert (await officer.post(path, {"answer": "come"}, version=1)).status_code == 200
    assert "meeting-asked" not in await kinds(officer)
    # by voice, for who has no account; and for nobody else
    asked = part(await read(worker, plan), "PE")
    told = await worker.post(
        f"/meeting-members/{asked['id']}/answer", {"answer": "come"}, version=asked["version"]
    )
    assert told.status_code == 200, told.text
    for_another = await worker.post(path, {"answer": "cant"}, version=2)
    assert for_another.status_code == 404
    await chats.tap(mentor.phone, "Take it back")
    assert "answer" not in part(await read(worker, plan), "ME")
    assert await chats.unfit() == []


async def test_a_meeting_that_moved_is_asked_about_again_and_one_that_is_off_no_more(
    world: World, chats: Chats
) -> None:
    at(a_day(), 9)
    worker, plan, _ = await a_table(world)
    mentor = await chats.a_member(worker, plan)
    meeting = await planned(worker, plan, [worker.id, mentor.actor])
    await chats.round()
    count = len(await said(chats, mentor))
    later = {"held_on": (a_day() + timedelta(days=9)).isoformat()}
    path = f"/meetings/{meeting['id']}"
    moved = await worker.patch(path, later, version=meeting["version"])
    assert moved.status_code == 200, moved.text
    await chats.tap(mentor.phone, "I come")  # what they were asked first is of no day any more
    assert "answer" not in part(await read(worker, plan), "ME")
    await chats.round()
    assert any("The group meets" in one for one in await said(chats, mentor, since=count))
    for time in ("16:00:00", "14:00:00"):  # on the same day, and back again
        count = len(await said(chats, mentor))
        moved = await worker.patch(path, {"held_at": time}, version=moved.json()["version"])
        assert moved.status_code == 200, moved.text
        at(a_day() + timedelta(days=1), 9)
        await chats.round()
        assert any(time[:5] in one for one in (await said(chats, mentor, since=count))), time
    await chats.tap(mentor.phone, "By phone")
    assert part(await read(worker, plan), "ME")["answer"] == "by_phone"
    off = await worker.patch(path, {"called_off": True}, version=moved.json()["version"])
    assert off.status_code == 200, off.text
    count = len(await said(chats, mentor))
    await chats.round()
    assert len(await said(chats, mentor)) == count, "no machine says that it is off"
    gone = await worker.patch(path, later, version=off.json()["version"])
    assert gone.status_code == 409


async def test_from_whom_days_are_kept_is_not_asked_and_nobody_is_told_why(
    world: World, chats: Chats
) -> None:
    at(a_day(), 9)
    worker, plan, _ = await a_table(world)
    mentor = await chats.a_member(worker, plan)
    another = str(uuid4())
    relative = {"role": "FA", "name": "Invented Relative", "id": another}
    assert (await worker.post(f"/plans/{plan}/circle", relative)).status_code == 201
    flag = {"subject": another, "words": "They are afraid.", "kept_from": mentor.actor}
    raised = await worker.post(f"/plans/{plan}/safety-flags", flag)
    assert raised.status_code == 201, raised.text
    count = len(await said(chats, mentor))
    await planned(worker, plan, [worker.id, mentor.actor])
    await chats.round()
    assert len(await said(chats, mentor)) == count


async def test_who_has_answered_by_voice_is_asked_by_chat_no_more(
    world: World, chats: Chats
) -> None:
    worker, plan, _ = await a_table(world)
    mentor = await chats.a_member(worker, plan)
    at(a_day(), 22)
    meeting = await planned(worker, plan, [worker.id, mentor.actor])
    waits = "SELECT state FROM message WHERE key = 'CIR-INV'"
    assert await world.sql(waits) == [{"state": "queued"}]
    heard = len(await chats.texts(mentor.phone))
    theirs = part(meeting, "ME")
    said_ = await worker.post(
        f"/meeting-members/{theirs['id']}/answer", {"answer": "cant"}, version=theirs["version"]
    )
    assert said_.status_code == 200, said_.text
    at(a_day() + timedelta(days=1), 10, 5)
    await chats.round()
    assert len(await chats.texts(mentor.phone)) == heard
    assert await world.sql(waits) == [{"state": "cancelled"}]
