"""Each action looks by itself for the mandate that it needs, and for the row that it is about.

The database hides nothing here, and the role has the operation: what is left is the action.
"""

import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend import embedded
from backend.access import Actor, check_version
from backend.accounts.actions import end_account
from backend.appointments.actions import change_appointment
from backend.appointments.moving import AppointmentChange
from backend.audit.counts import count_records
from backend.circles.actions import end_mandate
from backend.corrections import actions as corrections
from backend.corrections.actions import NewCorrection
from backend.database import transaction
from backend.erasure.holds import COORDINATOR, own_plan
from backend.errors import NotFound, NotSignedIn, ProveAgain
from backend.flows.actions import NewFlow, record_flow
from backend.flows.entries import Receiver
from backend.flows.rules import OF_KIND
from backend.messages.incoming import mark_read
from backend.pages.reading import office_of
from backend.passes import actions as passes
from backend.plans.actions.moving import read_move
from backend.staff.proof import begin_try
from backend.walls.actions import end_wall
from backend.walls.glass import let_break_glass
from tests.backend.acts import OF_ACCOUNT, OF_AGENCY
from tests.backend.kept import Kept, a_copy
from tests.backend.pages.browser import at_the_desk
from tests.backend.scene import Scene
from tests.databases import as_the_owner_of_everything

# What is asked of no plan by its mandate; a relative may say that they spoke, and reads a little.
OF_NO_MANDATE = (
    OF_ACCOUNT
    | OF_AGENCY
    | {"openPlan", "listPlans", "getPlan", "findPerson", "planAppointment", "logContact"}
    | {"listTasks", "setDutyRota", "askBreakGlass", "listBreakGlass", "endBreakGlass"}
    | {"listCalendars", "addCalendar", "listClaims", "listTemplates", "draftTemplate"}
    | {"listFlows", "recordFlow", "recordIncident", "listIncidents", "recordComplaint"}
    | {"listComplaints", "listReviews", "listAgencyHolds", "listProofs", "listRecord"}
    | {"previewAmnesty", "letManyGo", "listMentors", "addMentor", "listSupport"}
    | {"listAmnesties", "printAmnesty"}
    | {"listClubs", "addClub"}
    | {"listAgencyMandates", "listAgencyConsents", "countRecords"}
    | {"listSummaries", "getSummary", "listColleagues", "inviteColleague", "signOut"}
)


@pytest.fixture
async def kept(server: embedded.Server) -> AsyncIterator[Kept]:
    async with a_copy(server) as made:
        await as_the_owner_of_everything(made.world)
        yield made


async def _as_relatives(kept: Kept, scene: Scene) -> None:
    """From now on the staff of this plan have the mandates of relatives."""
    plans = [UUID(scene.docket.plan), *(UUID(one) for one in scene.spares)]
    staff = [who.id for who in scene.callers.values() if who.id]
    sql = "UPDATE mandate SET role = 'FA' WHERE plan = ANY ($1) AND actor = ANY ($2)"
    await kept.world.sql(sql, plans, staff)


def _actor(kept: Kept, role: str, scene: Scene | None = None) -> Actor:
    id_ = (scene or kept.other).callers[role].id
    assert id_ is not None
    return Actor(id_, "staff", role, kept.world.agency)


async def test_a_mandate_of_another_role_is_as_good_as_none(kept: Kept) -> None:
    await _as_relatives(kept, kept.other)
    for operation in sorted(kept.other.acts.keys() - OF_NO_MANDATE):
        answer = await kept.other.carry_out(operation)
        assert answer.status_code == 404, (operation, answer.text)


async def test_whoever_may_invite_nobody_leaves_no_invitation_behind(kept: Kept) -> None:
    await _as_relatives(kept, kept.other)
    before = await kept.world.sql("SELECT id FROM link ORDER BY id")
    await kept.other.carry_out("createInvitation")
    assert await kept.world.sql("SELECT id FROM link ORDER BY id") == before


async def test_what_never_was_is_not_found(kept: Kept) -> None:
    for operation, act in kept.other.acts.items():
        if act.ids:
            nothing = (await kept.other.act(operation)).on(*(str(uuid4()) for _ in act.ids))
            answer = await nothing.by(kept.other.caller(operation))
            assert answer.status_code == 404, (operation, answer.text)


