"""Meetings of a circle, for tests: planned, held, and what is written of them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.releases import joins
from tests.world import Caller, World, a_day, row

BASIS, AIM = "Act on Return, article 4", "To agree on the way home"


def a_meeting(*participants: object, **more: Any) -> dict[str, Any]:
    """What is sent to plan one, in a week."""
    return {
        "held_on": (a_day() + timedelta(days=7)).isoformat(),
        "held_at": "14:00:00",
        "basis": BASIS,
        "aim": AIM,
        "participants": [str(one) for one in participants],
        "speaks_of": ["milestones", "housing"],
        **more,
    }


async def planned(
    worker: Caller, plan: str, participants: Sequence[object], **more: Any
) -> dict[str, Any]:
    """A meeting that was planned, as its worker reads it."""
    made = await worker.post(f"/plans/{plan}/meetings", a_meeting(*participants, **more))
    assert made.status_code == 201, made.text
    return await read(worker, plan, made.json()["id"])


async def read(who: Caller, plan: str, id_: str | None = None) -> dict[str, Any]:
    """One meeting as somebody reads it; the only one, or an empty mapping for none."""
    answer = await who.get(f"/plans/{plan}/meetings")
    assert answer.status_code == 200, answer.text
    found = [one for one in answer.json()["meetings"] if id_ in {None, one["id"]}]
    return found[0] if found else {}


def part(meeting: dict[str, Any], role: str) -> dict[str, Any]:
    """The part of whoever has this role in a meeting, as a worker reads it."""
    found: dict[str, Any] = next(one for one in meeting["members"] if one["role"] == role)
    return found


async def held(
    worker: Caller, plan: str, meeting: dict[str, Any], *roles: str, **more: Any
) -> dict[str, Any]:
    """It took place today, with whoever has these roles."""
    present = [part(meeting, role)["id"] for role in roles]
    body = {"present": present, "held_on": a_day().isoformat(), **more}
    path = f"/meetings/{meeting['id']}/hold"
    answer = await worker.post(path, body, version=meeting["version"])
    assert answer.status_code == 200, answer.text
    return await read(worker, plan, meeting["id"])


async def with_minutes(
    worker: Caller, plan: str, meeting: dict[str, Any], words: str = "We spoke of the way home."
) -> dict[str, Any]:
    path = f"/meetings/{meeting['id']}/minutes"
    answer = await worker.send("PUT", path, {"words": words}, version=meeting["version"])
    assert answer.status_code == 200, answer.text
    return await read(worker, plan, meeting["id"])


async def approves(who: Caller, one: dict[str, Any]) -> Any:
    """`one` is a part in the meeting."""
    return await who.post(f"/meeting-members/{one['id']}/approve", version=one["version"])


async def a_table(world: World, *roles: str, **more: Any) -> tuple[Caller, str, list[Caller]]:
    """A worker, a plan, and staff of these roles in its circle."""
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, **more)
    others = [await world.somebody(role) for role in roles]
    for who, role in zip(others, roles, strict=True):
        await joins(world, worker, plan, who, role)
    return worker, plan["id"], others


async def state(world: World, who: Caller, plan: str, code: str) -> str:
    found: str = row(await world.plan(who, plan), code)["state"]
    return found
