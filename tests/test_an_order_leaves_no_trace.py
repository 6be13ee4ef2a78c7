"""That it was an order nobody but the plan's social workers can tell from any other leaving."""

import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from tests.backend import papers
from tests.chats import Chats, Member, at
from tests.releases import a_release, on_weekday
from tests.world import Caller, World

CAUSES: dict[str, dict[str, Any]] = {
    "an order": {"barred": True},
    "a no of theirs": {"takes_part": False, "language": "en"},
    "a no of the person": {"wish": "not_wanted"},
}
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.+Z]+")


@dataclass
class _House:
    worker: Caller
    plan: str
    sister: Member
    staff: dict[str, Caller]
    alias: str


async def _staff(world: World) -> dict[str, Caller]:
    return {role: await world.somebody(role) for role in ("CO", "PO", "PS")}


async def _a_house(world: World, chats: Chats, day: date, staff: dict[str, Caller]) -> _House:
    """A coordinator leads every plan of the agency that is opened after they came."""
    worker, plan = await a_release(world, day)
    for minute, role in enumerate(("PO", "PS"), 1):
        at(day - timedelta(days=21), 9, minute)
        joins = {"role": role, "login": staff[role].login}
        assert (await worker.post(f"/plans/{plan['id']}/circle", joins)).status_code == 201
    at(day - timedelta(days=21), 9, 9)
    sister = await chats.a_member(worker, plan["id"], "FA", gate="first", alias="Blue")
    return _House(worker, plan["id"], sister, staff, plan["alias"])


def _plain(house: _House, text: str) -> str:
    return _ID.sub("x", text).replace(house.alias, "Alias")


def _in_order(answer: httpx.Response) -> str:
    """Those of one circle stand by their ids."""
    if "json" not in answer.headers.get("content-type", ""):
        return answer.text
    said = answer.json()
    if isinstance(said, dict) and "circle" in said:
        said["circle"].sort(key=lambda one: str(one["role"]))
    return json.dumps(said)


async def _seen(house: _House) -> dict[tuple[str, str], str]:
    """What everybody but the social worker sees of it, without ids and instants."""
    found = {}
    for role, who in house.staff.items():
        for path in ("?show=all", "/access", "/safety", "/relatives", "/timeline.svg"):
            answer = await who.get(f"/plans/{house.plan}{path}")
            found[role, path] = _plain(house, f"{answer.status_code} {_in_order(answer)}")
        tasks = await who.get(f"/tasks?plan={house.plan}")
        found[role, "tasks"] = _plain(house, tasks.text)
    return found


async def test_to_everybody_else_an_order_is_as_any_other_leaving(
    world: World, chats: Chats
) -> None:
    looks, heard, day, staff = {}, {}, on_weekday(3), await _staff(world)
    for cause, said in CAUSES.items():
        house = await _a_house(world, chats, day, staff)
        before = len(await chats.texts(house.sister.phone))
        (row,) = await world.sql(
            "SELECT version FROM relative WHERE id = $1::uuid", house.sister.actor
        )
        path = f"/relatives/{house.sister.actor}"
        answer = await house.worker.patch(path, said, version=row["version"])
        assert answer.status_code == 200, answer.text
        await chats.round()
        heard[cause] = len(await chats.texts(house.sister.phone)) - before
        looks[cause] = await _seen(house)
    assert set(heard.values()) == {0}
    one, *others = looks.values()
    for other in others:
        assert other.keys() == one.keys()
        for key in one:
            assert other[key] == one[key], key


@pytest.mark.parametrize("cause", ["an order", "a no of theirs"])
async def test_the_persons_own_file_tells_the_map_as_they_said_it(
    world: World, chats: Chats, cause: str
) -> None:
    house = await _a_house(world, chats, on_weekday(3), await _staff(world))
    await house.worker.patch(
        f"/relatives/{house.sister.actor}", {"wish": "wanted", "children_there": True}, version=1
    )
    (row,) = await world.sql("SELECT version FROM relative WHERE id = $1::uuid", house.sister.actor)
    said, path = CAUSES[cause], f"/relatives/{house.sister.actor}"
    answer = await house.worker.patch(path, said, version=row["version"])
    assert answer.status_code == 200, answer.text
    mandate = await papers.in_circle(house.worker, house.plan)
    paper = await papers.a_paper(world, house.worker, house.plan, mandate)
    async with await papers.comes_in(paper) as browser:
        file: dict[str, Any] = (await browser.http.get("/file/copy.json")).json()
    assert file["family"] == [
        {"relation": "relative", "wish": "wanted", "name": "Relative", "children_there": True}
    ]
    assert "barred" not in str(file)
    acts = {str(one) for one in file["access"]}
    assert not [one for one in acts if "elative" in one]
