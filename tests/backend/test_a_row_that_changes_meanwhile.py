"""Somebody else changes the row that one waits for: it is stale, and neither gone nor an error."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from backend import database
from backend.access import Actor, find_plan
from tests.backend.scene import a_scene
from tests.world import World, a_day


@pytest.mark.parametrize("what", ["appointments", "milestones"])
async def test_who_waited_for_a_row_that_was_changed_hears_that_it_is_stale(
    world: World, what: str
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    row, wanted = plan["milestones"][0]["id"], {"state": "in_progress", "reason": "As agreed."}
    if what == "appointments":
        day = (a_day() + timedelta(days=3)).isoformat()
        body = {"role": "SW", "held_on": day, "held_at": "10:00:00", "place": "Room 4"}
        row = (await worker.post(f"/plans/{plan['id']}/appointments", body)).json()["id"]
        wanted = {"state": "confirmed"}
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        async with held.transaction():
            table = what.removesuffix("s")
            await held.execute(f"UPDATE {table} SET version = version + 1 WHERE id = $1", row)
            asked = asyncio.create_task(worker.patch(f"/{what}/{row}", wanted, version=1))
            await asyncio.sleep(0.5)
            assert not asked.done()
        assert (await asked).status_code == 412
    finally:
        await held.close()


async def test_a_chat_is_confirmed_while_somebody_changes_its_plan(world: World) -> None:
    """Each would have waited for the other where both touch the chat."""
    scene = await a_scene(world)
    act, worker = await scene.act("confirmLink"), scene.caller("confirmLink")
    await worker.sign_in()
    assert worker.id
    actor = Actor(worker.id, "staff", "SW", world.agency)
    holds, over = asyncio.Event(), asyncio.Event()

    async def change() -> None:
        async with database.transaction(actor.id):
            await find_plan(actor, UUID(scene.docket.plan), lock=True)
            holds.set()
            await over.wait()

    changing = database.in_fresh_context(change)
    await holds.wait()
    answer = await act.by(worker)
    over.set()
    await changing
    assert answer.status_code == 200, answer.text
