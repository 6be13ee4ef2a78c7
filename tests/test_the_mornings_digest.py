"""Half past eight on working days: how much is due, once."""

from datetime import timedelta
from typing import Any

from tests.chats import Chats, at
from tests.releases import a_phone_of, a_release, change, on_weekday, said
from tests.world import Caller, World, a_day

MONDAY = 1


async def test_it_counts_tasks_and_rows_that_fall_due_today(world: World, chats: Chats) -> None:
    day = on_weekday(5)
    worker, plan = await a_release(world, day)
    phone = await a_phone_of(chats, worker)
    await _clear(world, worker, plan)
    monday = on_weekday(MONDAY, weeks=3)
    await change(world, worker, plan, "HOU-02", state="in_progress", reason="seen again")
    await change(world, worker, plan, "HOU-02", due_on=monday.isoformat())
    before = len(await said(chats, phone))
    for days, hour in ((-1, 8), (0, 8)):
        at(monday + timedelta(days=days), hour, 30)
        await chats.round()
    at(monday, 9)
    await chats.round()
    told = await said(chats, phone, since=before)
    assert told == ["1 task is due today. Open the app to see it."]
    await chats.say((await chats.a_member(worker, plan["id"])).phone, "something")
    at(monday, 10)
    await chats.round()
    assert len(await said(chats, phone)) == before + 1  # what comes later is tomorrow's
    at(monday + timedelta(days=1), 8, 30)
    await chats.round()
    assert len(await said(chats, phone)) == before + 2


async def _clear(world: World, worker: Caller, plan: dict[str, Any]) -> None:
    for one in (await world.plan(worker, plan["id"]))["milestones"]:
        if one["state"] == "planned":
            await change(world, worker, plan, one["code"], state="done")


async def test_nobody_is_told_that_nothing_is_due(world: World, chats: Chats) -> None:
    at(a_day(), 9)
    worker = await world.somebody("SW")
    phone = await a_phone_of(chats, worker)
    before = len(await said(chats, phone))
    for days in range(7):
        at(on_weekday(MONDAY) + timedelta(days=days), 8, 30)
        await chats.round()
    assert len(await said(chats, phone)) == before
