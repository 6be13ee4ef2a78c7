"""Plans near their day of release, for tests of what the clock does around it."""

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from tests.chats import Chats, Member, at
from tests.world import Caller, World, a_day, row


def on_weekday(iso: int, *, weeks: int = 5) -> date:
    """A day of this ISO weekday, some weeks ahead."""
    monday = a_day() - timedelta(days=a_day().isoweekday() - 1)
    return monday + timedelta(weeks=weeks, days=iso - 1)


async def a_release(world: World, day: date, **values: Any) -> tuple[Caller, dict[str, Any]]:
    """A worker with a plan whose date is confirmed, three weeks before it."""
    at(day - timedelta(days=21), 9)
    worker = await world.somebody("SW")
    more = {"certainty": "confirmed", "release_time": "09:00:00", **values}
    plan = await world.a_plan(worker, release_date=day.isoformat(), **more)
    return worker, plan


async def leave(world: World, worker: Caller, plan: dict[str, Any], *, left: bool = True) -> None:
    """The recorded fact that the person has left, or that it is not today."""
    seen = await world.plan(worker, plan["id"])
    answer = await worker.post(
        f"/plans/{plan['id']}/left-custody", {"left": left}, version=seen["version"]
    )
    assert answer.status_code == 200, answer.text


async def move(
    world: World, worker: Caller, plan: dict[str, Any], to: date, certainty: str = "confirmed"
) -> None:
    """The day of release is this one now."""
    seen = await world.plan(worker, plan["id"])
    body = {"release_date": to.isoformat(), "certainty": certainty}
    answer = await worker.post(f"/plans/{plan['id']}/release-date", body, version=seen["version"])
    assert answer.status_code == 200, answer.text


async def change(world: World, who: Caller, plan: dict[str, Any], code: str, **wanted: Any) -> None:
    found = row(await world.plan(who, plan["id"]), code)
    answer = await who.patch(f"/milestones/{found['id']}", wanted, version=found["version"])
    assert answer.status_code == 200, answer.text


async def is_claimed(world: World, who: str, milestone: str, *, happened: bool = True) -> None:
    """A mentor says of a row that it happened, or that it did not; as a tap writes it."""
    [of] = await world.sql(
        "SELECT p.zone FROM milestone m JOIN plan p ON p.id = m.plan WHERE m.id = $1",
        UUID(milestone),
    )
    saying = {"happened": happened, "day": clock.today(of["zone"]).isoformat()}
    after: dict[str, Any] = {"saying": saying, "what": "met"}
    await world.sql(
        "SELECT write_milestone($1, 'ME', $2, $3, $4::jsonb, false, $5, NULL)",
        UUID(who),
        clock.now(),
        UUID(milestone),
        json.dumps(after | ({"said_by": "ME"} if happened else {})),
        uuid4(),
    )


async def kinds(who: Caller) -> list[str]:
    """What waits for somebody, soonest first."""
    return [task["kind"] for task in (await who.get("/tasks")).json()["tasks"]]


async def joins(world: World, worker: Caller, plan: dict[str, Any], who: Caller, role: str) -> None:
    """Somebody with an account gets a mandate."""
    login = (await world.sql("SELECT login FROM staff WHERE id = $1", who.id))[0]["login"]
    answer = await worker.post(f"/plans/{plan['id']}/circle", {"role": role, "login": login})
    assert answer.status_code == 201, answer.text


async def a_phone_of(chats: Chats, who: Caller) -> Member:
    """A member of staff links a phone of their own."""
    invited = (await who.post("/invitations")).json()
    phone = await chats.phones.phone(f"staff {invited['id'][:4]}")
    await chats.open(phone, invited)
    await chats.confirm(who, invited["id"])
    return Member(str(who.id), "", phone, "")


async def said(chats: Chats, member: Member, *, since: int = 0) -> list[str]:
    """What the bot said to somebody, from the text of this number on."""
    return [one.text for one in await chats.texts(member.phone)][since:]
