"""A court's reference is one and the same in every spelling that a reader takes for the same."""

import unicodedata
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import database
from backend.actors.actions import vault
from backend.courts.actions import indexes, spelled
from backend.courts.clients import add_canaries
from backend.errors import Taken
from tests.backend.courts.docket import Docket, a_docket, join
from tests.world import World

FIRST = "II a  12/É"
OTHERS = [
    "ii A 12/é",
    "  II a 12/É ",
    unicodedata.normalize("NFD", FIRST),
    "\N{ROMAN NUMERAL ONE}I a 12/É",
]


async def _bind(docket: Docket, plan: str, reference: str, **more: Any) -> Any:
    body = {"client": str(docket.court.id), "reference": reference, **more}
    return await docket.officer.post(f"/plans/{plan}/court-files", body)


async def _second(docket: Docket) -> str:
    plan: str = (await docket.world.a_plan(docket.worker))["id"]
    await join(docket.world, docket.worker, plan, docket.officer, "PO")
    return plan


async def _bound_before(world: World, reference: str) -> None:
    """As a release bound it that took every spelling for another file."""
    await world.sql("UPDATE court_file SET reference_index = $1", _as_typed(reference))


def _as_typed(reference: str) -> bytes:
    return vault().index("court.file", reference)


@pytest.mark.parametrize("spelling", OTHERS)
async def test_one_number_is_bound_to_one_person_and_found_however_it_is_spelled(
    world: World, spelling: str
) -> None:
    docket = await a_docket(world)
    bound = await _bind(docket, docket.plan, FIRST)
    assert bound.status_code == 201, bound.text
    docket.file = bound.json()["id"]
    id_ = await docket.issued()
    assert (await docket.court.pull(spelling, id_)).status_code == 200
    second = await _second(docket)
    assert (await _bind(docket, second, spelling)).status_code == 409
    assert (await _bind(docket, docket.plan, spelling, bound=False)).status_code == 200
    assert (await docket.court.pull(FIRST, id_)).status_code == 404
    assert (await _bind(docket, second, FIRST)).status_code == 201
    assert (await _bind(docket, docket.plan, spelling)).status_code == 409


async def test_a_court_reads_its_reference_as_it_wrote_it(world: World) -> None:
    docket = await a_docket(world)
    bound = await _bind(docket, docket.plan, FIRST)
    docket.file = bound.json()["id"]
    id_ = await docket.issued()
    told = (await docket.court.pull(FIRST, id_)).json()["summary"]
    assert told["file_ref"] == FIRST


async def test_what_an_earlier_release_bound_is_found_ended_and_nobody_elses(
    world: World,
) -> None:
    docket = await a_docket(world)
    id_ = await docket.issued()
    await _bound_before(world, FIRST)
    second = await _second(docket)
    assert (await docket.court.pull(f" {FIRST} ", id_)).status_code == 200
    assert (await _bind(docket, second, FIRST)).status_code == 409
    assert (await docket.court.pull(OTHERS[0], id_)).status_code == 404  # as ever, until bound anew
    assert (await _bind(docket, docket.plan, FIRST, bound=False)).status_code == 200
    again = await _bind(docket, docket.plan, FIRST)
    assert (again.status_code, again.json()["id"]) == (200, docket.file)
    assert (await docket.court.pull(OTHERS[0], id_)).status_code == 200
    assert (await _bind(docket, second, OTHERS[0])).status_code == 409


async def test_where_an_earlier_release_bound_two_spellings_each_court_file_is_its_own(
    world: World,
) -> None:
    docket = await a_docket(world)
    id_ = await docket.issued()
    await _bound_before(world, FIRST)
    other = spelled(FIRST)
    bound = await _bind(docket, await _second(docket), other)
    assert bound.status_code == 201, bound.text
    assert (await docket.court.pull(FIRST, id_)).status_code == 200
    assert (await docket.court.list(other)).json() == {"summaries": []}


@pytest.mark.parametrize("spelling", [FIRST, *OTHERS])
async def test_a_canary_sings_in_every_spelling(world: World, spelling: str) -> None:
    docket = await a_docket(world)
    async with database.transaction(docket.court.id):
        await add_canaries(docket.court.id, [FIRST])
    assert (await docket.court.list(spelling)).status_code == 404
    assert await _sang(world) == 1
    assert (await _bind(docket, docket.plan, spelling)).status_code == 409


async def _sang(world: World) -> int:
    [day] = await world.sql("SELECT canaries FROM court_day")
    return int(day["canaries"])


async def test_a_canary_of_an_earlier_release_sings_once_beside_its_new_spelling(
    world: World,
) -> None:
    docket = await a_docket(world)
    async with database.transaction(docket.court.id):
        await add_canaries(docket.court.id, ["other"])
    await world.sql("UPDATE court_canary SET reference_index = $1", _as_typed(FIRST))
    async with database.transaction(docket.court.id):
        await add_canaries(docket.court.id, [FIRST])
    await docket.court.list(FIRST)
    assert await _sang(world) == 1


async def test_no_spelling_of_what_is_bound_becomes_a_canary(world: World) -> None:
    docket = await a_docket(world)
    assert (await _bind(docket, docket.plan, FIRST)).status_code == 201
    for spelling in (FIRST, *OTHERS):
        with pytest.raises(Taken):
            await _as_canary(docket.court.id, spelling)


async def _as_canary(court: UUID, reference: str) -> None:
    async with database.transaction(court):
        await add_canaries(court, [reference])


@given(st.text(st.characters(codec=None)))
def test_a_spelling_is_its_own_spelling_and_any_bytes_have_a_hash(text: str) -> None:
    once = spelled(text)
    assert spelled(once) == once
    assert all(len(one) == 32 for one in indexes(text))
