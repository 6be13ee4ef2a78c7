"""The program keeps to whose a row is by itself, also where the database would hide nothing."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from backend import embedded
from tests.backend.acts import Act
from tests.backend.kept import Kept, a_copy
from tests.backend.scene import Scene
from tests.databases import as_the_owner_of_everything
from tests.plan_rows import PLAN_ROWS
from tests.world import World

_INSTANT = re.compile(r"20\d\d-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")
# These tell of the sessions in which they are asked, which are new in every world.
OF_SESSIONS = {"listDevices", "listRecord"}
# Of the agency, and done for it already; what was drawn for an earlier session; and the last ends
# all that follows.
DONE = {"confirmFlow", "endFlow", "confirmPasskey", "proveWithPasskey", "signOut"}


@pytest.fixture
async def kept(server: embedded.Server) -> AsyncIterator[Kept]:
    async with a_copy(server) as made:
        yield made


def _reads(scene: Scene) -> list[Act]:
    return [act for act in scene.acts.values() if act.method == "GET"]


async def _answers(scene: Scene) -> dict[tuple[str, str], tuple[int, str]]:
    """What each reading operation says to each caller of the scene."""
    found = {}
    for act in _reads(scene):
        for role, who in scene.callers.items():
            if act.operation not in OF_SESSIONS:
                answer = await act.by(who)
                found[act.operation, role] = answer.status_code, _INSTANT.sub("", answer.text)
    return found


async def test_every_read_says_the_same_whether_the_database_hides_rows_or_not(
    server: embedded.Server,
) -> None:
    found = []
    for alone in (False, True):
        async with a_copy(server) as made:
            if alone:
                await as_the_owner_of_everything(made.world)
            found.append([await _answers(made.scene), await _answers(made.elsewhere)])
    for behind, by_itself in zip(*found, strict=True):
        differ = {one for one in behind if behind[one] != by_itself[one]}
        assert differ == set()
        assert sum(status == 200 for status, _ in behind.values()) > 30


async def test_what_is_done_for_one_plan_leaves_every_other_as_it_was(kept: Kept) -> None:
    """Of the same agency, where everything has happened, and of another, where it yet may."""
    world = kept.world
    await as_the_owner_of_everything(world)
    plans = [UUID(kept.scene.docket.plan)]
    before = await _rows_of(world, plans, kept.elsewhere)
    for operation in kept.other.acts:
        if operation not in DONE:
            answer = await kept.other.carry_out(operation)
            assert answer.status_code < 300, (operation, answer.text)
    after = await _rows_of(world, plans, kept.elsewhere)
    assert {one for one in before if before[one] != after[one]} == set()
    assert sum(bool(rows) for rows in before.values()) > 50


async def _rows_of(world: World, plans: list[UUID], elsewhere: Scene) -> dict[str, list[str]]:
    """All that is of these plans, and all that is of the agency of that scene, table by table."""
    (of,) = await world.sql("SELECT agency FROM plan WHERE id = $1", UUID(elsewhere.docket.plan))
    found = {}
    for table, column in PLAN_ROWS.items():
        sql = f"SELECT t::text AS row FROM {table} t WHERE {column} = ANY ($1) ORDER BY 1"
        found[f"{table} of the plan"] = [one["row"] for one in await world.sql(sql, plans)]
    tables = await world.sql(
        "SELECT table_name AS name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'agency'"
    )
    for table in sorted(one["name"] for one in tables):
        sql = f"SELECT t::text AS row FROM {table} t WHERE agency = $1 ORDER BY 1"
        rows = await world.sql(sql, of["agency"])
        found[f"{table} of the agency"] = [one["row"] for one in rows]
    return found
