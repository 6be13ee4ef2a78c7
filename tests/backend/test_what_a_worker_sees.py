"""The edges of what a worker sees: of a mandate, of a wall, of an entry of the registry."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from backend import clock, embedded
from tests.backend.kept import Kept, a_copy
from tests.backend.rows import a_new_copy, fetched_as, plans_seen
from tests.plan_rows import PLAN_ROWS


@pytest.fixture
async def kept(server: embedded.Server) -> AsyncIterator[Kept]:
    async with a_copy(server) as made:
        yield made


async def _sees(kept: Kept, moment: datetime | None = None) -> set[bool]:
    """Whether the worker sees the plan: of each table, and of its person; one answer if all agree.

    Everything has happened on it, so each table has a row of it. What reads for many policies at
    once agrees with them.
    """
    if moment:
        clock.travel(lambda: moment)
    worker, plan = kept.scene.docket.worker.id, UUID(kept.scene.docket.plan)
    seen = await plans_seen(worker)
    (whose,) = await kept.world.sql("SELECT person FROM plan WHERE id = $1", plan)
    found = {plan in seen[table] for table in PLAN_ROWS}
    found |= {plan in plans for plans in await _told_of(worker)}
    found.add(bool(await fetched_as(worker, "SELECT 1 FROM my_circle_on($1)", plan)))
    for table, column in (("person", "id"), ("person_word", "person")):
        sql = f"SELECT 1 FROM {table} WHERE {column} = $1"
        found.add(bool(await fetched_as(worker, sql, whose["person"])))
    return found


async def _told_of(worker: UUID | None) -> list[set[UUID]]:
    """The plans of each function that reads the mandates of a whole caseload."""
    return [
        {row["plan"] for row in await fetched_as(worker, f"SELECT plan FROM {function}()")}
        for function in ("my_mandates_by_flow", "my_mandates_with_keys")
    ]


async def test_nobody_is_told_of_a_mandate_of_anybody_else(kept: Kept) -> None:
    for scene in (kept.scene, kept.other, kept.elsewhere):
        for who in {one.id for one in scene.callers.values() if one.id}:
            rows = await kept.world.sql("SELECT plan FROM mandate WHERE actor = $1", who)
            own = {row["plan"] for row in rows}
            assert all(plans <= own for plans in await _told_of(who)), who
            circles = await fetched_as(
                who, "SELECT p.id FROM plan p CROSS JOIN LATERAL my_circle_on(p.id)"
            )
            assert {row["id"] for row in circles} <= own, who


async def test_the_house_of_whoever_works_there_is_their_own_and_only_while_they_do(
    kept: Kept,
) -> None:
    for scene in (kept.scene, kept.elsewhere):
        worker = scene.docket.worker.id
        assert worker
        (there,) = await kept.world.sql("SELECT agency FROM staff WHERE id = $1", worker)
        assert await _house(worker) == there["agency"]
        await kept.world.sql("UPDATE staff SET active = false WHERE id = $1", worker)
        assert await _house(worker) is None


async def _house(worker: UUID) -> UUID | None:
    (row,) = await fetched_as(worker, "SELECT my_house() AS house")
    house: UUID | None = row["house"]
    return house


async def test_a_worker_sees_a_plan_from_the_start_of_the_mandate_to_its_end(kept: Kept) -> None:
    worker, starts = kept.scene.docket.worker.id, clock.now() + timedelta(hours=1)
    before, until = timedelta(microseconds=1), starts + timedelta(hours=1)
    await kept.world.sql(
        "UPDATE mandate SET starts = $1, ends = $2 WHERE actor = $3", starts, until, worker
    )
    assert await _sees(kept, starts - before) == {False}
    assert await _sees(kept, starts) == {True}
    assert await _sees(kept, until - before) == {True}
    assert await _sees(kept, until) == {False}


async def test_a_worker_sees_no_plan_behind_a_wall_that_stands(kept: Kept) -> None:
    worker, other = kept.scene.docket.worker.id, kept.scene.docket.officer.id
    wall = await a_new_copy(kept.world, "wall", kept.scene.docket.plan)
    ended, plan = clock.now().isoformat(), UUID(kept.other.docket.plan)
    (found,) = await kept.world.sql("SELECT person FROM plan WHERE id = $1", plan)
    elsewhere = {"plan": str(plan), "person": str(found["person"])}
    for walls, there in (
        ([("excluded", worker, None)], False),
        ([("excluded", worker, ended)], True),
        ([("excluded", other, None)], True),
        ([("admitted", other, None)], False),
        ([("admitted", other, ended), ("excluded", other, None)], True),
        ([("admitted", other, None), ("admitted", worker, ended)], False),
        ([("admitted", other, None), ("admitted", worker, None)], True),
    ):
        await kept.world.sql("DELETE FROM wall")
        # that they are let in to somebody else, or kept out there, says nothing here
        more: list[dict[str, object]] = [
            {"kind": kind, "actor": str(worker), "ended_at": None, **elsewhere}
            for kind in ("admitted", "excluded")
        ]
        for kind, actor, until in walls:
            more.append({"kind": kind, "actor": str(actor), "ended_at": until})
        for row in more:
            await kept.world.sql(
                "INSERT INTO wall SELECT (jsonb_populate_record(null::wall, $1::jsonb)).*",
                json.dumps({**wall, "id": str(uuid4()), **row}),
            )
        assert await _sees(kept) == {there}, walls
        (told,) = await fetched_as(worker, "SELECT bars_me($1) AS barred", UUID(wall["person"]))
        assert told["barred"] is not there, walls


async def test_who_works_elsewhere_sees_a_plan_by_an_entry_alone(kept: Kept) -> None:
    worker = kept.scene.docket.worker.id
    (there,) = await kept.world.sql(
        "SELECT agency FROM plan WHERE id = $1", UUID(kept.elsewhere.docket.plan)
    )
    await kept.world.sql("DELETE FROM data_flow")
    assert await _sees(kept) == {True}
    await kept.world.sql("UPDATE actor SET agency = $1 WHERE id = $2", there["agency"], worker)
    # whether somebody works elsewhere is found out anew
    await kept.world.sql("UPDATE mandate SET elsewhere = NULL WHERE actor = $1", worker)
    assert await _sees(kept) == {False}
