"""The record of who did and read what: written with the act, once, by nobody undone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import clock, embedded, migrate
from backend.access import Actor
from backend.audit.actions import record
from backend.database import Role, transaction
from backend.errors import NotFound
from backend.processes import process
from backend.settings import SettingsError, read
from tests.backend.acts import OF_ACCOUNT, Act
from tests.backend.scene import a_scene
from tests.chats import at
from tests.databases import as_the_owner_of_everything
from tests.world import World, a_day

REFUSED = asyncpg.InsufficientPrivilegeError
READS = {"getPlan", "milestoneHistory", "listAccess", "draftSummary", "getSummary", "listSummaries"}
READS |= {"previewRelease", "getResponsibility", "getMilestone", "previewShape"}
READS |= {"getPlanTemplate", "listSummariesDue", "getAppointment"}
READS |= {"listGoals", "listNeedsReviews", "listRelatives", "listContacts", "getPathways"}
READS |= {"printSheet", "drawTimeline", "printAmnesty", "listWelcomes"}
WITHOUT_PLAN = {"signOut", "setDutyRota", "askBreakGlass", "endBreakGlass", "inviteColleague"}
WITHOUT_PLAN |= {"endAccountInvitation", "endAccount", "recordFlow", "confirmFlow", "endFlow"}
LISTS = {"listPlans", "listTasks", "listBreakGlass", "listColleagues", "findPerson"}
LISTS |= {"listFlows", "listCalendars", "proposeDays", "listClaims", "listTemplates"}
LISTS |= {"listMentors", "listSupport", "listClubs"}
WITHOUT_PLAN |= {"addCalendar", "changeCalendar", "draftTemplate", "importTemplate"}
WITHOUT_PLAN |= {"getTemplate", "exportTemplate", "changeTemplateRow", "removeTemplateRow"}
WITHOUT_PLAN |= {"publishTemplate", "addMentor", "changeMentor", "endMentor", "setSupport"}
WITHOUT_PLAN |= {"addClub", "changeClub", "endClub"}
WITHOUT_PLAN |= {"recordIncident", "amendIncident", "draftNotice", "recordNotice", "closeIncident"}
WITHOUT_PLAN |= {"letManyGo", "recordComplaint", "answerComplaint", "recordReview"}
LISTS |= {"listIncidents", "listComplaints", "listAgencyHolds", "listProofs", "listRecord"}
LISTS |= {
    "previewAmnesty",
    "listAmnesties",
    "listReviews",
    "listAgencyMandates",
    "listAgencyConsents",
    "countRecords",
}


@asynccontextmanager
async def _as(world: World, role: Role | None) -> AsyncIterator[Any]:
    """A connection of this role; None is a superuser's."""
    user = migrate.role_name(role) if role else "postgres"
    held = await asyncpg.connect(world.server.url(user, world.database_name))
    try:
        yield held
    finally:
        await held.close()


async def _audit(world: World, after: int = 0) -> list[dict[str, Any]]:
    return await world.sql("SELECT * FROM audit WHERE id > $1 ORDER BY id", after)


async def _a_row(world: World) -> list[dict[str, Any]]:
    worker = await world.somebody("SW")
    await world.a_plan(worker)
    return await _audit(world)


FORBIDDEN = [
    "CREATE TABLE extra (n int)",
    "CREATE SCHEMA extra",
    "CREATE FUNCTION extra() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "DROP TABLE audit",
    "ALTER TABLE audit DISABLE TRIGGER ALL",
    "ALTER TABLE audit DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE audit ADD COLUMN extra int",
    "UPDATE audit SET actor = NULL",
    "DELETE FROM audit",
    "TRUNCATE audit",
    "COPY audit TO PROGRAM 'true'",
    "SET session_replication_role = replica",
    "ALTER ROLE throughcare_app SUPERUSER",
    "SET ROLE throughcare_owner",
]


