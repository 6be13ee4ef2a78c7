"""Acts on one plan at the same instant: each is carried out or refused, and none waits for ever."""

import asyncio
import random
from collections.abc import AsyncIterator

import asyncpg
import pytest

from backend import embedded
from tests.backend.acts import OF_ACCOUNT, Act
from tests.backend.kept import Kept, a_copy
from tests.backend.scene import Scene

# What ends the session that the others act in, or says who its caller is.
ALONE = OF_ACCOUNT | {"signOut", "endAccount", "courtToken"}
AT_ONCE = 12


@pytest.fixture
async def kept(server: embedded.Server) -> AsyncIterator[Kept]:
    async with a_copy(server) as made:
        yield made


async def _of(scene: Scene, operation: str, act: Act) -> tuple[str, int]:
    answer = await act.by(scene.caller(operation))
    return operation, answer.status_code


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.deep) for seed in (2, 3))]
)
async def test_of_acts_that_meet_none_waits_for_one_that_waits_for_it(
    kept: Kept, seed: int
) -> None:
    scene = kept.other
    acts = {name: act for name, act in scene.acts.items() if name not in ALONE}
    for caller in scene.callers.values():
        if caller.login:
            await caller.get("/account/devices")  # signs in; many at once show one code twice
    # twice each, in whatever order: the second is stale, or comes to what is over
    order = [*acts, *acts]
    random.Random(seed).shuffle(order)  # noqa: S311 - an order, and no secret
    done = []
    for at in range(0, len(order), AT_ONCE):
        some = order[at : at + AT_ONCE]
        done += await asyncio.gather(*(_of(scene, name, acts[name]) for name in some))
    assert len({name for name, status in done if status < 300}) > len(acts) / 2
    assert [one for one in done if one[1] >= 500] == []
    held = await asyncpg.connect(kept.world.server.url(database=kept.world.database_name))
    try:
        rings = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert await held.fetchval(rings) == 0
    finally:
        await held.close()
