"""What the person says to one offer: who explained it, in which language, and when to ask again."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from backend.database import transaction
from tests.backend.courts.docket import join
from tests.world import Caller, World, a_day, row


async def _says(worker: Caller, plan: str, answer: str, **more: Any) -> Any:
    body = {"kind": "participation", "language": "ar", "answer": answer, **more}
    return await worker.post(f"/plans/{plan}/consents", body)


async def _states(world: World, worker: Caller, plan: str, *codes: str) -> list[str]:
    found = await world.plan(worker, plan)
    return [row(found, code)["state"] for code in codes]


@pytest.mark.parametrize(
    ("answer", "becomes"),
    [
        ("offered", "planned"),
        ("accepted", "planned"),
        ("later", "dormant"),
        ("declined", "declined"),
    ],
)
async def test_an_offer_that_sleeps_wakes_by_an_answer_but_for_later(
    world: World, answer: str, becomes: str
) -> None:
    worker = await world.somebody("SW")
    found = await world.a_plan(worker)
    made = await _says(worker, found["id"], answer, milestone=row(found, "CNS-11")["id"])
    assert made.status_code == 201, made.text
    assert await _states(world, worker, found["id"], "CNS-11") == [becomes]
    followers = await _states(world, worker, found["id"], "CNS-12", "CNS-13", "CNS-14")
    expected = "not_needed" if answer == "declined" else "dormant"
    assert followers == [expected] * 3
    (kept,) = await world.sql("SELECT * FROM participation")
    assert (kept["answer"], kept["pathway"], kept["language"]) == (answer, "CNS-X", "ar")
    assert kept["explained_by"] == kept["recorded_by"] == worker.id


async def test_what_is_done_stays_done_whatever_is_said_later(world: World) -> None:
    worker = await world.somebody("SW")
    found = await world.a_plan(worker)
    plan, mentor = found["id"], row(found, "MEN-01")["id"]
    await _says(worker, plan, "accepted", milestone=mentor)
    now = row(await world.plan(worker, plan), "MEN-01")
    done = {"state": "done"}
    answer = await worker.patch(f"/milestones/{mentor}", done, version=now["version"])
    assert answer.status_code == 200
    assert (await _says(worker, plan, "declined", milestone=mentor)).status_code == 201
    assert await _states(world, worker, plan, "MEN-01") == ["done"]


async def test_who_explained_it_is_somebody_who_works_on_the_plan(world: World) -> None:
    worker, counsellor = await world.somebody("SW"), await world.somebody("CP")
    found = await world.a_plan(worker)
    plan, offer = found["id"], row(found, "CNS-01")["id"]
    by = {"milestone": offer, "explained_by": str(counsellor.id)}
    assert (await _says(worker, plan, "accepted", **by)).status_code == 404, "of no circle yet"
    await join(world, worker, plan, counsellor, "CP")
    assert (await _says(worker, plan, "accepted", **by)).status_code == 201
    (kept,) = await world.sql("SELECT explained_by FROM participation")
    assert kept["explained_by"] == counsellor.id
    mentor = str(uuid4())
    body = {"role": "ME", "name": "A Mentor", "id": mentor}
    assert (await worker.post(f"/plans/{plan}/circle", body)).status_code == 201
    refused = await _says(worker, plan, "accepted", milestone=offer, explained_by=mentor)
    assert refused.status_code == 404


@pytest.mark.parametrize(
    "said",
    [
        {"answer": "later", "pathway": "VOC", "again_on": "2020-01-01"},
        {"answer": "later", "pathway": "VOC", "again_on": a_day().isoformat()},
        {"answer": "declined", "pathway": "VOC", "again_on": "2100-01-01"},
        {"answer": "declined", "pathway": "VOC", "milestone": "own"},
        {"answer": "perhaps", "milestone": "own"},
        {"answer": "declined"},
        {"answer": "declined", "milestone": "of nobody"},
        {"answer": "declined", "milestone": "of a relative"},
        {"answer": "declined", "milestone": "of a mentor"},
    ],
)
async def test_an_answer_that_fits_nothing_is_refused(world: World, said: dict[str, Any]) -> None:
    worker = await world.somebody("SW")
    found = await world.a_plan(worker)
    codes = {
        "own": "CNS-01",
        "of nobody": "PLN-02",
        "of a relative": "FAM-10",
        "of a mentor": "MEN-06",
    }
    if "milestone" in said:
        said = {**said, "milestone": row(found, codes[said["milestone"]])["id"]}
    refused = await _says(worker, found["id"], **said)
    assert refused.status_code == 422, refused.text
    assert await world.sql("SELECT 1 FROM participation") == []


async def test_a_row_of_another_plan_is_none(world: World) -> None:
    worker = await world.somebody("SW")
    found, other = await world.a_plan(worker), await world.a_plan(worker)
    refused = await _says(worker, found["id"], "declined", milestone=row(other, "CNS-01")["id"])
    assert refused.status_code == 404
    assert await _states(world, worker, other["id"], "CNS-01") == ["dormant"]


async def test_the_database_tells_nobody_else_what_was_said(world: World) -> None:
    worker = await world.somebody("SW")
    found = await world.a_plan(worker)
    again = (a_day() + timedelta(days=9)).isoformat()
    await _says(worker, found["id"], "declined", milestone=row(found, "CNS-01")["id"])
    await _says(worker, found["id"], "later", pathway="MEN", again_on=again)
    await _says(worker, found["id"], "accepted", pathway="VOC")
    for role in ("PO", "TR", "PS", "CP"):
        other = await world.somebody(role)
        await join(world, worker, found["id"], other, role)
        async with transaction(other.id) as held:
            assert await held.fetch("SELECT 1 FROM participation") == [], role
    async with transaction(worker.id) as held:
        assert len(await held.fetch("SELECT 1 FROM participation")) == 3


async def test_no_answer_moves_a_row_of_a_plan_that_is_over(world: World) -> None:
    worker = await world.somebody("SW")
    found = await world.a_plan(worker)
    plan = found["id"]
    closed = await worker.post(
        f"/plans/{plan}/state", {"state": "closed"}, version=found["version"]
    )
    assert closed.status_code == 200
    offer = row(found, "CNS-11")["id"]
    assert (await _says(worker, plan, "declined", milestone=offer)).status_code == 201
    assert await _states(world, worker, plan, "CNS-11") == ["dormant"]
