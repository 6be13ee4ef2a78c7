"""A file binding holds in the program itself, also where the database would let everything by."""

from uuid import uuid4

from tests.backend.courts.docket import REFERENCE, Court, Docket, a_court, a_docket, join
from tests.databases import as_the_owner_of_everything
from tests.world import World

OTHER = "2031/0500"


async def _bound(docket: Docket, court: Court, reference: str, *, bound: bool = True) -> int:
    body = {"client": str(court.id), "reference": reference, "bound": bound}
    answer = await docket.officer.post(f"/plans/{docket.plan}/court-files", body)
    return answer.status_code


async def test_the_program_itself_keeps_a_file_from_every_other_court(world: World) -> None:
    docket = await a_docket(world)
    id_ = await docket.issued()
    other = await a_court(world)
    await as_the_owner_of_everything(world)
    assert (await other.list(REFERENCE)).status_code == 404
    assert (await other.pull(REFERENCE, id_)).status_code == 404
    assert (await docket.court.pull(REFERENCE, id_)).status_code == 200


async def test_the_program_itself_ends_a_binding(world: World) -> None:
    docket = await a_docket(world)
    id_ = await docket.issued()
    assert await _bound(docket, docket.court, REFERENCE, bound=False) == 200
    await as_the_owner_of_everything(world)
    assert (await docket.court.list(REFERENCE)).status_code == 404
    assert (await docket.court.pull(REFERENCE, id_)).status_code == 404


async def test_a_summary_is_found_under_its_own_file_alone(world: World) -> None:
    docket = await a_docket(world)
    id_ = await docket.issued()
    second = await world.a_plan(docket.worker)
    await join(world, docket.worker, second["id"], docket.officer, "PO")
    body = {"client": str(docket.court.id), "reference": OTHER}
    path = f"/plans/{second['id']}/court-files"
    assert (await docket.officer.post(path, body)).status_code == 201
    foreign = await docket.court.pull(OTHER, id_)
    never = await docket.court.pull(OTHER, str(uuid4()))
    assert (foreign.status_code, foreign.content) == (404, never.content)
    assert (await docket.court.list(OTHER)).json() == {"summaries": []}
    assert (await docket.court.pull(REFERENCE, id_)).status_code == 200
