"""What the walks over all operations ask about mentors, the family map and who welcomes."""

from collections.abc import Iterator
from typing import Any

from tests.backend.duties import Asked
from tests.world import Caller, a_day

OK = 200


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
    yield "listClubs", "GET", "/clubs", (), None, None
    yield "addClub", "POST", "/clubs", (), a_club(), None
    changed, ended = ids["clubs"]
    yield "changeClub", "PATCH", "/clubs/{}", (changed,), {"hours": "Fridays"}, 1
    yield "endClub", "POST", "/clubs/{}/end", (ended,), None, 1
    changed, ended, _ = ids["welcomes"]
    yield "listWelcomes", "GET", "/plans/{}/welcomes", (plan,), None, None
    yield "nameWelcome", "POST", "/plans/{}/welcomes", (plan,), a_welcome(), None
    yield "changeWelcome", "PATCH", "/welcomes/{}", (changed,), {"tell": "nothing"}, 1
    yield "endWelcome", "POST", "/welcomes/{}/end", (ended,), None, 1
    answer = {"answer": "holds"}
    yield "checkWelcome", "POST", "/plans/{}/welcomes/check", (plan,), answer, None
    day = {"on": a_day().isoformat()}
    yield "announceEnding", "POST", "/mandates/{}/ending", (ids["ends"],), day, 1


async def make(worker: Caller, coordinator: Caller, plan: str) -> dict[str, Any]:
    """Somebody on the map who was not asked yet, two mentors who support nobody, two clubs, and
    three who might welcome the person: of them one does.
    """
    relative = await _made(worker, f"/plans/{plan}/relatives", a_relative())
    welcomes = [await _made(worker, f"/plans/{plan}/welcomes", a_welcome()) for _ in range(3)]
    for version, said in enumerate(({"tell": "nothing"}, {"takes_part": True}), 1):
        answer = await worker.patch(f"/welcomes/{welcomes[2]}", said, version=version)
        assert answer.status_code == OK, answer.text
    return {
        "relative": relative,
        "human": str(worker.id),
        "welcomes": welcomes,
        "clubs": [await _made(coordinator, "/clubs", a_club()) for _ in range(2)],
        "mentors": [await _made(coordinator, "/mentors", a_mentor()) for _ in range(2)],
    }


async def _made(caller: Caller, path: str, body: object) -> str:
    answer = await caller.post(path, body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def a_relative() -> dict[str, Any]:
    return {"name": "Invented Uncle", "relation": "relative", "wish": "not_wanted"}


def a_club() -> dict[str, Any]:
    contact = {"name": "Invented Warden", "reach": "at the counter"}
    place = {"kind": "games", "name": "Imaginary Chess Evening", "area": "Old town"}
    return {**place, "hours": "Mondays", "offers": {"MEN": "play"}, "contact": contact}


def a_welcome() -> dict[str, Any]:
    return {"name": "Invented Neighbour"}


def a_mentor() -> dict[str, Any]:
    return {"name": "Invented Helper", "languages": ["en"]}
