"""Two agencies with everything in them, filled once and copied for each test that asks."""

import copy
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from backend import clock, embedded
from tests.backend.scene import Scene, a_scene
from tests.chats import Chats
from tests.databases import a_fresh_world, a_world_to_copy
from tests.plan_rows import PLAN_ROWS
from tests.world import World


@dataclass
class Kept:
    """What fills a database, with its world as it was then."""

    name: str
    world: World
    scene: Scene  # all of whose acts were carried out: it has a row in every table of a plan
    other: Scene  # of the same agency, as it is before
    elsewhere: Scene  # the same of another agency


_kept: dict[Path, Kept] = {}  # by server


async def keep(server: embedded.Server, name: str) -> None:
    async with a_world_to_copy(server, name) as world, Chats(world) as chats:
        scene, other = await _filled(world, chats), await a_scene(world)
        first, world.agency = world.agency, await world.an_agency(name="Elsewhere")
        elsewhere = await a_scene(world)
        world.agency = first
    _kept[server.socket] = Kept(name, world, scene, other, elsewhere)


@asynccontextmanager
async def a_copy(server: embedded.Server) -> AsyncIterator[Kept]:
    """A copy of the database, and everybody in it, of whom nobody has signed in just now."""
    if server.socket not in _kept:
        await keep(server, f"test_kept_{os.getpid()}")
    kept = _kept[server.socket]
    async with a_fresh_world(server, kept.name) as world:
        world.agency = kept.world.agency
        made = copy.deepcopy(kept, {id(kept.world): world})
        for scene in (made.scene, made.other, made.elsewhere):
            await scene.docket.court.sign_in()
            app, confirm = scene.docket.worker.app, scene.acts["confirmFactor"]
            assert app is not None
            scene.acts["confirmFactor"] = replace(confirm, body={"code": app.code()})
            for caller in scene.callers.values():
                caller.since = datetime(1970, 1, 1, tzinfo=UTC)
        yield made


async def _filled(world: World, chats: Chats) -> Scene:
    scene = await a_scene(world)
    worker, plan = scene.docket.worker, scene.docket.plan
    relative = await chats.a_member(worker, plan, "FA")
    await chats.say(relative.phone, "a free text")
    for operation in scene.acts:
        if operation != "signOut":
            await scene.carry_out(operation)
    await world.sql(
        "INSERT INTO claim (id, agency, plan, version, message, actor, role, subject, what, at)"
        " SELECT $1, agency, plan, 1, id, recipient, 'FA', id, 'yes', $2 FROM message"
        " WHERE plan = $3 AND recipient IS NOT NULL LIMIT 1",
        uuid4(),
        clock.now(),
        UUID(plan),
    )
    for table, column in PLAN_ROWS.items():
        found = await world.sql(f"SELECT 1 FROM {table} WHERE {column} = $1 LIMIT 1", UUID(plan))
        assert found, f"the scene has no row in {table}"
    return scene
