"""A meeting that is off: who was asked to it hears so, and with its plan ends what was to come."""

from datetime import timedelta
from typing import Any

import pytest

from tests.backend.pages.browser import Page, at_the_desk, plain
from tests.chats import Chats, at
from tests.meetings import a_table, part, planned, read
from tests.releases import joins, kinds
from tests.world import Caller, World, a_day

OFF = "meeting-off"


async def _asked(world: World) -> tuple[Caller, str, list[Caller], dict[str, Any]]:
    """An officer, and a trainer of another agency to which nothing of a meeting may flow."""
    worker, plan, [officer] = await a_table(world, "PO")
    there = await world.an_agency(name="Elsewhere")
    trainer = await world.somebody("TR", agency=there)
    await joins(world, worker, {"id": plan}, trainer, "TR")
    await world.a_flow(there, groups=["alias", "circle", "milestones", "tasks"])
    asked = [worker.id, officer.id, trainer.id]
    return worker, plan, [officer, trainer], await planned(worker, plan, asked)


async def _call_off(worker: Caller, meeting: dict[str, Any]) -> None:
    path = f"/meetings/{meeting['id']}"
    off = await worker.patch(path, {"called_off": True}, version=meeting["version"])
    assert off.status_code == 200, off.text


async def _page(world: World, who: Caller, plan: str, meeting: dict[str, Any]) -> Page:
    desk = await at_the_desk(world, who)
    return plain(await desk.open(f"/desk/plans/{plan}/meetings/{meeting['id']}"))


async def test_each_of_the_staff_has_a_task_that_it_is_off_and_closes_it_by_taking_it(
    world: World,
) -> None:
    worker, _, [officer, trainer], meeting = await _asked(world)
    await _call_off(worker, meeting)
    assert OFF in await kinds(officer)
    assert "meeting-asked" not in await kinds(officer)
    assert OFF not in [*await kinds(worker), *await kinds(trainer)]
    desk = await at_the_desk(world, officer)
    page = plain(await desk.open("/desk/tasks"))
    assert "A meeting of the circle is off" in page.words
    [take] = [form.action for form in page.forms if form.action.endswith("/take")]
    done = plain(await desk.send(page, take))
    assert done.status == 200
    assert OFF not in await kinds(officer)


async def test_the_page_of_its_worker_says_whom_to_tell_by_voice(world: World) -> None:
    worker, plan, [officer, _], meeting = await _asked(world)
    await _call_off(worker, meeting)
    words = (await _page(world, worker, plan, meeting)).words
    [to_tell] = [line for line in words.splitlines() if "Tell by voice" in line]
    assert to_tell.endswith(", the person; Sam, trainer. Staff who may be told have a task.")
    assert "Tell by voice" not in (await _page(world, officer, plan, meeting)).words
    wall = {"kind": "excluded", "login": officer.login}
    assert (await worker.post(f"/plans/{plan}/walls", wall)).status_code == 201
    words = (await _page(world, worker, plan, meeting)).words
    [to_tell] = [line for line in words.splitlines() if "Tell by voice" in line]
    assert "probation officer" not in to_tell, "a wall is one for a voice too"


async def test_a_plan_that_is_closed_calls_off_what_was_to_come(world: World) -> None:
    worker, plan, [officer, trainer], meeting = await _asked(world)
    version = (await world.plan(worker, plan))["version"]
    closed = await worker.post(f"/plans/{plan}/state", {"state": "closed"}, version=version)
    assert closed.status_code == 200, closed.text
    for who in (worker, officer):
        assert (await read(who, plan))["state"] == "called_off"
    assert OFF in await kinds(officer)
    assert "meeting-asked" not in await kinds(officer)
    assert OFF not in await kinds(trainer)
    own = part(meeting, "PE")
    path = f"/meeting-members/{own['id']}/answer"
    late = await worker.post(path, {"answer": "come"}, version=own["version"])
    assert late.status_code == 409


async def test_a_tap_after_the_end_of_the_plan_is_to_nothing_any_more(
    world: World, chats: Chats
) -> None:
    at(a_day(), 9)
    worker, plan, _ = await a_table(world)
    mentor = await chats.a_member(worker, plan)
    await planned(worker, plan, [worker.id, mentor.actor])
    await chats.round()
    version = (await world.plan(worker, plan))["version"]
    closed = await worker.post(f"/plans/{plan}/state", {"state": "closed"}, version=version)
    assert closed.status_code == 200, closed.text
    await chats.tap(mentor.phone, "I come")
    assert "answer" not in part(await read(worker, plan), "ME")


@pytest.mark.parametrize("role", ["SW", "PS"])
async def test_an_end_without_a_word_calls_it_off_and_only_closes_tasks(
    world: World, role: str
) -> None:
    worker, plan, [officer, _], meeting = await _asked(world)
    ends = worker if role == "SW" else await world.somebody("PS")
    if ends is not worker:
        await joins(world, worker, {"id": plan}, ends, "PS")
    version = (await world.plan(ends, plan))["version"]
    ended = await ends.post(f"/plans/{plan}/silent-end", version=version)
    assert ended.status_code == 200, ended.text
    for who in (worker, officer):
        assert (await read(who, plan))["state"] == "called_off"
    assert not {OFF, "meeting-asked"} & set(await kinds(officer))
    words = (await _page(world, worker, plan, meeting)).words
    assert "Tell by voice" not in words, "whom to call is the circle's, and a human's to judge"


async def test_what_was_called_off_before_an_end_without_a_word_is_told_by_no_machine(
    world: World,
) -> None:
    worker, plan, [officer, _], meeting = await _asked(world)
    await _call_off(worker, meeting)
    version = (await world.plan(worker, plan))["version"]
    ended = await worker.post(f"/plans/{plan}/silent-end", version=version)
    assert ended.status_code == 200, ended.text
    assert OFF not in await kinds(officer)


async def test_what_took_place_before_the_end_is_still_written_down(world: World) -> None:
    worker, plan, [officer, _], meeting = await _asked(world)
    at(a_day() + timedelta(days=8), 9)
    version = (await world.plan(worker, plan))["version"]
    closed = await worker.post(f"/plans/{plan}/state", {"state": "closed"}, version=version)
    assert closed.status_code == 200, closed.text
    assert (await read(worker, plan))["state"] == "planned"
    there = {"present": [part(meeting, "SW")["id"]]}
    path = f"/meetings/{meeting['id']}/hold"
    held = await worker.post(path, there, version=meeting["version"])
    assert held.status_code == 200, held.text
    assert OFF not in await kinds(officer)
