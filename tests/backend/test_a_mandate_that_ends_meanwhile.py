"""A mandate is judged when the database is asked, not when the request came in."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import httpx
import pytest

from backend import clock
from backend.database import DB
from tests.backend.courts.docket import join
from tests.world import Caller, World, a_day, row

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


def _appointment(who: Caller, plan: str) -> Awaitable[httpx.Response]:
    day = (a_day() + timedelta(days=3)).isoformat()
    body = {"role": "SW", "held_on": day, "held_at": "10:00:00", "place": "Room 4"}
    return who.post(f"/plans/{plan}/appointments", body)


WRITES: dict[str, Ask] = {
    "short change of a row": ASKS["changed"],
    "change of a row": lambda who, _, step: who.patch(
        f"/milestones/{step}", {"state": "done", "reason": "As agreed."}, version=1
    ),
    "new appointment": lambda who, plan, _: _appointment(who, plan),
    "contact": lambda who, plan, _: who.post(
        f"/plans/{plan}/contacts",
        {"how": "phone", "outcome": "reached", "made_on": a_day().isoformat()},
    ),
    "yes": lambda who, plan, _: who.post(
        f"/plans/{plan}/consents",
        {"kind": "participation", "language": "en", "pathway": "VOC", "answer": "declined"},
    ),
}


@pytest.mark.parametrize("what", WRITES)
async def test_who_waited_for_a_plan_while_the_mandate_ended_finds_nothing_to_write_to(
    world: World, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    await join(world, worker, plan["id"], other, "SW")
    await other.sign_in()
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        async with held.transaction():
            await held.execute("SELECT 1 FROM plan WHERE id = $1 FOR UPDATE", plan["id"])
            ended = "UPDATE mandate SET ends = $2 WHERE actor = $1"
            await held.execute(ended, other.id, clock.now())
            asked = asyncio.ensure_future(
                WRITES[what](other, plan["id"], row(plan, "PLN-05")["id"])
            )
            await asyncio.sleep(0.5)
            assert not asked.done()
        assert (await asked).status_code == 404
    finally:
        await held.close()
    assert [line for line in caplog.records if line.levelname == "ERROR"] == []
