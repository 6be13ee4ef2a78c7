"""An erasure is whole, once, and not without its row in the record."""

import asyncio
from uuid import uuid4

from tests.backend.erasure.files import File, keys_of, what_came
from tests.world import World


async def test_where_its_row_cannot_be_written_nobody_is_erased(file: File, world: World) -> None:
    before, version = await keys_of(world), await file.version()
    await file.head.sign_in()
    await world.sql("REVOKE INSERT ON audit FROM throughcare_app")
    assert (await file.erase()).status_code == 404
    await world.sql("GRANT INSERT ON audit TO throughcare_app")
    assert (await keys_of(world), await file.version()) == (before, version)
    assert (await file.worker.get(f"/plans/{file.plan}")).status_code == 200


async def test_two_at_once_and_a_repeat_are_one_erasure(file: File, world: World) -> None:
    version = await file.version()
    await file.head.sign_in()
    answers = await asyncio.gather(*(file.erase(version=version) for _ in range(4)))
    assert {one.status_code for one in answers} <= {200, 404, 412}
    assert len([one for one in answers if one.status_code == 200]) == 1
    told = await world.sql(
        "SELECT 1 FROM audit WHERE operation = 'erasePerson' AND outcome = 'done'"
    )
    assert len(told) == 1


async def test_a_repeat_with_the_same_key_gets_the_same_answer(file: File) -> None:
    version, key = await file.version(), str(uuid4())
    first = await file.erase(version=version, key=key)
    second = await file.erase(version=version, key=key)
    assert first.status_code == second.status_code == 200
    assert first.content == second.content


async def test_a_large_circle_goes_in_one_go_and_the_eleventh_person_waits(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    files = []
    for _ in range(11):
        plan = await world.a_plan(worker, template="light")
        files.append(File(world, head, worker, plan["id"]))
    for _ in range(12):
        body = {"role": "FA", "name": "Relative", "language": "en"}
        path = f"/plans/{files[0].plan}/circle"
        assert (await worker.post(path, body)).status_code == 201
    for one in files[:10]:
        await one.erased()
    gone = [one for one, wrapped in (await keys_of(world)).items() if wrapped is None]
    assert len(gone) == 22
    assert what_came(await files[10].erase()) == (429, "too-many-tries")
    assert (await worker.get(f"/plans/{files[10].plan}")).status_code == 200