async def test_who_is_not_in_the_circle_is_told_nothing(kept: Kept) -> None:
    scene = kept.other
    channel = {"kind": "channel", "channel": "telegram", "language": "en"}
    for operation, body in (
        ("recordConsent", {**channel, "subject": str(uuid4())}),
        ("discloseTo", {**scene.acts["discloseTo"].body, "recipient": str(uuid4())}),
        ("createInvitation", {**scene.acts["createInvitation"].body, "subject": str(uuid4())}),
    ):
        act = scene.acts[operation]
        answer = await scene.callers["SW"].send(act.method, act.url, body)
        assert answer.status_code == 404, (operation, answer.text)


async def test_an_officer_changes_no_appointment_but_those_of_officers(kept: Kept) -> None:
    act = await kept.other.act("changeAppointment")
    assert (await act.by(kept.other.callers["PO"])).status_code == 404


ON_PAPER: dict[str, Callable[[Kept], Awaitable[Any]]] = {
    "corrections that were asked": lambda kept: corrections.list_corrections(
        _actor(kept, "CO"), UUID(kept.other.docket.plan)
    ),
    "a correction to be asked": lambda kept: corrections.ask_correction(
        _actor(kept, "SW"), NewCorrection("plan", "Wrong."), UUID(kept.other.docket.plan)
    ),
    "passes": lambda kept: passes.list_passes(_actor(kept, "CO"), UUID(kept.other.docket.plan)),
}


@pytest.mark.parametrize("name", ON_PAPER)
async def test_what_only_a_page_asks_for_takes_its_mandate_too(kept: Kept, name: str) -> None:
    await ON_PAPER[name](kept)
    await _as_relatives(kept, kept.other)
    with pytest.raises(NotFound):
        await ON_PAPER[name](kept)


# What is done to a row that is named by itself: its table, its module, who, and how.
OF_A_ROW: dict[str, tuple[str, str, str, Callable[[Actor, UUID], Awaitable[Any]]]] = {
    "answer a correction": (
        *("correction", "backend.corrections.actions", "SW"),
        lambda actor, id_: corrections.answer_correction(actor, id_, 1, "refused", "It is right."),
    ),
    "mark a text as read": (
        *("incoming", "backend.messages.incoming", "SW"),
        lambda actor, id_: mark_read(actor, id_, 1),
    ),
    "end a pass": (
        *("entry_pass", "backend.passes.actions", "CO"),
        lambda actor, id_: passes.end_pass(actor, id_, 1),
    ),
    "end a wall": (
        *("wall", "backend.walls.actions", "SW"),
        lambda actor, id_: end_wall(actor, id_, 1),
    ),
    "end a mandate": (
        *("mandate", "backend.circles.actions", "CO"),
        lambda actor, id_: end_mandate(actor, id_, 1),
    ),
    "cancel an appointment": (
        *("appointment", "backend.appointments.actions", "SW"),
        lambda actor, id_: change_appointment(
            actor, id_, 1, AppointmentChange(state="cancelled_by_service")
        ),
    ),
    "cancel an officer's appointment": (
        *("appointment", "backend.appointments.actions", "PO"),
        lambda actor, id_: change_appointment(
            actor, id_, 1, AppointmentChange(state="cancelled_by_service")
        ),
    ),
}


async def _a_row(kept: Kept, table: str) -> UUID:
    """One that may still change; of the plan in which everything has happened."""
    sql = f"SELECT id FROM {table} WHERE plan = $1 ORDER BY version, id DESC LIMIT 1"
    if table == "mandate":
        sql = sql.replace("ORDER", "AND role = 'LR' AND ends IS NULL ORDER")
    (found,) = await kept.world.sql(sql, UUID(kept.scene.docket.plan))
    return UUID(str(found["id"]))


