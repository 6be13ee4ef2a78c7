"""Colleagues who were let in to somebody's plans by broken glass, and by nothing else."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import httpx

from backend import clock, embedded
from backend.access import Actor
from tests.backend import bodies
from tests.backend.acts import OF_SPARES, Act
from tests.backend.kept import Kept, a_copy
from tests.backend.scene import Scene
from tests.world import Caller, World

ROLES = ("SW", "CO")
OF_A_RELEASE = ("returnToCustody", "unplannedRelease")  # on plans of their own, here too


@dataclass
class Let:
    """Colleagues who were let in to both plans of an agency, by glass alone; `both` by role."""

    kept: Kept
    guests: Mapping[str, Caller]

    @property
    def scene(self) -> Scene:
        """As it is before anything was done; the kept one has a row in every table of a plan."""
        return self.kept.other

    def actor(self, role: str) -> Actor:
        id_ = self.guests[role].id
        assert id_ is not None
        return Actor(id_, "staff", role, self.kept.world.agency)

    async def a_desk(self, plan: UUID) -> UUID:
        """Somebody of the release desk, with an open mandate on the plan."""
        desk = await self.kept.world.somebody("PS")
        await self.kept.world.sql(
            "INSERT INTO mandate (id, agency, plan, version, actor, role, starts, granted_by)"
            " SELECT gen_random_uuid(), agency, id, 1, $2, 'PS', $3, $2 FROM plan WHERE id = $1",
            plan,
            desk.id,
            clock.now() - timedelta(hours=1),
        )
        assert desk.id
        return desk.id

    async def act(self, operation: str) -> Act:
        """On the plan that they were let in to, where the scene has it on another."""
        act = await self.scene.act(operation)
        if operation in OF_SPARES and operation not in OF_A_RELEASE:
            plan = self.scene.docket.plan
            sql = "SELECT version FROM plan WHERE id = $1"
            (found,) = await self.kept.world.sql(sql, UUID(plan))
            act = replace(act.on(plan), seen=found["version"])
        return act


async def is_let_in(world: World, guest: Caller, head: Caller, plan: str) -> str:
    """By glass, as it is broken by two; the wish."""
    (known,) = await world.sql("SELECT alias FROM plan WHERE id = $1", UUID(plan))
    asked = await guest.post("/break-glass", bodies.a_wish(known["alias"]))
    wish = str(asked.json()["id"])
    let = await head.post(f"/break-glass/{wish}/let", version=1)
    assert let.status_code == 200, let.text
    return wish


@asynccontextmanager
async def through_glass(server: embedded.Server) -> AsyncIterator[Let]:

    async with a_copy(server) as kept:
        guests = {role: await kept.world.somebody(role) for role in ROLES}
        for scene in (kept.scene, kept.other):
            for guest in guests.values():
                await is_let_in(kept.world, guest, scene.callers["CO"], scene.docket.plan)
        yield Let(kept, guests)


def seen(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:

    unlike = {"x-request-id", "date"}
    headers = {name: value for name, value in answer.headers.items() if name not in unlike}
    return answer.status_code, answer.content, headers
