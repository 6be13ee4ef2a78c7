"""A mandate is judged when the database is asked, not when the request came in."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from backend import clock
from backend.database import DB
from tests.backend.courts.docket import join
from tests.world import Caller, World, row

POOL = 8
Ask = Callable[[Caller, str, str], Awaitable[httpx.Response]]
ASKS: dict[str, Ask] = {
    "read": lambda who, plan, _: who.get(f"/plans/{plan}"),
    "changed": lambda who, _, step: who.patch(
        f"/milestones/{step}", {"state": "in_progress"}, version=1
    ),
    "looked up": lambda who, _, step: who.get(f"/milestones/{step}/history"),
}


@pytest.mark.parametrize("how", ASKS)
async def test_what_waits_for_a_connection_while_the_mandate_ends_finds_nothing(
    world: World, how: str
) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    await join(world, worker, plan["id"], other, "SW")
    await other.sign_in()
    held = [await DB.pool.acquire() for _ in range(POOL)]
    asked = asyncio.ensure_future(ASKS[how](other, plan["id"], row(plan, "PLN-05")["id"]))
    await asyncio.sleep(0.1)
    assert not asked.done()
    await world.sql(
        "UPDATE mandate SET ends = $2 WHERE actor = $1 RETURNING id", other.id, clock.now()
    )
    for one in held:
        await DB.pool.release(one)
    assert (await asked).status_code == 404
