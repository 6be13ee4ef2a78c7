"""Steps of a ladder that reach the same human are one task: in a small agency nobody is nagged."""

from datetime import timedelta
from uuid import UUID

from tests.chats import Chats, at
from tests.releases import a_release, on_weekday
from tests.world import World

WEDNESDAY = 3


async def _steps(world: World, plan: str) -> list[str]:
    rows = await world.sql(
        "SELECT step FROM task WHERE plan = $1 AND kind = 'gate-unanswered'"
        " AND step LIKE 'silent-__' ORDER BY step",
        UUID(plan),
    )
    return [row["step"] for row in rows]


async def test_who_alone_holds_a_plan_is_asked_once_where_two_would_be(
    world: World, chats: Chats
) -> None:
    """The coordinator's step falls to the social worker where nobody coordinates."""
    day = on_weekday(WEDNESDAY)
    worker, alone = await a_release(world, day)
    head = await world.somebody("CO")
    _, both = await a_release(world, day)
    assert head.id != worker.id
    for one in (alone, both):
        await world.sql("UPDATE plan SET release_time = '09:00' WHERE id = $1", UUID(one["id"]))
    for hours in (12, 14):
        at(day, hours)
        await chats.round()
    assert await _steps(world, alone["id"]) == ["silent-SW"]
    assert await _steps(world, both["id"]) == ["silent-CO", "silent-SW"]


async def test_so_it_is_where_both_steps_are_made_up_for_in_one_round(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    _, alone = await a_release(world, day)
    await world.somebody("CO")
    _, both = await a_release(world, day)
    for one in (alone, both):
        await world.sql("UPDATE plan SET release_time = '09:00' WHERE id = $1", UUID(one["id"]))
    at(day + timedelta(0), 14)
    for _ in range(2):
        await chats.round()
    assert await _steps(world, alone["id"]) == ["silent-SW"]
    assert await _steps(world, both["id"]) == ["silent-CO", "silent-SW"]