@pytest.mark.parametrize("role", ["app", "worker", "backup"])
async def test_no_role_of_a_process_can_make_drop_or_change_anything_around_the_audit(
    world: World, role: Role
) -> None:
    before = await _a_row(world)
    async with _as(world, role) as held:
        for statement in FORBIDDEN:
            with pytest.raises(REFUSED):
                await held.execute(statement)
    assert await _audit(world) == before


async def test_no_role_of_a_process_can_make_even_a_temporary_table(
    server: embedded.Server,
) -> None:
    # the copies that other tests work on do not carry the rights on their database along
    for role in ("app", "worker", "backup"):
        held = await asyncpg.connect(server.url(f"throughcare_{role}"))
        try:
            with pytest.raises(REFUSED):
                await held.execute("CREATE TEMPORARY TABLE extra (n int)")
        finally:
            await held.close()


async def test_the_backup_writes_nothing_at_all(world: World) -> None:
    await _a_row(world)
    async with _as(world, "backup") as held:
        for table in ("audit", "plan", "staff"):
            with pytest.raises(REFUSED):
                await held.execute(f"INSERT INTO {table} DEFAULT VALUES")


async def test_not_even_the_owner_or_a_superuser_rewrites_what_is_written(world: World) -> None:
    before = await _a_row(world)
    async with _as(world, "owner") as held:
        # the owner is behind the row policies too, and finds no row to change
        assert await held.execute("UPDATE audit SET actor = NULL") == "UPDATE 0"
        assert await held.execute("DELETE FROM audit") == "DELETE 0"
        with pytest.raises(REFUSED, match="written once"):
            await held.execute("TRUNCATE audit")
    async with _as(world, None) as held:
        for statement in ("UPDATE audit SET actor = NULL", "DELETE FROM audit", "TRUNCATE audit"):
            with pytest.raises(REFUSED, match="written once"):
                await held.execute(statement)
    assert await _audit(world) == before


# what is written


async def test_every_operation_writes_its_row_with_who_what_and_which_plan(world: World) -> None:
    at(a_day() + timedelta(days=1), 12)  # about midnight the usual change goes a longer way
    scene = await a_scene(world)
    for operation in scene.acts:
        last = (await _audit(world))[-1]["id"]
        answer = await scene.carry_out(operation)
        assert answer.status_code < 300, (operation, answer.text)
        rows = [row for row in await _audit(world, last) if row["operation"] == operation]
        assert len(rows) == 1, operation
        (row,) = rows
        caller = scene.caller(operation)
        assert row["actor"] == caller.id
        assert row["request"] == answer.headers["x-request-id"]
        if operation in READS:
            assert row["plan"] == UUID(scene.docket.plan), operation
        elif operation not in LISTS | WITHOUT_PLAN | OF_ACCOUNT:
            assert row["plan"] is not None, operation


@pytest.mark.parametrize("walled", [True, False])
async def test_asking_for_the_tasks_of_a_plan_leaves_a_row_there_for_who_is_of_it_alone(
    world: World, *, walled: bool
) -> None:
    worker, stranger = await world.somebody("SW"), await world.somebody("SW")
    plans = [(await world.a_plan(worker))["id"] for _ in range(2)]
    if not walled:  # the database hides no mandate of others
        await as_the_owner_of_everything(world)
    asked = {worker: plans, stranger: [plans[0], str(uuid4())]}
    for caller, ids in asked.items():
        for id_ in ids:
            assert (await caller.get(f"/tasks?plan={id_}")).status_code == 200
            row = (await _audit(world))[-1]
            left = UUID(id_) if caller is worker else None
            assert (row["operation"], row["actor"], row["plan"]) == ("listTasks", caller.id, left)
    for begins, ends in (("interval '1 day'", "NULL"), ("-interval '1 day'", "now()")):
        await world.sql(f"UPDATE mandate SET starts = now() + {begins}, ends = {ends}")
        assert (await worker.get(f"/tasks?plan={plans[0]}")).status_code == 200
        assert (await _audit(world))[-1]["plan"] is None


