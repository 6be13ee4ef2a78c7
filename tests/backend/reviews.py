"""A review of needs and strengths over the API, as a worker holds it."""

from datetime import timedelta
from typing import Any

from tests.world import Caller, a_day

OWN = {"status": "support_wanted_now", "strengths": ["good welder"], "wish": "a key of my own"}
VIEW = {"status": "going_well", "what_helps": "his sister's table", "source": "told_by_person"}


async def begin(worker: Caller, plan: str, **more: Any) -> str:
    body = {"held_on": a_day().isoformat(), "language": "fr", "interpreter": True, **more}
    answer = await worker.post(f"/plans/{plan}/needs-reviews", body)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def reviews(reader: Caller, plan: str) -> list[dict[str, Any]]:
    answer = await reader.get(f"/plans/{plan}/needs-reviews")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["reviews"]
    return found


async def area_of(reader: Caller, plan: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        one for one in (await reviews(reader, plan))[0]["areas"] if one["area"] == name
    )
    return found


async def save(worker: Caller, area: dict[str, Any], **said: Any) -> Any:
    body = {"own_ok": "own" in said, "looked": "view" in said, **said}
    return await worker.send("PUT", f"/needs-areas/{area['id']}", body, version=area["seen"])


async def agree(worker: Caller, area: dict[str, Any], item: str, **more: Any) -> Any:
    body = {"item": item, "due_on": (a_day() + timedelta(days=9)).isoformat(), **more}
    return await worker.post(f"/needs-areas/{area['id']}/step", body, version=area["seen"])


async def close(worker: Caller, plan: str, **held: Any) -> Any:
    review = (await reviews(worker, plan))[0]
    return await worker.post(f"/needs-reviews/{review['id']}/close", held, version=review["seen"])
