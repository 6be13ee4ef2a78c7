"""A court is told who knows a fact, and nothing that somebody only says."""

from typing import Any

from tests.backend.courts.docket import Docket, a_docket
from tests.releases import change, is_claimed
from tests.world import Caller, World, row


async def _draft(docket: Docket, reader: Caller) -> tuple[str, dict[str, tuple[str, str]]]:
    """Its digest, and of each fact of a row who knows it and how."""
    query = "&".join(f"{name}={value}" for name, value in docket.subject().items())
    answer = await reader.get(f"/plans/{docket.plan}/summaries/draft?{query}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    facts = shown["draft"]["facts"]
    return shown["digest"], {
        fact["text"]: (fact["source_role"], fact["source"])
        for fact in facts
        if fact["kind"] == "done"
    }


async def test_a_claim_is_no_fact_until_a_worker_has_seen_to_it(world: World) -> None:
    docket = await a_docket(world)
    worker, officer = docket.worker, docket.officer
    mentor = {"role": "ME", "name": "Imaginary Mentor", "language": "en"}
    made = (await worker.post(f"/plans/{docket.plan}/circle", mentor)).json()
    plan = await world.plan(worker, docket.plan)
    actor = next(one["actor"] for one in plan["circle"] if one["mandate"] == made["id"])
    bed = row(plan, "HOU-05")
    before = await _draft(docket, officer)
    await is_claimed(world, actor, bed["id"])
    assert await _draft(docket, officer) == before
    await change(world, worker, plan, "HOU-05", state="done", known="provider")
    digest, facts = await _draft(docket, officer)
    assert facts["Housed on the first night"] == (
        "SW",
        "social service, confirmed by the service concerned",
    )
    assert await _draft(docket, worker) == (digest, facts), "whoever looks"


async def test_that_a_worker_answers_a_denial_makes_no_fact_theirs(world: World) -> None:
    docket = await a_docket(world)
    worker, officer = docket.worker, docket.officer
    mentor = {"role": "ME", "name": "Imaginary Mentor", "language": "en"}
    made = (await worker.post(f"/plans/{docket.plan}/circle", mentor)).json()
    plan = await world.plan(worker, docket.plan)
    actor = next(one["actor"] for one in plan["circle"] if one["mandate"] == made["id"])
    await change(world, officer, plan, "PRB-06", state="done")
    before = await _draft(docket, officer)
    assert "PO" in {role for role, _ in before[1].values()}, before
    await is_claimed(world, actor, row(plan, "PRB-06")["id"], happened=False)
    await change(world, worker, plan, "PRB-06", happened=True)
    for reader in (officer, worker):
        assert await _draft(docket, reader) == before


async def test_what_the_release_before_settled_by_a_tap_is_no_fact(world: World) -> None:
    docket = await a_docket(world)
    plan = await world.plan(docket.worker, docket.plan)
    await change(world, docket.worker, plan, "HOU-05", state="done")
    _, facts = await _draft(docket, docket.officer)
    assert "Housed on the first night" in facts
    await world.sql("DELETE FROM evidence")
    assert (await _draft(docket, docket.officer))[1] == facts
    async with world.behind.held() as held:
        await held.execute(
            "SET session_replication_role = replica;"
            "UPDATE milestone_event SET role = 'ME' WHERE after = 'done';"
            "RESET session_replication_role"
        )
    assert "Housed on the first night" not in (await _draft(docket, docket.officer))[1]
