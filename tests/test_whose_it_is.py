"""A task and a row belong to a role: who holds it is asked, and nobody else."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock, database
from backend.alerts.actions import open_task
from backend.alerts.due import due_on_day
from tests.chats import Chats, at
from tests.releases import a_release, change, joins, kinds, on_weekday, said
from tests.world import Caller, World, a_day

MONDAY = 1


async def _opened(world: World, worker: Caller, plan: dict[str, Any], role: str) -> None:
    assert world.agency is not None
    async with database.transaction(worker.id):
        await open_task(
            f"for-{role}",
            agency=world.agency,
            plan=UUID(plan["id"]),
            subject=uuid4(),
            local_due=a_day(),
            role=role,
        )


async def test_a_task_of_a_role_that_nobody_holds_is_the_social_workers_until_somebody_does(
    world: World,
) -> None:
    officer = await world.somebody("PO")
    worker, plan = await a_release(world, on_weekday(MONDAY))
    await _opened(world, worker, plan, "PO")
    assert await kinds(worker) == ["for-PO"]
    await joins(world, worker, plan, officer, "PO")
    assert await kinds(worker) == []
    assert await kinds(officer) == ["for-PO"]


async def test_a_task_is_shown_to_its_own_role_and_to_no_other(world: World) -> None:
    officer = await world.somebody("PO")
    worker, plan = await a_release(world, on_weekday(MONDAY))
    await joins(world, worker, plan, officer, "PO")
    for role in ("SW", "PO"):
        await _opened(world, worker, plan, role)
    assert await kinds(officer) == ["for-PO"]
    assert await kinds(worker) == ["for-SW"]


async def test_a_mentors_row_is_asked_of_the_mentor_and_not_of_the_family(
    world: World, chats: Chats
) -> None:
    day = on_weekday(MONDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"])
    sibling = await chats.a_member(worker, plan["id"], "FA")
    await change(world, worker, plan, "MEN-04", state="planned")
    due = day - timedelta(days=6)
    await change(world, worker, plan, "MEN-04", due_on=due.isoformat())
    before = [len(await said(chats, one)) for one in (mentor, sibling)]
    at(due - timedelta(days=7), 10)
    await chats.round()
    after = [len(await said(chats, one)) for one in (mentor, sibling)]
    assert [after[n] - before[n] for n in (0, 1)] == [1, 0]


async def test_a_row_of_a_role_that_nobody_holds_counts_for_the_social_worker(
    world: World, chats: Chats
) -> None:
    officer = await world.somebody("PO")
    worker, plan = await a_release(world, on_weekday(MONDAY))
    due = on_weekday(MONDAY, weeks=3)
    await change(world, worker, plan, "PRB-03", state="planned", due_on=due.isoformat())
    before = await _count(chats, worker, due)
    await joins(world, worker, plan, officer, "PO")
    assert await _count(chats, worker, due) == before - 1
    assert await _count(chats, officer, due) == 1


async def _count(chats: Chats, who: Caller, day: date) -> int:
    async def count() -> int:
        assert who.id is not None
        async with database.transaction():
            return await due_on_day(who.id, day, zone="Africa/Tunis", as_of=clock.now())

    counted: int = await chats.job(count)
    return counted
