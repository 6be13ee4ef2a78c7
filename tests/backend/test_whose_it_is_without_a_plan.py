"""A task, a chat and a message of no plan are for whom they name, whatever SQL is sent."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import clock
from backend.database import transaction
from tests.world import Caller, World

_TASK = """
INSERT INTO task (id, agency, version, kind, step, role, assignee, subject, about, local_due,
                  due_at, urgency, opened_at)
VALUES ($1, $2, 1, $3, '', 'CO', $4, $5, $4, current_date, now(), 0, now()) RETURNING id
"""
_MESSAGE = """
INSERT INTO message (id, agency, version, bot, recipient, rule, step, subject, local_due, key,
                     due_at, expires_at, created_at, state)
SELECT $1, b.agency, 1, b.id, $2, 'UNPL', '', $3, current_date, 'UNPL', now(), now(), now(),
       'queued' FROM bot b WHERE b.agency = $4 LIMIT 1 RETURNING id
"""


async def _a_task(world: World, kind: str, who: Caller, subject: UUID) -> UUID:
    id_ = uuid4()
    await world.sql(_TASK, id_, world.agency, kind, who.id, subject)
    return id_


async def _sees(who: Caller, table: str) -> set[UUID]:
    async with transaction(who.id) as held:
        return {row["id"] for row in await held.fetch(f"SELECT id FROM {table} WHERE plan IS NULL")}


async def _changes(who: Caller, table: str) -> int:
    async with transaction(who.id) as held:
        done = await held.execute(f"UPDATE {table} SET version = version + 1 WHERE plan IS NULL")
        return int(done.rsplit(" ", 1)[-1])


@pytest.mark.parametrize(
    "kind", ["complaint-due", "incident-due", "stopped-by-limit", "outside-review", "court-quota"]
)
async def test_a_task_of_no_plan_is_seen_and_closed_by_whose_it_is(world: World, kind: str) -> None:
    head, other, worker, auditor = [await world.somebody(r) for r in ("CO", "CO", "SW", "AU")]
    task = await _a_task(world, kind, head, uuid4())
    assert await _sees(head, "task") == {task}
    assert await _changes(head, "task") == 1
    for who in (other, worker, auditor):
        assert await _sees(who, "task") == set()
        assert await _changes(who, "task") == 0


async def test_nobody_opens_a_task_of_no_plan_for_a_colleague(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with transaction(worker.id) as held:
            await held.execute(_TASK, uuid4(), world.agency, "outside-review", head.id, uuid4())


async def test_who_may_answer_a_complaint_ends_what_others_are_asked_about_it(
    world: World,
) -> None:
    head, other, named, worker = [await world.somebody(r) for r in ("CO", "CO", "CO", "SW")]
    plan = (await world.a_plan(worker))["id"]
    words = {"text": "x", "received_on": f"{clock.now():%Y-%m-%d}"}
    made = await worker.post(f"/plans/{plan}/complaints", words)
    assert made.status_code == 201, made.text
    await world.sql("UPDATE complaint SET about = $1 RETURNING id", named.id)
    task = await _a_task(world, "complaint-due", other, UUID(made.json()["id"]))
    for who, seen in ((head, {task}), (other, {task}), (named, set()), (worker, set())):
        assert await _sees(who, "task") == seen
    path = f"/complaints/{made.json()['id']}/answer"
    assert (await head.post(path, {"answer": "y"}, version=1)).status_code == 200
    assert await world.sql("SELECT 1 FROM task WHERE id = $1 AND closed_at IS NULL", task) == []


async def test_a_chat_of_ones_own_is_no_colleagues(world: World) -> None:
    worker, other, head = [await world.somebody(role) for role in ("SW", "SW", "AD")]
    assert (await worker.post("/invitations", {})).status_code == 201
    [link] = await world.sql("SELECT id FROM link")
    assert await _sees(worker, "link") == {link["id"]}
    for who in (other, head):
        assert await _sees(who, "link") == set()
        assert await _changes(who, "link") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with transaction(other.id) as held:
            await held.execute(
                "INSERT INTO link (id, agency, version, bot, subject, state, level, language, zone,"
                " opens, closes, quiet, tries, expires_at, invited_by)"
                f" SELECT gen_random_uuid(), b.agency, 1, b.id, '{worker.id}', 'invited', 'P1',"
                f" 'en', 'UTC', '08:00', '20:00', '[]', 0, now(), '{other.id}' FROM bot b LIMIT 1"
            )


async def test_an_administrator_reaches_the_chat_of_whose_account_has_ended(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("AD")
    coordinator = await world.somebody("CO")
    assert (await worker.post("/invitations", {})).status_code == 201
    await world.sql(_MESSAGE, uuid4(), worker.id, worker.id, world.agency)
    assert await _sees(head, "message") == set()
    await world.sql("UPDATE staff SET active = false WHERE id = $1 RETURNING id", worker.id)
    assert len(await _sees(head, "link")) == len(await _sees(head, "message")) == 1
    assert await _sees(coordinator, "link") == await _sees(coordinator, "message") == set()


async def test_what_a_colleague_is_told_in_their_own_chat_is_seen_by_whose_plan_it_is_about(
    world: World,
) -> None:
    worker, other, third = [await world.somebody("SW") for _ in range(3)]
    plan = UUID((await world.a_plan(worker))["id"])
    about, own = uuid4(), uuid4()
    await world.sql(_MESSAGE, about, other.id, plan, world.agency)
    await world.sql(_MESSAGE, own, other.id, other.id, world.agency)
    assert await _sees(other, "message") == {about, own}
    assert await _sees(worker, "message") == {about}
    assert await _sees(third, "message") == set()
    assert await _changes(third, "message") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with transaction(third.id) as held:
            await held.execute(_MESSAGE, uuid4(), other.id, uuid4(), world.agency)


async def test_a_key_of_a_colleague_is_not_reached_by_their_chat(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    assert (await worker.post("/invitations", {})).status_code == 201
    async with transaction(other.id) as held:
        assert await held.fetch("SELECT 1 FROM subject_key WHERE id = $1", worker.id) == []