async def test_a_refused_write_leaves_no_row_that_says_it_was_done(world: World) -> None:
    scene = await a_scene(world)
    last = (await _audit(world))[-1]["id"]
    stranger = await world.somebody("SW")
    for operation in ("changeMilestone", "changePlanState", "logContact", "getPlan"):
        act = scene.acts[operation]
        await act.by(stranger)
        await Act(operation, act.method, act.path, act.ids, act.body, 99).by(scene.docket.worker)
    rows = [row for row in await _audit(world, last) if row["operation"] != "signIn"]
    done = [row for row in rows if row["outcome"] == "done"]
    assert {row["operation"] for row in done} <= {"getPlan", "logContact"}
    assert all(row["actor"] == scene.docket.worker.id for row in done)


async def test_an_act_whose_row_cannot_be_written_does_not_happen(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await world.sql("REVOKE INSERT ON audit FROM throughcare_app")
    read_ = await worker.get(f"/plans/{plan}")
    assert "Imaginary" not in read_.text
    body = {"how": "phone", "outcome": "tried", "made_on": clock.today("UTC").isoformat()}
    written = await worker.post(f"/plans/{plan}/contacts", body)
    assert (read_.status_code, written.status_code) == (404, 404)
    assert await world.sql("SELECT 1 FROM contact") == []


async def test_a_row_is_gone_with_the_act_that_failed_after_it(world: World) -> None:
    worker = await world.somebody("SW")
    plan = UUID((await world.a_plan(worker))["id"])
    assert worker.id is not None
    actor = Actor(worker.id, "staff", "SW", world.agency)
    before = len(await _audit(world))

    async def fail() -> None:
        async with transaction(actor.id):
            await record(actor, "getPlan", plan=plan)
            raise NotFound

    with pytest.raises(NotFound):
        await fail()
    assert len(await _audit(world)) == before


async def test_who_read_is_shown_to_the_coordinator_and_own_acts_to_the_worker(
    world: World,
) -> None:
    scene = await a_scene(world)
    worker, coordinator, plan = scene.docket.worker, scene.callers["CO"], scene.docket.plan
    now = clock.now()
    clock.travel(lambda: now + timedelta(minutes=1))
    await scene.docket.officer.get(f"/plans/{plan}")
    mine = (await worker.get(f"/plans/{plan}/access?limit=200")).json()["access"]
    assert {one["role"] for one in mine} == {"SW"}
    every = (await coordinator.get(f"/plans/{plan}/access?limit=200")).json()["access"]
    assert {"SW", "PO", "CO"} <= {one["role"] for one in every}
    assert [one["at"] for one in every] == sorted((one["at"] for one in every), reverse=True)
    first = (await coordinator.get(f"/plans/{plan}/access?limit=3")).json()
    second = await coordinator.get(f"/plans/{plan}/access?limit=3&before={first['before']}")
    assert not {str(one) for one in first["access"]} & {
        str(one) for one in second.json()["access"] if one["operation"] != "listAccess"
    }


# who may not run


@pytest.mark.parametrize("role", ["app", "worker"])
async def test_a_process_refuses_to_run_as_one_who_could_undo_it(world: World, role: Role) -> None:
    name = f"{role.upper()}_DATABASE_URL"
    for user in ("postgres", "throughcare_owner", "throughcare_backup"):
        url = world.server.url(user, world.database_name)
        with pytest.raises(SettingsError, match="refuses to run as the owner or a superuser"):
            async with process(role, read({name: url})):
                pass
    url = world.server.url(migrate.role_name(role), world.database_name)
    async with process(role, read({name: url})):
        pass


async def test_the_api_refuses_to_run_as_the_worker_who_sees_every_plan(world: World) -> None:
    url = world.server.url("throughcare_worker", world.database_name)
    with pytest.raises(SettingsError):
        async with process("app", read({"APP_DATABASE_URL": url})):
            pass
