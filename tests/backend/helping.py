"""What the walks over all operations ask about mentors and the family map."""

from collections.abc import Iterator
from typing import Any

from tests.backend.duties import Asked
from tests.world import Caller, a_day


def acts(plan: str, ids: dict[str, Any]) -> Iterator[Asked]:
    changed, ended = ids["mentors"]
    vetted = {"vetting": "passed", "vetted_on": a_day().isoformat()}
    yield "listRelatives", "GET", "/plans/{}/relatives", (plan,), None, None
    yield "nameRelative", "POST", "/plans/{}/relatives", (plan,), a_relative(), None
    yield "changeRelative", "PATCH", "/relatives/{}", (ids["relative"],), {"wish": "wanted"}, 1
    yield "listMentors", "GET", "/mentors", (), None, None
    yield "addMentor", "POST", "/mentors", (), a_mentor(), None
    yield "changeMentor", "PATCH", "/mentors/{}", (changed,), vetted, 1
    yield "endMentor", "POST", "/mentors/{}/end", (ended,), None, 1
    yield "listSupport", "GET", "/support", (), None, None
    yield "setSupport", "PUT", "/support/{}", (changed,), {"human": ids["human"]}, None
    yield "getSupport", "GET", "/account/support", (), None, None
    day = {"on": a_day().isoformat()}
    yield "announceEnding", "POST", "/mandates/{}/ending", (ids["ends"],), day, 1


async def make(worker: Caller, coordinator: Caller, plan: str) -> dict[str, Any]:
    """Somebody on the map who was not asked yet, and two mentors who support nobody."""
    relative = await _made(worker, f"/plans/{plan}/relatives", a_relative())
    return {
        "relative": relative,
        "human": str(worker.id),
        "mentors": [await _made(coordinator, "/mentors", a_mentor()) for _ in range(2)],
    }


async def _made(caller: Caller, path: str, body: object) -> str:
    answer = await caller.post(path, body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def a_relative() -> dict[str, Any]:
    return {"name": "Invented Uncle", "relation": "relative", "wish": "not_wanted"}


def a_mentor() -> dict[str, Any]:
    return {"name": "Invented Helper", "languages": ["en"]}
