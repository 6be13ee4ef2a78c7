"""Plans a few days after their release, and what a return and a reopening do to them."""

from datetime import date, timedelta
from typing import Any

from backend import clock
from tests.chats import Chats, Member, at
from tests.releases import a_phone_of, a_release, change, leave, on_weekday, said
from tests.world import Caller, World

SCENE = tuple[Caller, Caller, dict[str, Any], dict[str, Member]]
WAITS = "SELECT key FROM message WHERE plan = $1::uuid AND state IN ('queued', 'claimed')"


async def outside(world: World, chats: Chats, **values: Any) -> SCENE:
    """Worker and coordinator, a plan a day after its release, and everybody's phone."""
    scene = await left_custody(world, chats, **values)
    at(clock.today("Africa/Tunis") + timedelta(days=1), 15)
    await chats.round()
    return scene


async def left_custody(world: World, chats: Chats, **values: Any) -> SCENE:
    """The same on the day itself."""
    day = on_weekday(2)
    head = await world.somebody("CO")
    worker, plan = await a_release(world, day, **values)
    phones = {
        "mentor": await chats.a_member(worker, plan["id"], gate="first"),
        "mother": await chats.a_member(worker, plan["id"], "FA"),
        "person": await chats.a_member(worker, plan["id"], "PE", facts=()),
        "worker": await a_phone_of(chats, worker),
    }
    await change(world, worker, plan, "MEN-10", state="planned")
    await change(world, worker, plan, "FAM-11", state="planned")
    at(day, 10)
    await leave(world, worker, plan)
    return worker, head, plan, phones


async def goes_back(world: World, who: Caller, plan: dict[str, Any], status: int = 200) -> None:
    seen = await world.sql("SELECT version FROM plan WHERE id = $1::uuid", plan["id"])
    answer = await who.post(f"/plans/{plan['id']}/return", version=seen[0]["version"])
    assert answer.status_code == status, answer.text


async def reopen(
    world: World, who: Caller, plan: dict[str, Any], day: date, certainty: str = "expected"
) -> dict[str, Any]:
    seen = await world.plan(who, plan["id"])
    body = {"release_date": day.isoformat(), "release_time": "09:00:00", "certainty": certainty}
    answer = await who.post(f"/plans/{plan['id']}/reopen", body, version=seen["version"])
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def heard(chats: Chats, phones: dict[str, Member]) -> dict[str, int]:
    """How much was said to each, but for the mornings' numbers of what waits for a worker."""
    return {
        who: sum("due today" not in text for text in await said(chats, phone))
        for who, phone in phones.items()
    }


async def go_on(chats: Chats, first: date, days: int = 12) -> None:
    for n in range(days):
        for hour in (10, 17, 19):
            at(first + timedelta(days=n), hour, 5)
            await chats.round()


async def tasks_of(world: World, kind: str) -> list[dict[str, Any]]:
    return await world.sql("SELECT * FROM task WHERE kind = $1 AND closed_at IS NULL", kind)
