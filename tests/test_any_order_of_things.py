"""Whatever happens to a plan, in whatever order: what is done or pinned stands, a no is unseen.

Days move, hands set days, steps are done, refused and taken up again, the person leaves, comes
back, is let go at once, overlays come and go, and a court wants reports.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import httpx
import pytest

from tests.chats import Chats, at
from tests.releases import joins, on_weekday
from tests.world import Caller, World, a_day

STEPS = 30
OTHERS = ("PO", "PS", "TR", "CP")
FREE = ("other_place", "safety_first", "no_family", "no_supervision")
_ROWS = """
SELECT id::text, code, state, pinned, due_on, done_on FROM milestone WHERE plan = $1::uuid
"""
_TWICE = """
SELECT rule, step, subject, recipient, local_due FROM message
 GROUP BY 1, 2, 3, 4, 5 HAVING count(*) > 1
"""


@dataclass
class Life:
    """A plan, who works on it and who sees a part of it, and what happened so far."""

    world: World
    chats: Chats
    worker: Caller
    others: dict[str, Caller]
    plan: str
    dice: Random
    done: list[str] = field(default_factory=list)

    async def rows(self) -> dict[str, dict[str, Any]]:
        return {row["code"]: row for row in await self.world.sql(_ROWS, self.plan)}

    async def seen(self) -> dict[str, Any]:
        return await self.world.plan(self.worker, self.plan)

    async def _post(self, what: str, body: object = None) -> httpx.Response:
        version = (await self.seen())["version"]
        return await self.worker.post(f"/plans/{self.plan}/{what}", body, version=version)

    def _day(self) -> str:
        return str(a_day() + timedelta(days=self.dice.randint(1, 160)))

    async def _row(self, **wanted: Any) -> httpx.Response:
        row = self.dice.choice((await self.seen())["milestones"])
        path = f"/milestones/{row['id']}"
        return await self.worker.patch(path, wanted, version=row["version"])

    # what may happen

    async def moves(self) -> httpx.Response:
        certainty = self.dice.choice(("expected", "confirmed"))
        return await self._post(
            "release-date", {"release_date": self._day(), "certainty": certainty}
        )

    async def pins(self) -> httpx.Response:
        return await self._row(due_on=self._day())

    async def settles(self) -> httpx.Response:
        return await self._row(
            state=self.dice.choice(("planned", "in_progress", "done", "declined", "not_needed"))
        )

    async def leaves(self) -> httpx.Response:
        return await self._post("left-custody", {"left": True})

    async def comes_back(self) -> httpx.Response:
        return await self._post("return")

    async def begins_again(self) -> httpx.Response:
        return await self._post("reopen", {"release_date": self._day(), "certainty": "expected"})

    async def is_let_go(self) -> httpx.Response:
        return await self._post("unplanned-release", {"left": self.dice.random() < 0.5})

    async def is_made_otherwise(self) -> httpx.Response:
        on = [one for one in FREE if self.dice.random() < 0.3]
        supervision = self.dice.random() < 0.5 and "no_supervision" not in on
        body = {"size": self.dice.choice(("full", "full", "light")), "overlays": on}
        return await self._post("template", {**body, "supervision": supervision})

    async def court_asks(self) -> httpx.Response:
        body = {"type": self.dice.choice(("start", "event", "periodic")), "due_on": self._day()}
        return await self.worker.post(f"/plans/{self.plan}/summaries/due", body)

    async def a_day_passes(self) -> None:
        at(a_day() + timedelta(days=self.dice.randint(1, 3)), 10, 5)
        await self.chats.round()

    def next(self) -> Callable[[], Awaitable[httpx.Response | None]]:
        often = (self.moves, self.pins, self.settles, self.settles, self.is_made_otherwise)
        rarely = (self.leaves, self.comes_back, self.begins_again, self.is_let_go, self.court_asks)
        return self.dice.choice((*often, *often, *rarely, self.a_day_passes))

    async def holds(self, before: dict[str, dict[str, Any]], what: str) -> None:
        now = await self.rows()
        for code, was in before.items():
            is_ = now[code]
            if was["state"] == is_["state"] == "done":
                assert (is_["due_on"], is_["done_on"]) == (was["due_on"], was["done_on"]), code
            if was["pinned"] and is_["pinned"] and what != "pins":
                assert is_["due_on"] == was["due_on"], (code, what)
        hidden = {row["id"] for row in now.values() if row["state"] in {"declined", "dormant"}}
        for role, who in self.others.items():
            answer = await who.get(f"/plans/{self.plan}?show=all")
            shown = {one["id"] for one in answer.json().get("milestones", ())}
            assert not shown & hidden, (role, what)
        assert await self.world.sql(_TWICE) == []


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_done_or_pinned_stands_and_a_no_leaves_no_trace(
    world: World, chats: Chats, seed: int
) -> None:
    at(on_weekday(1), 9)
    worker, dice = await world.somebody("SW"), Random(seed)  # noqa: S311 - a play, no secret
    plan = await world.a_plan(worker, supervision=dice.random() < 0.5)
    others = {role: await world.somebody(role) for role in OTHERS}
    for role, who in others.items():
        await joins(world, worker, plan, who, role)
    await chats.a_member(worker, plan["id"], gate="first")
    life = Life(world, chats, worker, others, plan["id"], dice)
    for _ in range(STEPS):
        act, before = life.next(), await life.rows()
        answer = await act()
        if answer is not None:
            assert answer.status_code in {200, 201, 409, 422}, answer.text
            life.done += [act.__name__] if answer.status_code < 400 else []
        await life.holds(before, act.__name__)
    assert len(set(life.done)) > 3, "much has happened"
