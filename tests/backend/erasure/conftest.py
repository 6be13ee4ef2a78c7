"""A file that is there to be erased."""

import pytest

from tests.backend.erasure.files import File
from tests.world import World


@pytest.fixture
async def file(world: World) -> File:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    return File(world, head, worker, plan["id"], await world.somebody("CO"))
