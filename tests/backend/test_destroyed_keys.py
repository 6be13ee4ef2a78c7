"""Who may destroy a key, one at a time; and what meets a destroyed one goes on without it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import database
from backend.actors.actions import destroy_key
from backend.database import act_as, in_fresh_context, transaction
from backend.errors import NotFound, TooManyTries
from tests.world import Caller, World


async def _coordinated(world: World, **person: Any) -> tuple[Caller, Caller, dict[str, Any], UUID]:
    """A worker and a coordinator with a plan, and whose plan it is."""
    agency = world.agency or await world.an_agency()
    coordinator = await world.somebody("CO", agency=agency)
    worker = await world.somebody("SW", agency=agency)
    plan = await world.a_plan(worker, person={"name": "Zwunderlich", "language": "en", **person})
    [row] = await world.sql("SELECT person FROM plan WHERE id = $1", UUID(plan["id"]))
    return coordinator, worker, plan, row["person"]


async def _destroy(who: Caller, subject: UUID) -> None:
    async with transaction(who.id):
        await destroy_key(subject)


async def _keys(world: World) -> Mapping[UUID, bytes | None]:
    return {r["id"]: r["wrapped"] for r in await world.sql("SELECT id, wrapped FROM subject_key")}


async def test_a_coordinator_of_the_plan_destroys_one_key_and_no_other(world: World) -> None:
    coordinator, worker, plan, person = await _coordinated(world)
    mentor = str(uuid4())
    body = {"role": "ME", "name": "Bramarbas", "language": "en", "id": mentor}
    assert (await worker.post(f"/plans/{plan['id']}/circle", body)).status_code == 201
    before = await _keys(world)
    await _destroy(coordinator, person)
    assert await _keys(world) == {**before, person: None}
    await _destroy(coordinator, UUID(mentor))
    assert await _keys(world) == {**before, person: None, UUID(mentor): None}
    rows = await world.sql("SELECT id FROM subject_key WHERE destroyed_at IS NOT NULL")
    assert {row["id"] for row in rows} == {person, UUID(mentor)}
    with pytest.raises(NotFound):
        await _destroy(coordinator, person)


async def test_nobody_else_destroys_it(world: World) -> None:
    coordinator, worker, _, person = await _coordinated(world)
    others = [worker, await world.somebody("CO"), await world.somebody("AD"), Caller(uuid4())]
    others.append(await world.somebody("CO", agency=await world.an_agency(name="Elsewhere")))
    before = await _keys(world)
    for other in others:
        with pytest.raises(NotFound):
            await _destroy(other, person)
    for subject in (uuid4(), worker.id, coordinator.id):
        assert subject is not None
        with pytest.raises(NotFound):
            await _destroy(coordinator, subject)
    await world.sql(
        "UPDATE mandate SET starts = now() - interval '2 days', ends = now() - interval '1 second'"
        " WHERE actor = $1",
        coordinator.id,
    )
    with pytest.raises(NotFound):
        await _destroy(coordinator, person)
    assert await _keys(world) == before


async def test_no_role_changes_the_keys_of_everybody_at_once(world: World) -> None:
    await _coordinated(world)

    async def spoil(role: database.Role) -> None:
        act_as(role)
        async with transaction() as held:
            await held.execute("UPDATE subject_key SET wrapped = NULL")

    before = await _keys(world)
    for role in ("app", "worker"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await in_fresh_context(lambda role=role: spoil(role))  # type: ignore[misc]
    assert await _keys(world) == before


async def test_ten_in_an_hour_are_the_most_whatever_the_caller_says_of_the_time(
    world: World,
) -> None:
    coordinator, worker, plan, person = await _coordinated(world)
    members = [uuid4() for _ in range(10)]
    for member in members:
        body = {"role": "FA", "name": "Relative", "language": "en", "id": str(member)}
        assert (await worker.post(f"/plans/{plan['id']}/circle", body)).status_code == 201
    for member in members:
        await _destroy(coordinator, member)
    with pytest.raises(TooManyTries):
        await _destroy(coordinator, person)
    async with transaction(coordinator.id) as held:
        await held.execute("SELECT set_config('app.now', '2031-01-01Z', true)")
        with pytest.raises((TooManyTries, NotFound)):
            await destroy_key(person)
        await held.execute("ROLLBACK; BEGIN")
    assert (await _keys(world))[person] is not None
    await world.sql("UPDATE subject_key SET destroyed_at = destroyed_at - interval '1 hour'")
    await _destroy(coordinator, person)
