"""Who came in by broken glass reads, and does what cannot wait; nothing of it outlasts it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.access import OPERATIONS, Actor
from backend.corrections.actions import NewCorrection, answer_correction, ask_correction
from backend.errors import NotFound
from backend.messages.incoming import mark_read
from backend.passes.actions import NewPass, create_pass, end_pass
from backend.plans.undo import OF_ANOTHER
from tests.backend import bodies
from tests.backend.acts import OF_ACCOUNT, OF_AGENCY
from tests.backend.let_in import OF_A_RELEASE, ROLES, Let, is_let_in, seen
from tests.world import row as row_of

# What cannot wait for four hours, and whose it is.
DONE: Mapping[str, tuple[str, ...]] = {
    "logContact": ("SW",),
    "recordVisit": ("SW",),
    "planAppointment": ("SW",),
    "changeAppointment": ("SW",),
    "changeMilestone": ("CO", "SW"),
    "recordLeftCustody": ("SW",),
    "returnToCustody": ("SW",),
    "unplannedRelease": ("CO",),
    "raiseSafetyFlag": ("SW",),
    "acknowledgeTask": ("SW",),
    "closeTask": ("SW",),
    "recordComplaint": ROLES,
}
REFUSED = {
    *("endSilently", "reopenPlan"),
    *("changePlanState", "moveReleaseDate", "addCircleMember", "endMandate"),
    *("recordConsent", "withdrawConsent", "discloseTo"),
    *("createInvitation", "confirmLink", "cutLink", "bindCourtFile", "recordReading"),
    *("setWall", "endWall", "letBreakGlass"),
    *("askErasure", "endErasureWish", "erasePerson", "eraseVoluntary"),
    *("setLegalHold", "endLegalHold", "handOver", "takeOver"),
    *("reshapePlan", "expectSummary", "moveSummaryDue", "dropSummaryDue"),
    *("lowerSafetyFlag", "protectAddress", "endProtectedAddress"),
    *("sayGoal", "endGoal", "beginNeedsReview", "saveNeedsArea", "agreeStep"),
    *("closeNeedsReview", "recordShortReview", "noteLifeChange"),
    *("planMeeting", "changeMeeting", "setAgenda", "holdMeeting", "noteShared"),
    *("decideAtMeeting", "writeMinutes", "addToMinutes", "answerMeeting", "approveMinutes"),
    *("announceEnding", "nameRelative", "changeRelative"),
    *("nameWelcome", "changeWelcome", "endWelcome", "checkWelcome"),
}
# What only the desk does.
AT_THE_DESK = {
    *("createEntryPass", "endEntryPass", "askCorrection", "answerCorrection", "readIncoming"),
    "stopContact",
}
READ = {
    *("getResponsibility", "getPlanTemplate", "previewShape", "listSummariesDue"),
    *("getPlan", "listPlans", "milestoneHistory", "listTasks", "listAccess", "listWalls"),
    *("previewRelease", "getMilestone", "listClaims", "getAppointment"),
    *("listGoals", "listNeedsReviews", "listMeetings", "listRelatives", "listWelcomes"),
    *("printSheet", "drawTimeline", "listContacts", "getPathways"),
    *("listLegalHolds", "listSafety", "draftSummary", "findPerson", "listBreakGlass"),
}
# It names no plan, or has a test of its own; what is only at the desk is read as on its pages.
ELSEWHERE = {
    *("undoMilestone", "undoContact"),
    *("openPlan", "askBreakGlass", "endBreakGlass", "setDutyRota", "signOut"),
    *("listCalendars", "addCalendar", "listTemplates", "draftTemplate"),
    *("listEntryPasses", "listCorrections"),
    *("listFlows", "listReviews", "listIncidents", "listComplaints", "recordIncident"),
    *("listColleagues", "previewAmnesty", "letManyGo", "listMentors", "addMentor", "listSupport"),
    *("listAmnesties", "printAmnesty"),
    *("listClubs", "addClub"),
}


def test_of_every_operation_it_is_said_what_broken_glass_lets_of_it() -> None:
    theirs = {name for name, roles in OPERATIONS.items() if roles & set(ROLES)}
    theirs |= {"draftSummary"}  # goes with recordReading
    said = [set(DONE), REFUSED, AT_THE_DESK, READ, ELSEWHERE, set(OF_ACCOUNT), set(OF_AGENCY)]
    assert set().union(*said) >= theirs
    assert sum(len(one & theirs) for one in said) == len(theirs), "each of them once"


@pytest.mark.parametrize("operation", sorted(READ))
async def test_what_one_reads_through_broken_glass_stays_open(let: Let, operation: str) -> None:
    act = await let.act(operation)
    role = "CO" if operation == "listBreakGlass" else "SW"
    assert (await act.by(let.guests[role])).status_code == 200


OF_THEIRS = [(one, role) for one in sorted(REFUSED) for role in ROLES if role in OPERATIONS[one]]


@pytest.mark.parametrize(("operation", "role"), OF_THEIRS)
async def test_what_lasts_is_refused_as_on_a_plan_that_never_was(
    let: Let, operation: str, role: str
) -> None:
    act, guest = await let.act(operation), let.guests[role]
    never = act.on(str(uuid4()))
    if operation == "createInvitation":
        never = replace(act, body={**act.body, "plan": str(uuid4())})
    refused = seen(await act.by(guest))
    assert refused == seen(await never.by(guest))
    assert refused[0] == 404, refused[1]


async def test_what_cannot_wait_is_done_through_broken_glass(let: Let) -> None:
    for operation, roles in DONE.items():
        for role in roles:
            act = await let.act(operation)
            if operation in OF_A_RELEASE:
                head, guest = let.scene.callers["CO"], let.guests[role]
                await is_let_in(let.kept.world, guest, head, act.ids[0])
            if (operation, role) == ("changeMilestone", "CO"):
                act = replace(act, body={"state": "in_progress"})
            answer = await act.by(let.guests[role])
            assert answer.status_code in {200, 201}, (operation, role, answer.text)


async def test_what_one_has_just_done_through_broken_glass_one_takes_back(let: Let) -> None:
    guest, act = let.guests["SW"], await let.act("changeMilestone")
    done = await replace(act, body={"show_court": True}).by(guest)
    assert done.status_code == 200, done.text
    back = await guest.post(f"{act.url}/undo", version=done.json()["version"])
    assert back.status_code == 200, back.text
    made = await (await let.act("logContact")).by(guest)
    back = await guest.post(f"/contacts/{made.json()['id']}/undo")
    assert back.status_code == 200, back.text
    theirs = await (await let.act("undoMilestone")).by(guest)
    assert (theirs.status_code, theirs.json()["detail"]) == (409, OF_ANOTHER)


async def test_that_somebody_left_is_recorded_through_broken_glass_where_a_desk_has_a_part(
    let: Let,
) -> None:
    plan, guest = UUID(let.scene.docket.plan), let.guests["SW"]
    desk = await let.a_desk(plan)
    await let.kept.world.sql(
        "UPDATE plan SET state = 'active_inside', left_custody_at = NULL WHERE id = $1", plan
    )
    seen_now = (await let.kept.world.plan(guest, str(plan)))["version"]
    answer = await guest.post(f"/plans/{plan}/left-custody", bodies.out(), version=seen_now)
    assert answer.status_code == 200, answer.text
    sql = "SELECT ends FROM mandate WHERE plan = $1 AND actor = $2"
    [row] = await let.kept.world.sql(sql, plan, desk)
    assert row["ends"] is not None


async def test_a_visit_settles_rows_and_makes_the_next_date_through_broken_glass(let: Let) -> None:
    docket, guest = let.scene.docket, let.guests["SW"]
    plan = await let.kept.world.plan(guest, docket.plan)
    tick = row_of(plan, "PLN-05")
    visit = {
        **bodies.a_visit(),
        "ticks": [{"milestone": tick["id"], "version": tick["version"]}],
        "next_on": bodies.in_days(7),
    }
    made = await guest.post(f"/plans/{docket.plan}/visits", visit, version=plan["version"])
    assert made.status_code == 201, made.text


Refusal = Callable[[Actor, UUID, Mapping[str, UUID]], Awaitable[object]]
ON_PAPER: Mapping[str, Refusal] = {
    "a paper is made": lambda who, plan, ids: create_pass(who, plan, NewPass(ids["holder"])),
    "a paper is ended": lambda who, _, ids: end_pass(who, ids["entry_pass"], 1),
    "a correction is asked": lambda who, plan, _: ask_correction(
        who, NewCorrection("plan", "It was in May."), plan
    ),
    "a correction is answered": lambda who, _, ids: answer_correction(
        who, ids["correction"], 1, "refused", "It was not."
    ),
    "a text is marked as read": lambda who, _, ids: mark_read(who, ids["incoming"], 1),
}


@pytest.mark.parametrize("what", ON_PAPER)
async def test_nor_is_done_at_the_desk_what_lasts(let: Let, what: str) -> None:
    plan, ids = UUID(let.kept.scene.docket.plan), dict[str, UUID]()
    for table in ("entry_pass", "correction", "incoming"):
        sql = f"UPDATE {table} SET version = 1 WHERE plan = $1 RETURNING id"
        ids[table] = (await let.kept.world.sql(sql, plan))[0]["id"]
    sql = "SELECT id FROM mandate WHERE plan = $1 AND role = 'LR'"
    ids["holder"] = (await let.kept.world.sql(sql, plan))[0]["id"]
    with pytest.raises(NotFound):
        await ON_PAPER[what](let.actor("SW"), plan, ids)


async def test_nobody_opens_another_plan_for_whom_they_see_through_broken_glass(let: Let) -> None:
    world, plan = let.kept.world, UUID(let.kept.scene.docket.plan)
    (found,) = await world.sql("SELECT person FROM plan WHERE id = $1", plan)
    await world.sql("UPDATE plan SET state = 'closed' WHERE id = $1", plan)
    guest = let.guests["SW"]
    answers = [
        await guest.post("/plans", {**_without_person(), "person_id": str(one)})
        for one in (found["person"], uuid4())
    ]
    assert seen(answers[0]) == seen(answers[1])
    assert answers[0].status_code == 404
    opened = await guest.post("/plans", bodies.a_plan())
    assert opened.status_code == 201, "whoever is new"
    theirs = {**_without_person(), "person_id": str(found["person"])}
    opened = await let.kept.scene.docket.worker.post("/plans", theirs)
    assert opened.status_code == 201, "their own worker"


def _without_person() -> dict[str, Any]:
    return {key: value for key, value in bodies.a_plan().items() if key != "person"}


async def test_one_gets_a_chat_of_ones_own_whatever_glass_is_broken(let: Let) -> None:
    made = await let.guests["SW"].post("/invitations", {})
    assert made.status_code == 201, made.text
    ended = await let.guests["SW"].post(f"/links/{made.json()['id']}/cut", version=1)
    assert ended.status_code == 200, ended.text
