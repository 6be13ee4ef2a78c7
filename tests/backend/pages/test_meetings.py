"""Meetings of a circle at the desk: planned, printed, held, and their minutes, without a script."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

from tests.backend.pages.browser import at_the_desk, plain
from tests.chats import at
from tests.meetings import AIM, a_meeting, a_table, approves, held, part, planned, read
from tests.releases import joins
from tests.world import World, a_day, row

TYPED = {"basis": "Act on Return, article 4", "aim": AIM}


async def test_a_worker_plans_and_what_is_missing_loses_nothing(world: World) -> None:
    worker, plan, [officer] = await a_table(world, "PO")
    desk, path = await at_the_desk(world, worker), f"/desk/plans/{plan}/meetings"
    page = plain(await desk.open(path))
    assert "The person is always asked" in page.words
    day = (a_day() + timedelta(days=7)).isoformat()
    given: dict[str, Any] = {"held_on": day, "held_at": "14:00", **TYPED}
    refused = await desk.send(page, path, **given, participants=str(officer.id))
    assert refused.status == 422
    assert AIM in refused.words
    assert await read(worker, plan) == {}
    done = await desk.send(
        plain(refused), path, **given, participants=str(officer.id), speaks_of="housing"
    )
    assert "It is planned" in plain(done).words
    meeting = await read(worker, plan)
    assert {one["role"] for one in meeting["members"]} == {"PE", "PO"}
    assert meeting["held_at"] == "14:00:00"


async def test_it_is_held_decided_and_written_by_forms(world: World) -> None:
    worker, plan, [officer] = await a_table(world, "PO")
    milestone = row(await world.plan(worker, plan), "PLN-05")["id"]
    asked, today = [worker.id, officer.id], a_day().isoformat()
    meeting = await planned(worker, plan, asked, milestone=milestone, held_on=today)
    desk = await at_the_desk(world, worker)
    path = f"/desk/plans/{plan}/meetings/{meeting['id']}"
    mine, theirs = part(meeting, "SW")["id"], part(meeting, "PO")["id"]

    async def send(form: str, **fields: Any) -> Any:
        return plain(await desk.send(plain(await desk.open(path)), f"{path}{form}", **fields))

    set_ = await send("/agenda", words="The bus home.")
    assert "The bus home." in set_.words
    held = await send("/hold", held_on=today, present=theirs)
    assert "It took place." in held.words
    line = {"told_by": mine, "told_to": theirs, "ground": "law"}
    refused = await desk.send(plain(await desk.open(path)), f"{path}/shared", facts="work", **line)
    assert refused.status == 422, "the worker was not there"
    due = (a_day() + timedelta(days=14)).isoformat()
    decided = await send("/decisions", words="Ask for the form.", owner=theirs, due_on=due)
    assert "asked whether they take it" in decided.words
    written = await send("/minutes", words="We spoke of the bus.")
    assert "We spoke of the bus." in written.words
    other = await at_the_desk(world, officer)
    seen = plain(await other.open(path))
    for words in ("We spoke of the bus.", "Ask for the form.", "I take it", "The bus home."):
        assert words in seen.words, words
    for words in ("Who takes part", "It took place", "Write them anew"):
        assert words not in seen.words, words
    right = plain(await other.send(seen, f"{path}/members/{theirs}/approve"))
    assert "Approved." in right.words
    assert (await read(worker, plan))["state"] == "approved"
    added = await send("/addenda", words="It was a Tuesday.")
    assert "It was a Tuesday." in added.words


async def test_a_paper_is_for_one_reader_and_names_nobody(world: World) -> None:
    worker, plan, [officer, trainer] = await a_table(world, "PO", "TR", in_days=160)
    meeting = await planned(worker, plan, [worker.id, officer.id])
    desk = await at_the_desk(world, worker)
    path = f"/desk/plans/{plan}/meetings/{meeting['id']}"
    whole = plain(await desk.open(f"{path}/agenda?member={part(meeting, 'SW')['id']}")).words
    titles = [one["title"] for one in meeting["agenda"]]
    assert titles
    assert all(title in whole for title in titles)
    theirs = plain(await desk.open(f"{path}/agenda?member={part(meeting, 'PO')['id']}")).words
    told = {one["title"] for one in (await read(officer, plan)).get("agenda", [])}
    assert all((title in theirs) is (title in told) for title in titles)
    assert "Imaginary" not in whole + theirs
    other = await at_the_desk(world, officer)
    mine = f"{path}/agenda?member={part(meeting, 'SW')['id']}"
    assert (await other.open(mine)).status == 404, "another's paper is not theirs to print"
    stranger = await at_the_desk(world, trainer)
    assert (await stranger.open(path)).status == 404
    assert (
        "No meeting yet to which you were asked"
        in plain(await stranger.open(f"/desk/plans/{plan}/meetings")).words
    )


async def test_who_was_asked_answers_by_one_tap_and_a_worker_for_who_has_no_chat(
    world: World,
) -> None:
    worker, plan, [officer] = await a_table(world, "PO")
    made = await worker.post(f"/plans/{plan}/meetings", a_meeting(worker.id, officer.id))
    path = f"/desk/plans/{plan}/meetings/{made.json()['id']}"
    meeting = await read(worker, plan)
    for who, role, answer in ((officer, "PO", "by_phone"), (worker, "PE", "come")):
        desk = await at_the_desk(world, who)
        page = plain(await desk.open(path))
        said = await desk.send(page, f"{path}/members/{part(meeting, role)['id']}", answer=answer)
        assert "The answer is noted." in plain(said).words
    answers = {one["role"]: one.get("answer") for one in (await read(worker, plan))["members"]}
    assert answers == {"SW": None, "PO": "by_phone", "PE": "come"}
    assert (await approves(officer, (await read(officer, plan))["own"])).status_code == 409


async def test_an_agenda_that_is_refused_keeps_the_step_that_was_to_be_added(
    world: World,
) -> None:
    worker, plan, _ = await a_table(world)
    meeting = await planned(worker, plan, [worker.id])
    desk = await at_the_desk(world, worker)
    path = f"/desk/plans/{plan}/meetings/{meeting['id']}"
    step = row(await world.plan(worker, plan), "IDD-04")["id"]
    page = plain(await desk.open(path))
    refused = await desk.send(page, f"{path}/agenda", rows=step, words="x" * 501)
    assert refused.status == 422
    assert ("rows", step) in refused.form(f"{path}/agenda").fields


async def test_that_it_took_place_is_said_from_its_day_on(world: World) -> None:
    worker, plan, _ = await a_table(world)
    meeting = await planned(worker, plan, [worker.id])
    desk = await at_the_desk(world, worker)
    path = f"/desk/plans/{plan}/meetings/{meeting['id']}"
    assert not plain(await desk.open(path)).has_form(f"{path}/hold")
    at(a_day() + timedelta(days=7), 9)
    desk = await at_the_desk(world, worker)
    assert plain(await desk.open(path)).has_form(f"{path}/hold")


async def test_of_a_plan_that_is_over_no_form_is_shown_that_would_be_refused(
    world: World,
) -> None:
    worker, plan, [officer] = await a_table(world, "PO")
    was = await planned(worker, plan, [worker.id, officer.id])
    was = await held(worker, plan, was, "SW", "PE", "PO")
    theirs = part(was, "PO")["id"]
    due = (a_day() + timedelta(days=14)).isoformat()
    body = {"words": "Ask for the form.", "owner": theirs, "due_on": due}
    decided = await worker.post(f"/meetings/{was['id']}/decisions", body)
    assert decided.status_code == 201, decided.text
    body = {"held_on": (a_day() + timedelta(days=1)).isoformat(), "id": str(uuid4())}
    missed = await planned(worker, plan, [worker.id], **body)
    at(a_day() + timedelta(days=2), 9)
    version = (await world.plan(worker, plan))["version"]
    closed = await worker.post(f"/plans/{plan}/state", {"state": "closed"}, version=version)
    assert closed.status_code == 200, closed.text
    home = f"/desk/plans/{plan}/meetings"
    desk, other = await at_the_desk(world, worker), await at_the_desk(world, officer)
    assert not plain(await desk.open(home)).has_form(home)
    left = plain(await desk.open(f"{home}/{missed['id']}"))
    assert "Move it" not in left.words
    assert "Ask too" not in left.words
    off = await desk.send(left, f"{home}/{missed['id']}", "called_off")
    assert off.status == 200, off.words
    page = plain(await other.open(f"{home}/{was['id']}"))
    answer = f"{home}/{was['id']}/decisions/{decided.json()['id']}"
    assert "I take it" not in page.words
    assert (await other.send(page, answer, accepted="false")).status == 200
    page = plain(await desk.open(f"{home}/{was['id']}"))
    assert not page.has_form(f"{home}/{was['id']}/decisions")


async def test_what_is_left_out_of_an_agenda_is_on_no_paper(world: World) -> None:
    worker, plan, [officer] = await a_table(world, "PO", in_days=160)
    meeting = await planned(worker, plan, [worker.id, officer.id])
    item, *others = meeting["agenda"]
    assert others
    left_out = {"leave_out": [item["id"]]}
    path = f"/meetings/{meeting['id']}/agenda"
    answer = await worker.send("PUT", path, left_out, version=meeting["version"])
    assert answer.status_code == 200, answer.text
    desk = await at_the_desk(world, worker)
    for role in ("SW", "PE", "PO"):
        paper = f"/desk/plans/{plan}/meetings/{meeting['id']}/agenda"
        page = plain(await desk.open(f"{paper}?member={part(meeting, role)['id']}"))
        assert item["title"] not in page.words, role
    whole = plain(await desk.open(f"{paper}?member={part(meeting, 'SW')['id']}"))
    assert all(one["title"] in whole.words for one in others)


async def test_what_is_offered_for_an_agenda_and_as_an_owner_is_taken(world: World) -> None:
    worker, plan, [officer] = await a_table(world, "PO")
    away = await world.an_agency(name="Elsewhere")
    flow = await world.a_flow(away)
    trainer = await world.somebody("TR", agency=away)
    await joins(world, worker, {"id": plan}, trainer, "TR")
    await world.sql("UPDATE milestone SET state = 'planned', due_on = now() WHERE kind = 'V'")
    meeting = await planned(worker, plan, [worker.id, officer.id, trainer.id])
    await world.sql("UPDATE data_flow SET groups = ARRAY['milestones'] WHERE id = $1", flow)
    desk = await at_the_desk(world, worker)
    path = f"/desk/plans/{plan}/meetings/{meeting['id']}"
    form = plain(await desk.open(path)).html.split('name="rows"')[1].split("</select>")[0]
    offered = re.findall(r'value="([0-9a-f-]{36})"', form)
    agenda = {"rows": offered}
    put = f"/meetings/{meeting['id']}/agenda"
    answer = await worker.send("PUT", put, agenda, version=meeting["version"])
    assert offered
    assert answer.status_code == 200, answer.text
    await held(worker, plan, await read(worker, plan), "SW", "PO")
    form = plain(await desk.open(path)).html.split('name="owner"')[1].split("</select>")[0]
    owners = set(re.findall(r'value="([0-9a-f-]{36})"', form))
    assert part(meeting, "PO")["id"] in owners
    assert part(meeting, "TR")["id"] not in owners
