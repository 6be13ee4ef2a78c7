"""What the circle says is for the workers of a plan, in every answer and in every row."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from backend.database import transaction
from backend.evidence.rules import (
    KNOWN,
    OF_THE_CIRCLE,
    Saying,
    differ,
    may_know,
    sees_saying,
)
from backend.files.rules import evidence_in_own_file
from backend.plans.rules import SERVICES, WORKERS
from tests.backend.rows import fetched_as
from tests.releases import change, is_claimed, joins
from tests.world import Caller, World, a_day, row

_COPY = """
INSERT INTO evidence (id, agency, plan, version, milestone, row_version, kind, actor, role,
                      provenance, day, at, cycle, happened)
SELECT gen_random_uuid(), agency, plan, 1, milestone, 9, kind, $1, {role}, 'act', day, at, 0, true
  FROM evidence
"""


async def _a_claim(world: World) -> tuple[Caller, Caller, dict[str, Any], str]:
    """Worker, officer, plan and a mentor who says that the person had a bed."""
    worker, officer = await world.somebody("SW"), await world.somebody("PO")
    plan = await world.a_plan(worker)
    await joins(world, worker, plan, officer, "PO")
    mentor = {"role": "ME", "name": "Mentor", "language": "en"}
    made = (await worker.post(f"/plans/{plan['id']}/circle", mentor)).json()
    circle = (await worker.get(f"/plans/{plan['id']}")).json()["circle"]
    who = next(one["actor"] for one in circle if one["mandate"] == made["id"])
    await is_claimed(world, who, row(plan, "HOU-05")["id"])
    return worker, officer, plan, who


async def test_others_are_told_what_a_service_knows_and_of_no_claim(world: World) -> None:
    worker, officer, plan, who = await _a_claim(world)
    path = f"/milestones/{row(plan, 'HOU-05')['id']}"
    assert (await officer.get(path)).status_code == 404  # told once it is done
    await change(world, worker, plan, "HOU-05", state="done")
    await is_claimed(world, who, row(plan, "HOU-05")["id"], happened=False)
    told, whole = (await officer.get(path)).json(), (await worker.get(path)).json()
    assert [(one["role"], one["provenance"]) for one in told["sayings"]] == [("SW", "act")]
    assert told.keys() == {"milestone", "evidence", "waits_for", "sayings"}
    assert (whole["differ"], whole["claimed"], len(whole["sayings"])) == (True, True, 3)
    assert (await officer.get("/verify")).status_code == 403


async def test_the_database_shows_others_no_claim_and_no_answer_to_one(world: World) -> None:
    worker, officer, plan, who = await _a_claim(world)
    bed = row(plan, "HOU-05")["id"]
    claim = (await worker.get("/verify")).json()["claims"][0]
    await worker.patch(f"/milestones/{bed}", {"happened": False}, version=claim["version"])
    sql = "SELECT role, provenance, happened FROM evidence ORDER BY row_version"
    assert await fetched_as(officer.id, sql) == []
    both = [tuple(one.values()) for one in await fetched_as(worker.id, sql)]
    assert both == [("ME", "said", True), ("SW", "act", False)]
    assert await fetched_as(UUID(who), sql) != []  # their own word
    other = await world.somebody("SW")
    assert await fetched_as(other.id, sql) == []


async def test_that_it_did_happen_tells_nobody_that_it_was_denied(world: World) -> None:
    worker, officer, plan, who = await _a_claim(world)
    await change(world, worker, plan, "HOU-05", state="done")
    bed = row(plan, "HOU-05")["id"]
    sql = "SELECT role, provenance, happened FROM evidence ORDER BY row_version"
    before = (await officer.get(f"/milestones/{bed}")).json(), await fetched_as(officer.id, sql)
    await is_claimed(world, who, bed, happened=False)
    await change(world, worker, plan, "HOU-05", happened=True)
    after = (await officer.get(f"/milestones/{bed}")).json(), await fetched_as(officer.id, sql)
    assert after == before
    assert len((await worker.get(f"/milestones/{bed}")).json()["sayings"]) == 4


async def test_evidence_is_written_once_and_in_ones_own_name(world: World) -> None:
    worker, officer, _, _ = await _a_claim(world)
    for sql in (
        "UPDATE evidence SET happened = false",
        "UPDATE evidence SET taken_back_at = now()",
        "DELETE FROM evidence",
    ):
        try:
            async with transaction(worker.id) as held:
                # of no plan that is to be thinned, and by no date that had settled it
                assert await held.execute(sql) in {"DELETE 0", "UPDATE 0"}
        except asyncpg.InsufficientPrivilegeError:
            assert sql.startswith("UPDATE")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(worker.id) as held:
            await held.execute(_COPY.format(role="'SW'"), officer.id)


async def test_no_role_knows_a_row_in_a_way_that_is_anothers(world: World) -> None:
    trainer, worker = await world.somebody("TR"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    await joins(world, worker, plan, trainer, "TR")
    course = row(plan, "VOC-03")["id"]
    for state in ("planned", "in_progress"):
        await change(world, worker, plan, "VOC-03", state=state)
    seen = (await trainer.get(f"/milestones/{course}")).json()["milestone"]["version"]
    for wanted, status in (
        ({"state": "done", "known": "provider"}, 403),
        ({"happened": False}, 403),
        ({"state": "done"}, 200),
    ):
        answer = await trainer.patch(f"/milestones/{course}", wanted, version=seen)
        assert answer.status_code == status, answer.text
    [known] = await world.sql("SELECT role, provenance, kind FROM evidence")
    assert known == {"role": "TR", "provenance": "document", "kind": "doc"}
    with pytest.raises(asyncpg.CheckViolationError):
        await world.sql(_COPY.format(role="'ME'"), trainer.id)


async def test_nothing_is_kept_of_a_row_that_asks_for_nothing(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    for state in ("planned", "done"):
        await change(world, worker, plan, "CNS-12", state=state)
    assert await world.sql("SELECT 1 FROM evidence") == []


@pytest.mark.parametrize("happened", [True, False])
def test_an_answer_is_for_whoever_may_know_of_what_it_answers(*, happened: bool) -> None:
    known = {"role": "SW", "provenance": "act", "happened": True, "taken_back": False}
    plain, answer = {**known, "answers": False}, {**known, "happened": happened, "answers": True}
    for role in (*SERVICES, *OF_THE_CIRCLE, "LR"):
        assert sees_saying(role, plain)
        assert sees_saying(role, answer) == (role in WORKERS)
    assert evidence_in_own_file(plain, own=False)
    assert not evidence_in_own_file(answer, own=False)


def test_who_may_know_what() -> None:
    assert {role for role in SERVICES if may_know(role) == KNOWN} == WORKERS
    assert all("provider" not in may_know(role) for role in SERVICES - WORKERS)
    assert not any(may_know(role) for role in (*OF_THE_CIRCLE, "AD", "AU", "DP", "LR", "CT"))


def test_two_sayings_differ_where_both_cannot_be() -> None:
    one, other, today = UUID(int=1), UUID(int=2), a_day()
    yesterday = today - timedelta(days=1)

    def says(who: UUID, *, happened: bool, day: date = today, how: str = "said") -> Saying:
        return Saying(who, "ME", how, happened, day)

    yes, no = says(one, happened=True), says(other, happened=False)
    assert differ([yes, no])
    assert not differ([yes])
    assert not differ([no, says(other, happened=True), yes])  # said otherwise since
    assert not differ([says(other, happened=False, day=yesterday), yes])  # it came to be
    assert differ([says(one, happened=True, day=yesterday), no])
    assert differ([says(other, happened=False, how="missed"), yes])
    for day in (yesterday, today + timedelta(days=1)):
        assert not differ([says(other, happened=False, day=day, how="missed"), yes])
