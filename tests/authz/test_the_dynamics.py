"""Rights come and go; after each change every list is what a model in plain Python says."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend import clock
from backend.database import transaction
from backend.walls.rules import LASTS
from tests.world import Caller, World

pytestmark = pytest.mark.authz

STAFF, PLANS = 2, 2
RULES = ("grant", "end", "exclude", "admit", "take down", "break glass", "close glass", "wait")
STEPS = st.lists(
    st.tuples(st.sampled_from(RULES), st.integers(0, STAFF - 1), st.integers(0, PLANS - 1)),
    min_size=20,
    max_size=40,
)


@dataclass
class Model:
    """Who holds what until when, and which walls stand; nothing of it is read from the product."""

    mandates: dict[tuple[int, int], datetime | None] = field(default_factory=dict)
    glass: dict[tuple[int, int], dict[str, datetime]] = field(default_factory=dict)
    excluded: set[tuple[int, int]] = field(default_factory=set)
    admitted: set[tuple[int, int]] = field(default_factory=set)

    def through_glass(self, who: int, plan: int, now: datetime) -> bool:
        return any(until > now for until in self.glass.get((who, plan), {}).values())

    def sees(self, who: int, plan: int, now: datetime) -> bool:
        until = self.mandates.get((who, plan), now)
        held = until is None or until > now or self.through_glass(who, plan, now)
        closed = any(one[1] == plan for one in self.admitted) and (who, plan) not in self.admitted
        return held and not closed and (who, plan) not in self.excluded


@dataclass
class Office:
    """A coordinator who does it all and whom no wall keeps out, colleagues, and the plans."""

    world: World
    head: Caller
    staff: list[Caller]
    plans: list[dict[str, Any]]
    model: Model = field(default_factory=Model)
    walls: dict[tuple[str, int, int], str] = field(default_factory=dict)
    wishes: dict[tuple[int, int], str] = field(default_factory=dict)

    async def do(self, rule: str, who: int, plan: int) -> None:
        acts = {
            "grant": self.grant,
            "end": self.end,
            "exclude": self.exclude,
            "admit": self.admit,
            "take down": self.take_down,
            "break glass": self.break_glass,
            "close glass": self.close_glass,
            "wait": self.wait,
        }
        await acts[rule](who, plan)

    def path(self, plan: int) -> str:
        return f"/plans/{self.plans[plan]['id']}"

    async def grant(self, who: int, plan: int) -> None:
        until = self.model.mandates.get((who, plan), clock.now())
        body = {"role": "SW", "login": self.staff[who].login}
        answer = await self.head.post(f"{self.path(plan)}/circle", body)
        glass = self.model.through_glass(who, plan, clock.now())
        if until is None or until > clock.now() or glass:
            assert answer.status_code == 409, answer.text
            return
        assert answer.status_code == 201, answer.text
        self.model.mandates[who, plan] = None

    async def end(self, who: int, plan: int) -> None:
        circle = (await self.head.get(self.path(plan))).json()["circle"]
        mine = [one for one in circle if one["actor"] == str(self.staff[who].id)]
        last = False
        for one in mine:
            answer = await self.head.post(
                f"/mandates/{one['mandate']}/end", version=one["mandate_version"]
            )
            if answer.status_code == 409:  # no day is without a social worker
                assert "hand the plan over" in answer.text
                last = True
                continue
            assert answer.status_code == 200, answer.text
        if mine and not last:
            self.model.mandates[who, plan] = clock.now()
        if mine:
            self.model.glass.pop((who, plan), None)

    async def _wall(self, kind: str, who: int, plan: int) -> None:
        body = {"kind": kind, "login": self.staff[who].login}
        answer = await self.head.post(f"{self.path(plan)}/walls", body)
        known = self.model.excluded if kind == "excluded" else self.model.admitted
        assert answer.status_code == (409 if (who, plan) in known else 201), answer.text
        if answer.status_code == 201:
            known.add((who, plan))
            self.walls[kind, who, plan] = answer.json()["id"]

    async def exclude(self, who: int, plan: int) -> None:
        await self._wall("excluded", who, plan)

    async def admit(self, who: int, plan: int) -> None:
        await self._wall("admitted", who, plan)

    async def take_down(self, who: int, plan: int) -> None:
        for kind, known in (("excluded", self.model.excluded), ("admitted", self.model.admitted)):
            wall = self.walls.pop((kind, who, plan), None)
            if wall is not None:
                answer = await self.head.post(f"/walls/{wall}/end", version=1)
                assert answer.status_code == 200, answer.text
                known.discard((who, plan))
        if not any(one[1] == plan for one in self.model.admitted):
            await self._let_the_rest_in(plan)

    async def _let_the_rest_in(self, plan: int) -> None:
        """Whoever admits the first is among them: the coordinator's own goes last."""
        for wall in (await self.head.get(f"{self.path(plan)}/walls")).json():
            if wall["kind"] == "admitted":
                answer = await self.head.post(f"/walls/{wall['id']}/end", version=wall["version"])
                assert answer.status_code == 200, answer.text

    async def break_glass(self, who: int, plan: int) -> None:
        wish = {"alias": self.plans[plan]["alias"], "reason": "It cannot wait."}
        asked = await self.staff[who].post("/break-glass", wish)
        if asked.status_code == 429:
            return
        id_ = asked.json()["id"]
        let = await self.head.post(f"/break-glass/{id_}/let", version=1)
        barred = (who, plan) in self.model.excluded or (
            any(one[1] == plan for one in self.model.admitted)
            and (who, plan) not in self.model.admitted
        )
        assert let.status_code == (409 if barred else 200), let.text
        if not barred:
            self.model.glass.setdefault((who, plan), {})[id_] = clock.now() + LASTS
            self.wishes[who, plan] = id_

    async def close_glass(self, who: int, plan: int) -> None:
        wish = self.wishes.pop((who, plan), None)
        if wish is None:
            return
        until = self.model.glass.get((who, plan), {}).pop(wish, clock.now())
        answer = await self.head.post(f"/break-glass/{wish}/end", version=2)
        assert answer.status_code == (200 if until > clock.now() else 409), answer.text
        _later(timedelta.resolution)

    async def wait(self, who: int, plan: int) -> None:
        _later(timedelta(hours=1 + who + plan))

    async def agrees(self) -> None:
        for number, who in enumerate(self.staff):
            expected = {
                plan["id"]
                for at, plan in enumerate(self.plans)
                if self.model.sees(number, at, clock.now())
            }
            listed = {line["id"] for line in (await who.get("/plans")).json()["plans"]}
            assert listed == expected, (number, self.model)
            assert who.id
            async with transaction(who.id) as held:
                below = {str(row["id"]) for row in await held.fetch("SELECT id FROM plan")}
            assert below == expected, (number, self.model)
        status = {(await self.head.get(self.path(plan))).status_code for plan in range(PLANS)}
        assert status == {200}


def _later(span: timedelta) -> None:
    now = clock.now() + span
    clock.travel(lambda: now)


async def an_office(world: World) -> Office:
    head, opener = await world.somebody("CO"), await world.somebody("SW")
    plans = [await world.a_plan(opener) for _ in range(PLANS)]
    return Office(world, head, [await world.somebody("SW") for _ in range(STAFF)], plans)


@pytest.mark.deep
@given(steps=STEPS)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_whatever_comes_and_goes_everybody_sees_what_the_model_says(
    world: World, steps: list[tuple[str, int, int]]
) -> None:
    _later(timedelta(minutes=1))
    office = await an_office(world)
    for step in steps:
        await office.do(*step)
        await office.agrees()
