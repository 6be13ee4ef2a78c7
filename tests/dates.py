"""Dates with a service, for tests: put, moved and looked at through the API."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from tests.chats import Chats, Member, at
from tests.releases import a_release, joins, leave, on_weekday
from tests.world import Caller, World, a_day

TUESDAY = 2
A_DAY = timedelta(days=1)


@dataclass
class Outside:
    """Somebody a few days after their release: worker, officer, plan and the person's chat."""

    world: World
    worker: Caller
    officer: Caller
    plan: dict[str, Any]
    person: Member
    day: date

    async def put(self, who: Caller, on: date, at_: str = "10:00", **more: Any) -> dict[str, Any]:
        return await put(who, self.plan["id"], on, at_, **more)

    async def dates(self, who: Caller | None = None) -> dict[str, dict[str, Any]]:
        found = await self.world.plan(who or self.worker, self.plan["id"])
        return {one["id"]: one for one in found["appointments"]}


async def outside(world: World, chats: Chats) -> Outside:
    officer, day = await world.somebody("PO"), on_weekday(TUESDAY)
    worker, plan = await a_release(world, day)
    await joins(world, worker, plan, officer, "PO")
    at(day, 9)
    await leave(world, worker, plan)
    contact = {"how": "met", "outcome": "reached", "made_on": str(day)}
    assert (await worker.post(f"/plans/{plan['id']}/contacts", contact)).status_code == 201
    person = await chats.a_member(worker, plan["id"], "PE", facts=())
    return Outside(world, worker, officer, plan, person, day)


async def put(who: Caller, plan: str, on: date, at_: str = "10:00", **more: Any) -> dict[str, Any]:
    """A new date; an officer's own unless it says another role."""
    body = {"role": "PO", "held_on": str(on), "held_at": f"{at_}:00", **more}
    answer = await who.post(f"/plans/{plan}/appointments", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def once_planned(
    world: World, who: Caller, plan: str, on: date, at_: str = "10:00", **more: Any
) -> dict[str, Any]:
    """A date that was put when it was still to come, and whose day has passed since."""
    made = await put(who, plan, a_day() + A_DAY, at_, **more)
    await world.sql("UPDATE appointment SET held_on = $2 WHERE id = $1", UUID(made["id"]), on)
    return made


async def sets(who: Caller, id_: str, status: int = 200, **wanted: Any) -> dict[str, Any]:
    """Change a date as it is now."""
    seen = (await who.get(f"/appointments/{id_}")).json()["version"]
    answer = await who.patch(f"/appointments/{id_}", wanted, version=seen)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def moves(who: Caller, id_: str, to: date, at_: str = "11:00", **more: Any) -> dict[str, Any]:
    return await sets(who, id_, 201, held_on=str(to), held_at=f"{at_}:00", **more)


async def look(who: Caller, id_: str) -> dict[str, Any]:
    answer = await who.get(f"/appointments/{id_}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
