"""Each act on a plan says whose data it was about, and whoever reads of acts is cut by that."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import clock, embedded
from backend.database import transaction
from backend.plans.rules import is_about_another
from tests.backend.kept import Kept, a_copy
from tests.backend.papers import a_paper, comes_in, in_circle
from tests.databases import as_the_owner_of_everything
from tests.releases import change
from tests.world import World, row

SOMEBODY = UUID(int=0)
# What the filled plan does for or about one of its circle; every other act is about the person.
OF_OTHERS = {
    *("addCircleMember", "endMandate", "createInvitation", "confirmLink", "cutLink"),
    *("recordConsent", "withdrawConsent", "logContact", "readIncoming"),
    *("raiseSafetyFlag", "lowerSafetyFlag", "protectAddress", "endProtectedAddress"),
    *("nameRelative", "changeRelative", "announceEnding"),
}


@pytest.fixture
async def kept(server: embedded.Server) -> AsyncIterator[Kept]:
    async with a_copy(server) as made:
        yield made


async def _last(world: World, operation: str) -> dict[str, Any]:
    (found,) = await world.sql(
        "SELECT * FROM audit WHERE operation = $1 ORDER BY id DESC LIMIT 1", operation
    )
    return found


async def test_each_act_on_a_plan_says_it_and_no_other_act_does(kept: Kept) -> None:
    rows = await kept.world.sql("SELECT a.*, p.person FROM audit a LEFT JOIN plan p ON p.id = plan")
    done = {one["operation"] for one in rows}
    assert done >= kept.scene.acts.keys() - {"signOut"}
    assert {"getSummary", "listSummaries"} <= done  # a court's machine, which sees no plan
    for one in rows:
        assert (one["subject"] is None) == (one["plan"] is None), one["operation"]
        if one["plan"] is not None and one["subject"] != one["person"]:
            assert one["operation"] in OF_OTHERS, one["operation"]


async def test_what_is_done_about_somebody_else_says_who_that_is(kept: Kept) -> None:
    world, worker, plan = kept.world, kept.scene.docket.worker, kept.scene.docket.plan
    added = await worker.post(f"/plans/{plan}/circle", {"role": "FA", "name": "Invented Aunt"})
    sheet = (await worker.get(f"/plans/{plan}")).json()
    aunt = next(o["actor"] for o in sheet["circle"] if o["mandate"] == added.json()["id"])
    yes = {"kind": "channel", "language": "en", "subject": aunt, "channel": "telegram"}
    given = await worker.post(f"/plans/{plan}/consents", yes)
    flag = await worker.post(
        f"/plans/{plan}/safety-flags", {"subject": aunt, "raiser": aunt, "words": "Please wait."}
    )
    home = await worker.post(
        f"/plans/{plan}/protected-addresses", {"subject": aunt, "address": "1 Invented Road"}
    )
    asked = await worker.post("/invitations", {"plan": plan, "subject": aunt})
    for made in (added, given, flag, home, asked):
        assert made.status_code == 201, made.text
    await worker.post(f"/links/{asked.json()['id']}/cut", version=1)
    await worker.post(f"/safety-flags/{flag.json()['id']}/lower", version=1)
    await worker.post(f"/protected-addresses/{home.json()['id']}/end", version=1)
    await worker.post(f"/consents/{given.json()['id']}/withdraw", version=1)
    ended = await worker.post(f"/mandates/{added.json()['id']}/end", version=1)
    assert ended.status_code == 200, ended.text
    for operation in (
        *("addCircleMember", "recordConsent", "raiseSafetyFlag", "protectAddress"),
        *("createInvitation", "cutLink", "lowerSafetyFlag", "endProtectedAddress"),
        *("withdrawConsent", "endMandate"),
    ):
        found = await _last(world, operation)
        assert str(found["subject"]) == aunt, operation


async def test_a_row_of_a_relative_is_theirs_where_there_is_one_and_else_somebodys(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    history = f"/milestones/{row(plan, 'FAM-05')['id']}/history"
    members: list[UUID] = []
    for expected in (None, "the one", None):
        if expected or members:
            joins = {"role": "FA", "name": "Invented Relative"}
            added = await worker.post(f"/plans/{plan['id']}/circle", joins)
            members.append((await _last(world, "addCircleMember"))["subject"])
            assert added.status_code == 201, added.text
        assert (await worker.get(history)).status_code == 200
        found = (await _last(world, "milestoneHistory"))["subject"]
        assert found == (members[0] if expected else SOMEBODY)
    mandate = added.json()["id"]
    assert (await worker.post(f"/mandates/{mandate}/end", version=1)).status_code == 200
    await change(world, worker, plan, "FAM-05", state="planned")
    assert (await _last(world, "changeMilestone"))["subject"] == members[0]
    await change(world, worker, plan, "PLN-01", state="done")
    (person,) = await world.sql("SELECT person FROM plan WHERE id = $1", UUID(plan["id"]))
    assert (await _last(world, "changeMilestone"))["subject"] == person["person"]


async def test_the_database_and_the_program_have_one_rule_for_whose_a_row_is(world: World) -> None:
    plan = await world.a_plan(await world.somebody("SW"), overlays=["under18", "safety_first"])
    rows = await world.sql(
        "SELECT *, whose_milestone(id, $2) IS NOT NULL AS others FROM milestone WHERE plan = $1",
        UUID(plan["id"]),
        clock.now(),
    )
    said = {one["code"]: one["others"] for one in rows}
    assert said == {one["code"]: is_about_another(one) for one in rows}
    assert {True, False} == set(said.values())
    # each way into the rule is there: by agreement alone, by pathway alone
    assert any("F" in one["agree"] and one["others"] for one in rows)
    assert any("F" not in one["agree"] and one["others"] for one in rows)


async def test_whose_a_plan_is_is_told_to_who_is_or_was_of_it_alone(world: World) -> None:
    worker, stranger = await world.somebody("SW"), await world.somebody("SW")
    plans = [UUID((await world.a_plan(worker))["id"]) for _ in range(2)]
    await world.sql("UPDATE mandate SET ends = now() WHERE plan = $1", plans[1])
    rows = await world.sql("SELECT id, person FROM plan")
    async with transaction(worker.id) as held:
        for one in rows:
            assert await held.fetchval("SELECT my_person_on($1)", one["id"]) == one["person"]
    for nobody in (stranger.id, None):
        async with transaction(nobody) as held:
            for id_ in (*plans, uuid4()):
                assert await held.fetchval("SELECT my_person_on($1)", id_) is None


async def test_no_row_of_a_plan_is_without_it_and_no_other_row_has_it(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    add = (
        "INSERT INTO audit (at, operation, agency, plan, outcome, subject)"
        " VALUES (now(), 'getPlan', $1, $2, 'done', $3) RETURNING subject"
    )
    (person,) = await world.sql("SELECT person FROM plan WHERE id = $1", UUID(plan["id"]))
    (said,) = await world.sql(add, world.agency, UUID(plan["id"]), None)
    assert said["subject"] == person["person"]
    for of, whose in ((uuid4(), None), (None, uuid4())):
        with pytest.raises(asyncpg.CheckViolationError):
            await world.sql(add, world.agency, of, whose)


async def test_the_person_reads_of_acts_on_their_own_data_and_of_no_others(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    mandate = await in_circle(worker, plan["id"])
    heads = {}
    for code in ("FAM-05", "MEN-13", "PLN-01"):
        heads[code] = await world.somebody("CO")
        named = f"Head of {code[:3]}"
        await world.sql("UPDATE staff SET alias = $2 WHERE id = $1", heads[code].id, named)
        joins = {"role": "CO", "login": heads[code].login}
        assert (await worker.post(f"/plans/{plan['id']}/circle", joins)).status_code == 201
        await heads[code].get(f"/milestones/{row(plan, code)['id']}/history")
    # written before there was a word for it: such rows say it of nobody
    await world.sql("ALTER TABLE audit DISABLE TRIGGER audit_subject")
    await world.sql("ALTER TABLE audit DROP CONSTRAINT audit_subject_of_plan")
    for head, code in ((heads["FAM-05"], "FAM-05"), (heads["MEN-13"], "PLN-02")):
        await world.sql(
            "INSERT INTO audit (at, actor, role, operation, agency, plan, object, outcome)"
            " VALUES (now(), $1, 'CO', 'milestoneHistory', $2, $3, $4, 'done')",
            *(head.id, world.agency, UUID(plan["id"]), UUID(row(plan, code)["id"])),
        )
    paper = await a_paper(world, worker, plan["id"], mandate)
    async with await comes_in(paper) as browser:
        found = (await browser.http.get("/file/copy.json")).json()["access"]
    whos = {one.get("who") for one in found if one["role"] == "CO"}
    assert whos == {"Head of PLN", "Head of MEN"}


async def test_the_own_file_tells_of_acts_on_its_plan_and_on_no_other_of_the_person(
    world: World,
) -> None:
    worker, elsewhere = await world.somebody("SW"), await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    mandate = await in_circle(worker, plan)
    (found,) = await world.sql("SELECT person FROM plan WHERE id = $1", UUID(plan))
    await world.sql(
        "INSERT INTO audit (at, actor, role, operation, agency, plan, subject, outcome)"
        " VALUES (now(), $1, 'PS', 'getPlan', $2, $3, $4, 'done')",
        *(elsewhere.id, world.agency, uuid4(), found["person"]),
    )
    paper = await a_paper(world, worker, plan, mandate)
    await as_the_owner_of_everything(world)
    async with await comes_in(paper) as browser:
        acts = (await browser.http.get("/file/copy.json")).json()["access"]
    roles = {one["role"] for one in acts}
    assert "SW" in roles
    assert "PS" not in roles


async def test_who_may_look_is_told_of_whom_it_was(world: World) -> None:
    worker, auditor = await world.somebody("SW"), await world.somebody("AU")
    plan = await world.a_plan(worker)
    await worker.post(f"/plans/{plan['id']}/circle", {"role": "FA", "name": "Invented Aunt"})
    await worker.get(f"/milestones/{row(plan, 'MEN-13')['id']}/history")
    acts = (await worker.get(f"/plans/{plan['id']}/access")).json()["access"]
    about = {one["operation"]: one["about"] for one in acts}
    assert about["addCircleMember"] == "FA"
    assert about["milestoneHistory"] == "other"
    assert about["openPlan"] == "PE"
    # an aunt here, though she stands by another person as their mentor since
    other = await world.a_plan(worker)
    await world.sql(
        "INSERT INTO mandate SELECT (jsonb_populate_record(m, jsonb_build_object('id', $2::uuid,"
        " 'plan', p.id, 'person', p.person, 'role', 'ME', 'starts', now()))).*"
        " FROM mandate m, plan p WHERE m.plan = $1 AND m.role = 'FA' AND p.id = $3",
        *(UUID(plan["id"]), uuid4(), UUID(other["id"])),
    )
    acts = (await worker.get(f"/plans/{plan['id']}/access")).json()["access"]
    about = {one["operation"]: one["about"] for one in acts}
    assert about["addCircleMember"] == "FA"
    record = (await auditor.get("/record")).json()["acts"]
    for one in record:
        assert ("subject" in one) == ("plan" in one), one
