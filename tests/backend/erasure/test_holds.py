"""Nothing is erased under a legal hold."""

from uuid import UUID

import pytest

from backend.actors.actions import destroy_key
from backend.database import transaction
from backend.errors import UnderLegalHold
from tests.backend.courts.docket import join
from tests.backend.erasure.files import REASON, File, a_plan, keys_of, what_came
from tests.world import World, row


async def test_nothing_is_erased_under_a_hold_and_again_once_it_has_ended(
    file: File, world: World
) -> None:
    before = await keys_of(world)
    hold = await file.hold()
    assert what_came(await file.erase()) == (409, "under-legal-hold")
    with pytest.raises(UnderLegalHold):  # the database itself
        async with transaction(file.head.id):
            await destroy_key(await file.person())
    assert await keys_of(world) == before
    [shown] = (await file.worker.get(f"/plans/{file.plan}/legal-holds")).json()
    assert (shown["id"], shown["reason"], shown["who"]) == (hold, REASON, "Sam")
    ended = await file.head.post(f"/legal-holds/{hold}/end", None, version=1)
    assert ended.status_code == 200, ended.text
    again = await file.head.post(f"/legal-holds/{hold}/end", None, version=2)
    assert what_came(again) == (409, "not-from-this-state")
    assert (await file.worker.get(f"/plans/{file.plan}/legal-holds")).json() == []
    await file.erased()
    told = await world.sql("SELECT operation FROM audit WHERE object = $1 ORDER BY id", UUID(hold))
    assert [one["operation"] for one in told] == ["setLegalHold", "endLegalHold"]


async def test_a_reason_is_for_the_agencys_workers_and_no_reader_beside(
    file: File, world: World
) -> None:
    hold = await file.hold()
    for role in ("PO", "PS", "TR", "CP"):
        who = await world.somebody(role)
        await join(world, file.worker, file.plan, who, role)
        answer = await who.get(f"/plans/{file.plan}/legal-holds")
        assert what_came(answer) == (403, "not-your-role")
        plan = await who.get(f"/plans/{file.plan}")
        assert plan.status_code == 200
        assert "complaint" not in plan.text
    for by, told in ((file.worker, 403), (await world.somebody("CO"), 404)):
        ended = await by.post(f"/legal-holds/{hold}/end", None, version=1)
        assert ended.status_code == told


async def test_a_hold_on_an_earlier_plan_holds_the_person(file: File, world: World) -> None:
    person = await file.person()
    await file.hold()
    await file.close()
    opened = await file.worker.post("/plans", {**a_plan(), "person_id": str(person)})
    assert opened.status_code == 201, opened.text
    second = File(world, file.head, file.worker, opened.json()["id"])
    assert what_came(await second.erase()) == (409, "under-legal-hold")
    assert row(await world.plan(file.worker, second.plan), "PLN-01")
