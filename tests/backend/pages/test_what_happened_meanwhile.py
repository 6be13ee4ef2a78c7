"""Who taps what is no longer open is told in words what happened, and sees the page as it is."""

from datetime import timedelta
from typing import Any

from tests.backend.pages.browser import at_the_desk, plain
from tests.dates import A_DAY, put
from tests.meetings import a_table, held, part, planned
from tests.releases import joins, kinds
from tests.world import Caller, World, a_day, row


async def _task(world: World, kind: str) -> dict[str, Any]:
    [task] = await world.sql("SELECT id, version FROM task WHERE kind = $1", kind)
    return task


async def _says(who: Caller, world: World, act: str, kind: str) -> None:
    task = await _task(world, kind)
    body = {"outcome": "done"} if act == "close" else None
    answer = await who.post(f"/tasks/{task['id']}/{act}", body, version=task["version"])
    assert answer.status_code == 200, answer.text


async def test_a_task_that_a_colleague_took_or_closed(world: World) -> None:
    worker, other, officer = [await world.somebody(role) for role in ("SW", "SW", "PO")]
    plan = await world.a_plan(worker)
    await joins(world, worker, plan, other, "SW")
    await joins(world, worker, plan, officer, "PO")
    await put(officer, plan["id"], a_day() + 9 * A_DAY, proposed=True)
    kind = "date-proposed"
    path = f"/desk/tasks/{(await _task(world, kind))['id']}"
    async with await at_the_desk(world, worker) as desk:
        page = plain(await desk.open("/desk/tasks"))
        await _says(other, world, "acknowledge", kind)
        told = plain(await desk.send(page, f"{path}/take"))
        assert "A colleague has it already." in told.words
        assert not told.has_form(f"{path}/take")
        assert told.has_form(f"{path}/close")
        await _says(other, world, "close", kind)
        for old, act in ((page, "take"), (told, "close")):
            gone = plain(await desk.send(old, f"{path}/{act}"))
            assert "It was closed meanwhile" in gone.words
            assert not gone.has_form(f"{path}/close")


async def test_a_decision_whose_step_was_seen_to(world: World) -> None:
    worker, plan, [officer] = await a_table(world, "PO")
    meeting = await planned(worker, plan, [worker.id, officer.id])
    meeting = await held(worker, plan, meeting, "SW", "PE", "PO")
    due = (a_day() + timedelta(days=14)).isoformat()
    body = {"words": "Ask for the form.", "owner": part(meeting, "PO")["id"], "due_on": due}
    decided = await worker.post(f"/meetings/{meeting['id']}/decisions", body)
    assert decided.status_code == 201, decided.text
    home = f"/desk/plans/{plan}/meetings/{meeting['id']}"
    answer = f"{home}/decisions/{decided.json()['id']}"
    async with await at_the_desk(world, officer) as desk:
        page = plain(await desk.open(home))
        assert "I take it" in page.words
        step = row(await world.plan(worker, plan), "MTG-01")
        done = {"state": "not_needed"}
        changed = await worker.patch(f"/milestones/{step['id']}", done, version=step["version"])
        assert changed.status_code == 200, changed.text
        told = plain(await desk.send(page, answer, accepted="true"))
        assert "nothing is left to take" in told.words
        assert "I take it" not in told.words
        read = plain(await desk.send(told, answer, accepted="false"))
        assert read.status == 200
        assert not read.has_form(answer)
    assert "decision-asked" not in await kinds(officer)
    assert "decision-back" not in await kinds(worker), "there is nothing to give back"
