"""What is not yours is 404, byte-equal to what never was, in every role."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from backend import clock
from tests.backend.acts import OF_ACCOUNT, OF_AGENCY, Act, roles_of
from tests.backend.courts.docket import a_court
from tests.backend.scene import Scene, a_scene
from tests.databases import as_the_owner_of_everything
from tests.world import Caller, World

STAFF = ("SW", "CO", "PO", "PS", "CP", "CS", "TR", "AD", "AU", "DP")
# These name what they act on in the body, or nothing at all.
WITHOUT_PATH = {
    *("openPlan", "listPlans", "listTasks", "createInvitation", "setDutyRota", "signOut"),
    *("askBreakGlass", "listBreakGlass", "inviteColleague", "listColleagues"),
    *("recordIncident", "listIncidents", "listComplaints"),
    *("listAgencyHolds", "listProofs", "listRecord", "listReviews"),
    *("listAgencyMandates", "listAgencyConsents", "countRecords"),
    *("findPerson", "listFlows", "recordFlow", "listCalendars", "addCalendar", "listClaims"),
    *("listTemplates", "draftTemplate"),
    *("previewAmnesty", "letManyGo", "listMentors", "addMentor", "listSupport"),
    "listAmnesties",
    *("listClubs", "addClub"),
}
WITHOUT_PATH |= OF_ACCOUNT - {"endDevice", "endPasskey"}
FOR_COURTS = {"listSummaries", "getSummary"}


def _seen(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """All that a caller can see of an answer, but for what differs in every one."""
    headers = {k: v for k, v in answer.headers.items() if k not in {"x-request-id", "date"}}
    return answer.status_code, answer.content, headers


def _with_path(scene: Scene) -> list[Act]:
    skipped = WITHOUT_PATH | FOR_COURTS
    return [act for act in scene.acts.values() if act.operation not in skipped]


@pytest.mark.parametrize(
    "elsewhere",
    [
        pytest.param(False, id="same agency"),
        # the walk (tests/authz) has subjects of another agency too
        pytest.param(True, id="another agency", marks=pytest.mark.deep),
    ],
)
async def test_in_every_role_a_foreign_object_looks_like_none(
    world: World, *, elsewhere: bool
) -> None:
    scene = await a_scene(world)
    agency = await world.an_agency(name="Elsewhere") if elsewhere else world.agency
    before = await _everything(world)
    for role in STAFF:
        stranger = await world.somebody(role, agency=agency)
        not_theirs = None
        for act in _with_path(scene):
            theirs = role in roles_of(act.operation)
            known = act.operation in OF_AGENCY and theirs
            if not elsewhere and known and (role, act.operation) != ("CO", "recordReview"):
                continue
            foreign = _seen(await act.by(stranger))
            # of another role's operations one answer stands for all: what it is about is not asked
            never = not_theirs if not theirs else None
            never = never or _seen(await act.on(str(uuid4())).by(stranger))
            not_theirs = not_theirs if theirs else never
            assert foreign == never, (role, act.operation)
            assert foreign[0] == (404 if theirs else 403), (role, act.operation, foreign[1])
    assert await _everything(world) == before


async def _everything(world: World) -> str:
    """A hash over every table that somebody without a right must leave as it is."""
    tables = await world.sql(
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
        " AND tablename NOT IN ('audit', 'session', 'device', 'refresh_token', 'staff', 'actor',"
        " 'subject_key', 'migration', 'denial') ORDER BY 1"
    )
    whole = hashlib.sha256()
    for table in tables:
        name = table["name"]
        for row in await world.sql(f"SELECT t::text AS row FROM {name} t ORDER BY 1"):
            whole.update(f"{name} {row['row']}".encode())
    return whole.hexdigest()


async def test_a_member_of_the_plan_is_refused_only_the_operations_of_other_roles(
    world: World,
) -> None:
    scene = await a_scene(world)
    for act in scene.acts.values():
        for role, caller in scene.callers.items():
            if role in roles_of(act.operation):
                continue
            answer = await act.by(caller)
            # a court's token opens none of the other doors, nor any other token a court's
            wrong_door = role == "CT" or act.operation in FOR_COURTS
            assert answer.status_code == (401 if wrong_door else 403), (role, act.operation)


async def test_objects_that_a_body_names_are_looked_for_as_the_caller(world: World) -> None:
    scene, other = await a_scene(world), await a_scene(world)
    worker, officer, plan = scene.docket.worker, scene.docket.officer, scene.docket.plan
    coordinator = scene.callers["CO"]
    theirs = {name: act.ids[0] for name, act in other.acts.items() if act.ids}
    (person,) = await world.sql("SELECT person FROM plan WHERE id = $1", other.docket.plan)
    member = other.acts["createInvitation"].body["subject"]
    elsewhere = await world.somebody("CO", agency=await world.an_agency(name="Elsewhere"))
    court = await a_court(world, await world.an_agency(name="Third"))

    async def alike(caller: Caller, operation: str, field: str, foreign: Any) -> None:
        act = scene.acts[operation]
        answers = [await _naming(act, field, value).by(caller) for value in (foreign, str(uuid4()))]
        assert _seen(answers[0]) == _seen(answers[1]), (operation, field)
        assert answers[0].status_code == 404, (operation, field, answers[0].text)

    await alike(worker, "planAppointment", "milestone", theirs["changeMilestone"])
    await alike(worker, "createInvitation", "plan", other.docket.plan)
    await alike(worker, "createInvitation", "subject", member)
    await alike(worker, "discloseTo", "recipient", member)
    await alike(officer, "issueSummary", "file", other.docket.file)
    await alike(officer, "recordReading", "file", other.docket.file)
    await alike(officer, "bindCourtFile", "client", str(court.id))
    await alike(coordinator, "setDutyRota", "staff", [str(elsewhere.id)])
    stranger = await world.somebody("SW")
    for foreign in (str(person["person"]), str(uuid4())):
        body = {**scene.acts["openPlan"].body, "person_id": foreign}
        body.pop("person")
        assert (await stranger.post("/plans", body)).status_code == 404
    tick = [{"milestone": theirs["changeMilestone"], "version": 1}]
    visit = _naming(scene.acts["recordVisit"], "ticks", tick)
    assert (await visit.by(worker)).status_code == 404
    drafts = scene.acts["draftSummary"].url
    answer = await officer.get(drafts.replace(scene.docket.file, other.docket.file))
    assert answer.status_code == 404
    yes = {"kind": "channel", "language": "en", "channel": "telegram", "subject": member}
    assert (await worker.post(f"/plans/{plan}/consents", yes)).status_code == 404


def _naming(act: Act, field: str, value: Any) -> Act:
    if field == "staff" and isinstance(value, str):
        value = [value]
    return Act(act.operation, act.method, act.path, act.ids, {**act.body, field: value}, act.seen)


async def test_a_mandate_that_ended_a_second_ago_opens_nothing(world: World) -> None:
    scene = await a_scene(world)
    leaver = await world.somebody("SW")
    worker, plan = scene.docket.worker, scene.docket.plan
    until = clock.now() + timedelta(minutes=5)
    body = {"role": "SW", "login": leaver.login, "until": until.isoformat()}
    assert (await worker.post(f"/plans/{plan}/circle", body)).status_code == 201
    clock.travel(lambda: until - timedelta(seconds=1))
    assert (await scene.acts["getPlan"].by(leaver)).status_code == 200
    assert len((await leaver.get("/plans")).json()["plans"]) == 1
    clock.travel(lambda: until)
    for act in _with_path(scene):
        if "SW" in roles_of(act.operation):
            ended = _seen(await act.by(leaver))
            assert ended == _seen(await act.on(str(uuid4())).by(leaver)), act.operation
            assert ended[0] == 404, act.operation
    assert (await leaver.get("/plans")).json() == {"plans": [], "next": None}
    assert (await leaver.get("/tasks")).json() == {"tasks": [], "next": None}


async def test_the_program_refuses_by_itself_what_the_database_would_refuse_too(
    world: World,
) -> None:
    """Each of the two walls stands alone; the other one has tests of its own."""
    scene = await a_scene(world)
    leaver = await world.somebody("SW")
    until = clock.now() + timedelta(minutes=5)
    body = {"role": "SW", "login": leaver.login, "until": until.isoformat()}
    await scene.docket.worker.post(f"/plans/{scene.docket.plan}/circle", body)
    await as_the_owner_of_everything(world)
    clock.travel(lambda: until)
    for stranger in (leaver, await world.somebody("SW"), await world.somebody("CO")):
        role = "CO" if stranger.login and stranger.login.startswith("co") else "SW"
        for act in _with_path(scene):
            if role in roles_of(act.operation) and act.operation not in OF_AGENCY:
                refused = _seen(await act.by(stranger))
                never = _seen(await act.on(str(uuid4())).by(stranger))
                assert refused == never, act.operation
                assert refused[0] == 404, act.operation
        assert (await stranger.get("/plans")).json()["plans"] == []
        assert (await stranger.get("/tasks")).json()["tasks"] == []


async def test_lists_hold_what_is_the_callers_and_nothing_else(world: World) -> None:
    scene, other = await a_scene(world), await a_scene(world)
    mine, theirs = scene.docket, other.docket
    listed = (await mine.worker.get("/plans")).json()["plans"]
    assert {one["id"] for one in listed} == {mine.plan, *scene.spares}
    assert [one["id"] for one in (await theirs.officer.get("/plans")).json()["plans"]] == [
        theirs.plan
    ]
    for own in (scene, other):
        tasks = (await own.docket.worker.get("/tasks")).json()["tasks"]
        back = own.acts["reopenPlan"].ids[0]  # its circle waits for a call
        assert {one["plan"] for one in tasks} == {own.docket.plan, back}
    stranger = await world.somebody("SW")
    assert (await stranger.get("/plans")).json() == {"plans": [], "next": None}
    foreign = await stranger.get(f"/tasks?plan={mine.plan}")
    never = await stranger.get(f"/tasks?plan={uuid4()}")
    assert _seen(foreign) == _seen(never)
    assert foreign.json() == {"tasks": [], "next": None}


STRANGE = ["0", "-1", "null", "x" * 5000, "%00", "%ff", "..%2f", "%2e%2e", "schema", "login", "me"]


async def test_an_id_that_is_none_looks_like_one_that_never_was(world: World) -> None:
    scene = await a_scene(world)
    worker = scene.docket.worker
    for act in _with_path(scene):
        if "SW" not in roles_of(act.operation):
            continue
        never = _seen(await act.on(str(uuid4())).by(worker))
        for strange in STRANGE:
            answer = await act.on(strange).by(worker)
            assert _seen(answer) == never, (act.operation, strange)