@pytest.mark.parametrize("name", OF_A_ROW)
async def test_a_row_of_a_plan_takes_a_mandate_on_it(kept: Kept, name: str) -> None:
    table, _, role, act = OF_A_ROW[name]
    row = await _a_row(kept, table)
    with pytest.raises(NotFound):
        await act(_actor(kept, role, kept.elsewhere), row)
    await _as_relatives(kept, kept.scene)
    with pytest.raises(NotFound):
        await act(_actor(kept, role, kept.scene), row)


# What names a row of these, and goes before it.
HANGS_ON = {"mandate": "entry_pass", "appointment": "appointment_move"}


@pytest.mark.parametrize("name", [one for one in OF_A_ROW if one != "mark a text as read"])
async def test_a_row_that_goes_while_the_plan_is_waited_for_is_not_found(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    table, module, role, act = OF_A_ROW[name]
    row, find = await _a_row(kept, table), importlib.import_module(module).find_plan

    async def found_too_late(*given: Any, **named: Any) -> Any:
        plan = await find(*given, **named)
        if table in HANGS_ON:
            await kept.world.sql(f"DELETE FROM {HANGS_ON[table]} WHERE {table} = $1", row)
        await kept.world.sql(f"DELETE FROM {table} WHERE id = $1", row)
        return plan

    monkeypatch.setattr(f"{module}.find_plan", found_too_late)
    with pytest.raises(NotFound):
        await act(_actor(kept, role, kept.scene), row)


async def test_a_plan_is_held_and_erased_by_its_own_agency_alone(kept: Kept) -> None:
    actor, plan = _actor(kept, "CO"), UUID(kept.other.docket.plan)
    async with transaction(actor.id):
        assert (await own_plan(actor, plan, COORDINATOR))["id"] == plan
        with pytest.raises(NotFound):
            await own_plan(replace(actor, agency=uuid4()), plan, COORDINATOR)


async def test_a_receiver_that_is_not_there_is_not_found(kept: Kept) -> None:
    actor = _actor(kept, "AD")
    for to in (Receiver("agency", agency=uuid4()), Receiver("court", court=uuid4())):
        new = NewFlow(to, sorted(OF_KIND[to.kind]), "work", "law", actor.id, "Act", "4")
        with pytest.raises(NotFound):
            await record_flow(actor, new)


async def test_a_correction_is_about_a_summary_of_the_plan_and_in_its_part(kept: Kept) -> None:
    actor, plan = _actor(kept, "SW"), UUID(kept.other.docket.plan)
    sql = "SELECT id FROM summary WHERE plan = $1"
    (own,) = await kept.world.sql(sql + " LIMIT 1", plan)
    (foreign, *_) = await kept.world.sql(sql, UUID(kept.scene.docket.plan))
    for part, summary in (("plan", own), ("summaries", foreign), ("summaries", {"id": uuid4()})):
        new = NewCorrection(part, "Wrong.", summary=summary["id"])
        with pytest.raises(NotFound):
            await corrections.ask_correction(actor, new, plan)
    new = NewCorrection("summaries", "Wrong.", summary=own["id"])
    assert (await corrections.ask_correction(actor, new, plan)).status == 201


async def test_a_chat_of_a_colleague_is_not_found(kept: Kept) -> None:
    worker, officer = kept.other.callers["SW"], kept.other.callers["PO"]
    invited = await worker.post("/invitations", {})
    assert invited.status_code == 201, invited.text
    for way in ("confirm", "cut"):
        url = f"/links/{invited.json()['id']}/{way}"
        assert (await officer.post(url, version=1)).status_code == 404, way


async def test_a_pass_is_for_a_mandate_of_the_plan(kept: Kept) -> None:
    actor = _actor(kept, "SW")
    (foreign, *_) = await kept.world.sql(
        "SELECT id FROM mandate WHERE plan = $1 AND role = 'LR'", UUID(kept.scene.docket.plan)
    )
    for mandate in (foreign["id"], uuid4()):
        with pytest.raises(NotFound):
            await passes.create_pass(
                actor, UUID(kept.other.docket.plan), passes.NewPass(mandate, uuid4())
            )


async def test_a_pass_is_made_by_the_social_worker_of_the_plan(kept: Kept) -> None:
    plan = UUID(kept.other.docket.plan)
    (paper,) = await kept.world.sql("SELECT id FROM mandate WHERE plan = $1 AND role = 'LR'", plan)
    new = passes.NewPass(paper["id"])
    with pytest.raises(ProveAgain):  # all that is missing
        await passes.create_pass(_actor(kept, "SW"), plan, new)
    await _as_relatives(kept, kept.other)
    with pytest.raises(NotFound):
        await passes.create_pass(_actor(kept, "SW"), plan, new)


async def test_nobody_works_in_an_agency_that_is_none(kept: Kept) -> None:
    assert kept.world.agency
    with pytest.raises(NotFound):
        await office_of(Actor(uuid4(), "staff", "SW", uuid4()))
    with pytest.raises(NotFound):
        await count_records(Actor(uuid4(), "staff", "AU", uuid4()), None)


async def test_an_officer_has_no_voluntary_row_and_changes_none_but_their_own(kept: Kept) -> None:
    officer, plan = kept.other.callers["PO"], kept.other.docket.plan
    rows = (await kept.world.plan(kept.other.callers["SW"], plan))["milestones"]
    voluntary = next(one for one in rows if one["code"] == "VOC-05")
    history = await officer.get(f"/milestones/{voluntary['id']}/history")
    assert history.status_code == 404
    seen = (await kept.world.plan(officer, plan))["milestones"]
    other = next(one for one in seen if one["pathway"] == "PRB" and one["state"] == "planned")
    await kept.world.sql(
        "UPDATE milestone SET pathway = 'HOM', kind = 'O' WHERE id = $1::uuid", other["id"]
    )
    url = f"/milestones/{other['id']}"
    assert (await officer.get(url + "/history")).status_code == 200
    change = await officer.patch(url, {"state": "done"}, version=other["version"])
    assert change.status_code == 404, change.text


async def test_an_account_of_nobody_is_not_found_before_any_proof_is_asked_for(
    kept: Kept,
) -> None:
    head = _actor(kept, "AD")
    with pytest.raises(NotFound):
        await end_account(head, uuid4(), 1)
    with pytest.raises(ProveAgain):
        await end_account(head, UUID(kept.other.acts["endAccount"].ids[0]), 1)


async def test_a_worker_lets_no_colleague_in_whatever_their_mandate(kept: Kept) -> None:
    act = await kept.other.act("letBreakGlass")
    wish, worker = UUID(act.ids[0]), _actor(kept, "SW")
    await kept.world.sql(
        "UPDATE mandate SET role = 'CO' WHERE plan = $1 AND actor = $2",
        UUID(kept.other.docket.plan),
        worker.id,
    )
    (row,) = await kept.world.sql(
        "UPDATE break_glass SET asked_by = $2 WHERE id = $1 RETURNING version",
        wish,
        kept.other.callers["PO"].id,
    )
    with pytest.raises(NotFound):
        await let_break_glass(worker, wish, row["version"])
    with pytest.raises(ProveAgain):  # all that is missing
        await let_break_glass(_actor(kept, "CO"), wish, row["version"])


async def test_a_move_that_never_was_is_not_found(kept: Kept) -> None:
    with pytest.raises(NotFound):
        await read_move(_actor(kept, "SW"), uuid4())


async def test_an_account_that_never_was_tries_no_password(kept: Kept) -> None:
    with pytest.raises(NotSignedIn):
        await begin_try(Actor(uuid4(), "staff", "SW", kept.world.agency))


async def test_a_coordinator_is_shown_no_form_that_is_for_others(kept: Kept) -> None:
    head, plan = kept.other.callers["CO"], f"/desk/plans/{kept.other.docket.plan}"
    browser = await at_the_desk(kept.world, head)
    assert (await browser.open(plan)).status == 200
    assert (await browser.open(f"{plan}/visit")).status == 403
    dates = await browser.open(f"{plan}/dates")
    assert dates.status == 200, "they read what the agency has agreed"
    assert f'action="{plan}/dates' not in dates.html
    assert 'name="held_on"' not in dates.html


def test_what_went_while_it_was_waited_for_is_not_found_whatever_version_was_seen() -> None:
    with pytest.raises(NotFound):
        check_version(None, 1)
