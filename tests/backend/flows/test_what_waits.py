"""What waits to be said falls away with its entry."""

import json
from datetime import date, timedelta
from uuid import UUID

from backend import clock, database
from backend.messages import outbox
from backend.messages.outbox import Occurrence
from tests.backend.flows.abroad import a_plan_abroad
from tests.chats import Chats
from tests.world import Caller, World


async def test_what_waits_falls_away_with_its_entry_and_a_human_is_told(
    world: World, chats: Chats
) -> None:
    abroad = await a_plan_abroad(world)
    plan, worker = abroad.docket.plan, abroad.docket.worker
    mentor, relative = [await chats.a_member(worker, plan, role) for role in ("ME", "FA")]

    async def say() -> None:
        async with database.transaction():
            for member in (mentor, relative):
                link = await outbox.active_link(UUID(plan), UUID(member.actor))
                for key in ("CONTACT", "GATE-7", "NOTED"):
                    day = date(2031, 1, 1)
                    occurrence = Occurrence(key, "", UUID(member.actor), day)
                    due = clock.now() + timedelta(days=1)
                    await outbox.queue(link, key, occurrence, due_at=due)

    await chats.job(say)
    flows = {flow.get("to_role"): flow for flow in await abroad.flows()}
    # the release date may go to mentors by another entry too, but nothing else
    await world.a_flow(
        kind="chat", to_role="ME", groups=["release date"], basis="authorisation", law=None,
        article=None,
    )  # fmt: skip
    await abroad.end(flows["ME"]["id"])
    rows = await world.sql(
        "SELECT recipient, key, state, reason FROM message WHERE local_due = $1", date(2031, 1, 1)
    )
    cancelled = {(str(one["recipient"]), one["key"]) for one in rows if one["state"] != "queued"}
    assert cancelled == {(mentor.actor, "CONTACT")}
    assert {one["reason"] for one in rows} == {None, "no-flow"}
    tasks = [
        one for one in (await worker.get("/tasks")).json()["tasks"] if one["kind"] == "no-flow"
    ]
    assert [(one["step"], one["about"]) for one in tasks] == [("CONTACT", mentor.actor)]
    changed = await world.sql(
        "SELECT entity FROM change c WHERE entity_id = $1", UUID(tasks[0]["id"])
    )
    assert [one["entity"] for one in changed] == ["task"]
    ready = (await Caller().get("/health/ready")).json()["reasons"]
    off = f"sending is off for agency {world.agency}: no data flow to mentors by chat"
    assert off in ready
    assert "relatives" not in json.dumps(ready)


async def test_one_who_ends_nothing_can_cancel_nothing(world: World, chats: Chats) -> None:
    abroad = await a_plan_abroad(world)
    plan = abroad.docket.plan
    mentor = await chats.a_member(abroad.docket.worker, plan, "ME")

    async def say() -> None:
        async with database.transaction():
            link = await outbox.active_link(UUID(plan), UUID(mentor.actor))
            occurrence = Occurrence("CONTACT", "", UUID(mentor.actor), date(2031, 1, 1))
            due = clock.now() + timedelta(days=1)
            await outbox.queue(link, "CONTACT", occurrence, due_at=due)

    await chats.job(say)
    for who in (abroad.head, await world.somebody("AD", agency=abroad.there)):
        async with database.transaction(who.id) as held:
            assert await held.fetchval("SELECT cancel_without_flow($1, $2)", [], clock.now()) == 0
