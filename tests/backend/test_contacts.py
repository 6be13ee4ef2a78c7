"""Who reads the log of contacts: its workers all of it, others what they wrote, and no more."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend.database import transaction
from backend.messages import outbox
from backend.messages.outbox import Occurrence
from tests.backend.courts.docket import a_docket, join
from tests.backend.papers import in_circle
from tests.backend.rows import fetched_as
from tests.chats import Chats, at
from tests.world import Caller, World, a_day, row

REFUSED = asyncpg.InsufficientPrivilegeError


async def log(who: Caller, plan: str, outcome: str, days_ago: int = 0) -> str:
    on = (a_day() - timedelta(days=days_ago)).isoformat()
    body = {"how": "phone", "outcome": outcome, "made_on": on}
    answer = await who.post(f"/plans/{plan}/contacts", body)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def read(who: Caller, plan: str, query: str = "") -> dict[str, Any]:
    answer = await who.get(f"/plans/{plan}/contacts{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _seen(actor: object) -> set[str]:
    """What somebody's own statements find, past the program."""
    rows = await fetched_as(UUID(str(actor)), "SELECT id FROM contact")
    return {str(one["id"]) for one in rows}


async def test_a_try_is_seen_by_workers_and_by_whoever_tried_and_by_nobody_else(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    head, officer, trainer, desk, counsellor = [
        await world.somebody(role) for role in ("CO", "PO", "TR", "PS", "CP")
    ]
    for role, who in {"CO": head, "PO": officer, "TR": trainer, "PS": desk}.items():
        await join(world, worker, plan, who, role)
    await join(world, worker, plan, counsellor, "CP")
    oldest = await log(worker, plan, "tried", 3)
    reached = await log(officer, plan, "reached", 1)
    tried, last = await log(trainer, plan, "tried"), await log(worker, plan, "reached")
    every = [last, tried, reached, oldest]
    for who, own in {
        worker: every, head: every, officer: [reached], trainer: [tried], desk: [],
    }.items():  # fmt: skip
        found = (await read(who, plan))["contacts"]
        assert [one["id"] for one in found] == own
        assert await _seen(who.id) == set(own)
    [by_officer] = (await read(officer, plan))["contacts"]
    assert (by_officer["role"], by_officer["outcome"]) == ("PO", "reached")
    assert by_officer["actor"] == str(officer.id)
    assert by_officer["alias"]
    assert (await counsellor.get(f"/plans/{plan}/contacts")).status_code == 403
    # the person reads in their own file who reached them, and of no try
    await in_circle(worker, plan)
    [of] = await world.sql("SELECT person FROM plan WHERE id = $1", UUID(plan))
    assert await _seen(of["person"]) == {reached, last}


async def test_a_summary_counts_what_its_officer_does_not_read(world: World) -> None:
    docket = await a_docket(world)
    worker, officer, plan = docket.worker, docket.officer, docket.plan
    for who, outcome in ((worker, "reached"), (worker, "reached"), (worker, "tried")):
        await log(who, plan, outcome)
    query = "&".join(f"{name}={value}" for name, value in docket.subject().items())
    draft = await officer.get(f"/plans/{plan}/summaries/draft?{query}")
    assert draft.status_code == 200, draft.text
    assert [
        one["count"] for one in draft.json()["draft"]["facts"] if one["source_role"] == "SW"
    ] == [2]
    assert (await read(officer, plan))["contacts"] == []
    counted = "SELECT * FROM contacts_of_duty($1, $2, $2)"
    mentor = await in_circle(worker, plan, role="ME", name="Invented Mentor")
    [one] = await world.sql("SELECT actor FROM mandate WHERE id = $1", UUID(mentor))
    assert await fetched_as(one["actor"], counted, UUID(plan), a_day()) == []


async def test_the_log_comes_in_pages_each_of_them_written_down(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    made = [await log(worker, plan, "reached", days) for days in (0, 0, 1, 4, 4)]
    newest = [made[1], made[0], made[2], made[4], made[3]]
    found: list[str] = []
    page = await read(worker, plan, "?limit=2")
    while True:
        found += [one["id"] for one in page["contacts"]]
        if page["next"] is None:
            break
        page = await read(worker, plan, f"?limit=2&cursor={page['next']}")
    assert found == newest
    looks = await world.sql("SELECT 1 FROM audit WHERE operation = 'listContacts'")
    assert len(looks) == 3
    assert (await worker.get(f"/plans/{plan}/contacts?cursor=x")).status_code == 400


async def test_the_database_takes_an_entry_in_nobodys_name_but_ones_own(world: World) -> None:
    worker, officer = await world.somebody("SW"), await world.somebody("PO")
    plan = (await world.a_plan(worker))["id"]
    await join(world, worker, plan, officer, "PO")
    add = (
        "INSERT INTO contact (id, agency, plan, version, actor, subject, role, how, outcome,"
        " made_on, at) SELECT $1, agency, id, 1, $2, person, $3, 'met', 'reached', $4, now()"
        " FROM plan WHERE id = $5"
    )
    for name, role in ((worker.id, "SW"), (officer.id, "SW")):
        with pytest.raises(REFUSED):
            async with transaction(officer.id) as held:
                await held.execute(add, uuid4(), name, role, a_day(), UUID(plan))
    async with transaction(officer.id) as held:
        await held.execute(add, uuid4(), officer.id, "PO", a_day(), UUID(plan))


async def test_two_tries_are_a_workers_task_but_where_somebody_was_reached_since(
    world: World, chats: Chats
) -> None:
    worker = await world.somebody("SW")
    found = await world.a_plan(worker)
    plan, about = found["id"], row(found, "MEN-03")["id"]
    mentor = await chats.a_member(worker, plan)
    woken = await worker.patch(f"/milestones/{about}", {"state": "planned"}, version=1)
    assert woken.status_code == 200, woken.text

    async def tries(days: int) -> bool:
        at(day := a_day() + timedelta(days=days), 11)

        async def ask() -> None:
            async with transaction():
                link = await outbox.active_link(UUID(plan), UUID(mentor.actor))
                await outbox.queue(link, "CONTACT", Occurrence("CONTACT", "", UUID(about), day))

        await chats.job(ask)
        await chats.round()
        await chats.round()
        await chats.tap(mentor.phone, "Tried, no answer")
        tasks = (await worker.get("/tasks")).json()["tasks"]
        return any(one["kind"] == "tried-twice" for one in tasks)

    assert not await tries(1)
    await log(worker, plan, "reached")  # by another one, on that day
    assert not await tries(1)
    assert await tries(1)
