"""Somebody else changes the row that one waits for: it is stale, and neither gone nor an error."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

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
