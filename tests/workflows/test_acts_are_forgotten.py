"""What a row was before a change goes once nobody can take the change back."""

from datetime import timedelta

import asyncpg
import pytest

from backend import clock, database
from tests.chats import at
from tests.releases import change, on_weekday
from tests.world import World, row
from workflows.retain import carry_out
from workflows.terms import RULES

DAY = on_weekday(3)


async def _night() -> int:
    async def work() -> dict[str, int]:
        database.act_as("worker")
        async with database.transaction():
            return await carry_out(clock.now(), [one for one in RULES if one.code == "acts"])

    return (await database.in_fresh_context(work))["acts"]


async def test_a_day_later_the_history_is_all_that_is_left_of_what_it_was(world: World) -> None:
    at(DAY, 10)
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await change(world, worker, plan, "PLN-02", state="not_possible", cause="health")
    at(DAY, 10, 1)
    reason = "It is possible now."
    await change(world, worker, plan, "PLN-02", state="in_progress", reason=reason)
    assert await _night() == 0
    at(DAY + timedelta(days=1), 9, 59)
    assert await _night() == 0
    at(DAY + timedelta(days=1), 10, 1)
    assert await _night() == 2
    assert await world.sql("SELECT 1 FROM milestone_event WHERE was IS NOT NULL") == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await world.sql("UPDATE milestone_event SET was = NULL, role = 'ME'")
    found = row(await world.plan(worker, plan["id"]), "PLN-02")
    told = (await worker.get(f"/milestones/{found['id']}/history")).json()
    assert [one["after"] for one in told] == ["not_possible", "in_progress"]


async def test_what_is_kept_by_a_legal_hold_stays(world: World) -> None:
    at(DAY, 10)
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await change(world, worker, plan, "PLN-02", state="in_progress")
    head = await world.somebody("CO")
    await world.sql(
        "INSERT INTO legal_hold (id, agency, plan, person, version, reason, set_by, set_at)"
        " SELECT gen_random_uuid(), agency, id, person, 1, '\\x00', $2, $3 FROM plan WHERE id = $1",
        plan["id"],
        head.id,
        clock.now(),
    )
    at(DAY + timedelta(days=2), 10)
    assert await _night() == 0
