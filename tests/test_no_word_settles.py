"""Whatever is said, answered, refused and taken back, in whatever order: no word settles a row."""

from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import clock
from backend.access import Actor
from backend.database import connection, transaction
from backend.messages.claims import Tap, said, said_done, said_not
from backend.plans.actions.claiming import take_back
from backend.plans.rules import SERVICES
from tests.chats import Chats
from tests.releases import joins
from tests.world import Caller, World, row

# one row of each kind of evidence that the template asks for, and two that an answer settles
CODES = ("PLN-02", "PLN-05", "PLN-01", "VOC-09", "PRB-03", "MEN-09", "HLT-01", "GAT-01", "FAM-11")
STEPS = 25
_PLAN = "SELECT p.*, a.working_days FROM plan p JOIN agency a ON a.id = p.agency WHERE p.id = $1"
_DONE = """
SELECT m.code, m.evidence, e.role FROM milestone_event e JOIN milestone m ON m.id = e.milestone
 WHERE e.kind = 'state' AND e.after = 'done'
"""


@dataclass
class Play:
    """A plan, who acts on it, and what each of the circle has said so far."""

    world: World
    chats: Chats
    worker: Caller
    officer: Caller
    plan: str
    circle: dict[str, UUID]
    rows: dict[str, str]
    dice: Random
    messages: list[tuple[str, UUID]] = field(default_factory=list)

    async def as_a_tap(self, role: str, act: Any) -> None:
        actor = Actor(self.circle[role], "member", role, self.world.agency)

        async def work() -> None:
            async with transaction(actor.id):
                await act(actor, await connection().fetchrow(_PLAN, UUID(self.plan)))

        await self.chats.job(work)

    async def says(self) -> None:
        role, code = self.dice.choice(sorted(self.circle)), self.dice.choice(CODES)
        word, message = self.dice.choice(("yes", "together", "no")), uuid4()

        async def act(actor: Actor, plan: Any) -> None:
            about = {"id": message, "plan": plan["id"], "subject": UUID(self.rows[code])}
            told = {**about, "key": "NIGHT1", "local_due": clock.today(plan["zone"])}
            tap = Tap(actor, None, told, plan, "yes")
            if word == "together":
                await said(tap, code)
            else:
                await (said_done(tap) if word == "yes" else said_not(tap))

        await self.as_a_tap(role, act)
        self.messages.append((role, message))

    async def takes_back(self) -> None:
        if self.messages:
            role, message = self.dice.choice(self.messages)

            async def act(actor: Actor, plan: Any) -> None:
                await take_back(actor, plan, message)

            await self.as_a_tap(role, act)

    async def answers(self) -> None:
        """A worker says what they know, or want; not everything is possible at any time."""
        wanted = self.dice.choice(
            (
                {"state": "done"},
                {"state": "done", "known": "provider"},
                {"happened": False},
                {"happened": True},
                {"state": "declined"},
                {"state": "in_progress", "reason": "anew"},
            )
        )
        id_ = self.rows[self.dice.choice(CODES)]
        seen = (await self.worker.get(f"/milestones/{id_}")).json()["milestone"]["version"]
        answer = await self.worker.patch(f"/milestones/{id_}", wanted, version=seen)
        assert answer.status_code in {200, 409, 422}, answer.text

    async def seen_by_the_officer(self) -> Any:
        return await self.world.plan(self.officer, self.plan)

    async def holds(self) -> None:
        """What the queue has is what the rows say of themselves; and who settled what."""
        waiting = {one["code"] for one in (await self.worker.get("/verify")).json()["claims"]}
        read = [(await self.worker.get(f"/milestones/{id_}")).json() for id_ in self.rows.values()]
        assert waiting == {one["milestone"]["code"] for one in read if one["claimed"]}
        for event in await self.world.sql(_DONE):
            assert event["role"] in SERVICES or event["evidence"] == "reply", event


@pytest.mark.parametrize("seed", range(3))
async def test_no_order_of_words_and_answers_settles_a_row_that_asks_for_more(
    world: World, chats: Chats, seed: int
) -> None:
    worker, officer = await world.somebody("SW"), await world.somebody("PO")
    plan = await world.a_plan(worker)
    await joins(world, worker, plan, officer, "PO")
    for code in ("FAM-11", "GAT-01"):
        if row(plan, code)["state"] == "dormant":
            path = f"/milestones/{row(plan, code)['id']}"
            await worker.patch(path, {"state": "planned"}, version=1)
    circle = {}
    for role in ("ME", "FA", "PE"):
        who: dict[str, str] = {"role": role}
        if role != "PE":
            who |= {"name": "X", "language": "en"}
        made = (await worker.post(f"/plans/{plan['id']}/circle", who)).json()
        seen = (await worker.get(f"/plans/{plan['id']}")).json()["circle"]
        circle[role] = UUID(next(one["actor"] for one in seen if one["mandate"] == made["id"]))
    rows = {code: row(plan, code)["id"] for code in CODES}
    play = Play(world, chats, worker, officer, plan["id"], circle, rows, Random(seed))  # noqa: S311
    for _ in range(STEPS):
        before = await play.seen_by_the_officer()
        step = play.dice.choice((play.says, play.says, play.takes_back, play.answers))
        await step()
        if step != play.answers:
            assert await play.seen_by_the_officer() == before, "an officer is told of no word"
        await play.holds()


@pytest.mark.parametrize("role", ["ME", "FA", "PE"])
async def test_the_database_lets_no_word_settle_what_asks_for_more(world: World, role: str) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    sql = "SELECT write_milestone($1, $2, now(), $3, $4::jsonb, true, $5, NULL)"
    done = '{"state": "done", "done_on": "2031-01-01"}'
    for code in set(CODES) - {"GAT-01", "MEN-09"}:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await world.sql(sql, worker.id, role, UUID(row(plan, code)["id"]), done, uuid4())
    assert await world.sql("SELECT 1 FROM evidence") == []
