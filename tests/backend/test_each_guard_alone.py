"""Each action refuses by itself who has not its role, before it looks at anything else.

Behind the doors another guard often says no first; here no door and no database stands before.
"""

import importlib
import inspect
from typing import Any
from uuid import uuid4

import pytest

from backend.access import OPERATIONS, Actor, require
from backend.errors import NotYourRole

ACTIONS = {
    "backend.accounts.actions": {
        "invite_colleague": "inviteColleague",
        "end_invitation": "endAccountInvitation",
        "list_colleagues": "listColleagues",
        "end_account": "endAccount",
    },
    "backend.agencies.actions": {"set_duty_rota": "setDutyRota"},
    "backend.alerts.actions": {
        "list_tasks": "listTasks",
        "acknowledge_task": "acknowledgeTask",
        "close_task": "closeTask",
    },
    "backend.appointments.actions": {
        "plan_appointment": "planAppointment",
        "change_appointment": "changeAppointment",
    },
    "backend.appointments.reading": {"get_appointment": "getAppointment"},
    "backend.feeds.actions": {
        "make_feed": "makeFeed",
        "get_feed": "getFeed",
        "end_feed": "endFeed",
    },
    "backend.audit.actions": {"list_access": "listAccess"},
    "backend.audit.officer": {
        "list_agency_holds": "listAgencyHolds",
        "list_proofs": "listProofs",
        "list_record": "listRecord",
        "list_agency_mandates": "listAgencyMandates",
        "list_agency_consents": "listAgencyConsents",
    },
    "backend.audit.counts": {"count_records": "countRecords"},
    "backend.circles.actions": {"add_member": "addCircleMember", "end_mandate": "endMandate"},
    "backend.complaints.actions": {
        "record_complaint": "recordComplaint",
        "list_complaints": "listComplaints",
        "answer_complaint": "answerComplaint",
    },
    "backend.consents.actions": {
        "record_consent": "recordConsent",
        "disclose_to": "discloseTo",
        "withdraw": "withdrawConsent",
    },
    "backend.contacts.actions": {"log_contact": "logContact", "record_visit": "recordVisit"},
    "backend.contacts.reading": {"list_contacts": "listContacts"},
    "backend.contacts.undoing": {"undo_contact": "undoContact"},
    "backend.corrections.actions": {
        "ask_correction": "askCorrection",
        "list_corrections": "listCorrections",
        "abouts_of": "askCorrection",
        "answer_correction": "answerCorrection",
    },
    "backend.calendars.actions": {
        "list_calendars": "listCalendars",
        "add_calendar": "addCalendar",
        "change_calendar": "changeCalendar",
        "propose_days": "proposeDays",
    },
    "backend.courts.actions": {"bind_court_file": "bindCourtFile"},
    "backend.templates.actions": {
        "list_templates": "listTemplates",
        "get_template": "getTemplate",
        "export_template": "exportTemplate",
        "draft_template": "draftTemplate",
        "import_template": "importTemplate",
        "change_row": "changeTemplateRow",
        "remove_row": "removeTemplateRow",
        "publish_template": "publishTemplate",
    },
    "backend.plans.actions.reshaping": {
        "get_plan_template": "getPlanTemplate",
        "preview_shape": "previewShape",
        "reshape_plan": "reshapePlan",
    },
    "backend.summaries.actions.expecting": {
        "list_summaries_due": "listSummariesDue",
        "expect_summary": "expectSummary",
        "move_summary_due": "moveSummaryDue",
        "drop_summary_due": "dropSummaryDue",
    },
    "backend.erasure.actions": {"erase_person": "erasePerson"},
    "backend.erasure.holds": {
        "set_hold": "setLegalHold",
        "list_holds": "listLegalHolds",
        "end_hold": "endLegalHold",
    },
    "backend.flows.actions": {
        "record_flow": "recordFlow",
        "confirm_flow": "confirmFlow",
        "end_flow": "endFlow",
        "list_flows": "listFlows",
        "receivers": "recordFlow",
        "colleagues": "recordFlow",
    },
    "backend.files.actions": {"read_file": "readFile"},
    "backend.circles.endings": {"announce_ending": "announceEnding"},
    "backend.family.actions": {
        "name_relative": "nameRelative",
        "change_relative": "changeRelative",
        "list_relatives": "listRelatives",
    },
    "backend.family.stopping": {"stop_contact": "stopContact"},
    "backend.clubs.actions": {
        "add_club": "addClub",
        "change_club": "changeClub",
        "end_club": "endClub",
        "list_clubs": "listClubs",
    },
    "backend.welcomes.actions": {
        "name_welcome": "nameWelcome",
        "change_welcome": "changeWelcome",
        "end_welcome": "endWelcome",
        "check_welcome": "checkWelcome",
        "list_welcomes": "listWelcomes",
    },
    "backend.support.actions": {
        "list_support": "listSupport",
        "set_support": "setSupport",
    },
    "backend.mentors.actions": {
        "add_mentor": "addMentor",
        "change_mentor": "changeMentor",
        "end_mentor": "endMentor",
        "list_mentors": "listMentors",
    },
    "backend.handovers.actions": {
        "hand_over": "handOver",
        "take_over": "takeOver",
        "get_responsibility": "getResponsibility",
    },
    "backend.meetings.reading": {"list_meetings": "listMeetings"},
    "backend.meetings.actions": {
        "plan_meeting": "planMeeting",
        "change_meeting": "changeMeeting",
        "set_agenda": "setAgenda",
        "answer_meeting": "answerMeeting",
    },
    "backend.meetings.holding": {
        "hold_meeting": "holdMeeting",
        "note_shared": "noteShared",
        "decide_at_meeting": "decideAtMeeting",
        "answer_decision": "answerDecision",
    },
    "backend.meetings.minutes": {
        "write_minutes": "writeMinutes",
        "approve_minutes": "approveMinutes",
        "add_to_minutes": "addToMinutes",
    },
    "backend.incidents.actions": {
        "record_incident": "recordIncident",
        "list_incidents": "listIncidents",
        "amend_incident": "amendIncident",
        "draft_notice": "draftNotice",
        "record_notice": "recordNotice",
        "close_incident": "closeIncident",
    },
    "backend.amnesty.actions": {
        "preview_amnesty": "previewAmnesty",
        "let_many_go": "letManyGo",
    },
    "backend.amnesty.printing": {
        "list_amnesties": "listAmnesties",
        "print_amnesty": "printAmnesty",
    },
    "backend.erasure.voluntary": {"erase_voluntary": "eraseVoluntary"},
    "backend.erasure.wishes": {
        "ask_erasure": "askErasure",
        "end_erasure_wish": "endErasureWish",
    },
    "backend.goals.actions": {
        "list_goals": "listGoals",
        "say_goal": "sayGoal",
        "say_own_goal": "sayOwnGoal",
        "end_goal": "endGoal",
    },
    "backend.needs.reading": {"list_reviews": "listNeedsReviews"},
    "backend.needs.actions": {
        "begin_review": "beginNeedsReview",
        "save_area": "saveNeedsArea",
        "agree_step": "agreeStep",
        "close_review": "closeNeedsReview",
        "record_short_review": "recordShortReview",
        "note_life_change": "noteLifeChange",
    },
    "backend.messages.incoming": {"list_incoming": "readIncoming", "mark_read": "readIncoming"},
    "backend.messages.links": {
        "create_invitation": "createInvitation",
        "confirm_link": "confirmLink",
        "cut_link": "cutLink",
    },
    "backend.evidence.actions": {"get_milestone": "getMilestone", "list_claims": "listClaims"},
    "backend.passes.actions": {
        "create_pass": "createEntryPass",
        "list_passes": "listEntryPasses",
        "end_pass": "endEntryPass",
    },
    "backend.papers.actions": {
        "print_sheet": "printSheet",
        "tell_sheet": "printSheet",
        "draw_timeline": "drawTimeline",
    },
    "backend.plans.actions.caseload": {"list_plans": "listPlans"},
    "backend.plans.actions.ending": {"end_silently": "endSilently"},
    "backend.plans.actions.finding": {"find_people": "findPerson"},
    "backend.plans.actions.milestones": {
        "change_milestone": "changeMilestone",
        "milestone_history": "milestoneHistory",
    },
    "backend.plans.actions.undoing": {"undo_milestone": "undoMilestone"},
    "backend.plans.actions.opening": {"open_plan": "openPlan"},
    "backend.plans.actions.pathways": {"get_pathways": "getPathways"},
    "backend.plans.actions.reading": {"get_plan": "getPlan"},
    "backend.plans.actions.unplanned": {"release_unplanned": "unplannedRelease"},
    "backend.plans.actions.reopening": {"reopen_plan": "reopenPlan"},
    "backend.plans.actions.returning": {"return_to_custody": "returnToCustody"},
    "backend.plans.actions.moving": {
        "move_release_date": "moveReleaseDate",
        "preview_release": "previewRelease",
    },
    "backend.plans.actions.release": {
        "change_plan_state": "changePlanState",
        "record_left_custody": "recordLeftCustody",
    },
    "backend.safety.actions": {
        "list_safety": "listSafety",
        "raise_flag": "raiseSafetyFlag",
        "lower_flag": "lowerSafetyFlag",
        "protect_address": "protectAddress",
        "end_protection": "endProtectedAddress",
    },
    "backend.second.actions": {"list_reviews": "listReviews", "record_review": "recordReview"},
    "backend.summaries.actions.drafting": {"draft_summary": "recordReading"},
    "backend.summaries.actions.issuing": {
        "record_reading": "recordReading",
        "issue_summary": "issueSummary",
    },
    "backend.summaries.actions.pulling": {
        "list_summaries": "listSummaries",
        "get_summary": "getSummary",
    },
    "backend.walls.actions": {
        "set_wall": "setWall",
        "list_walls": "listWalls",
        "end_wall": "endWall",
    },
    "backend.walls.glass": {
        "ask_break_glass": "askBreakGlass",
        "list_break_glass": "listBreakGlass",
        "let_break_glass": "letBreakGlass",
        "own_wishes": "letBreakGlass",
        "end_break_glass": "endBreakGlass",
    },
}
# These need the right of whoever signed in and of nobody else: it is their own account.
OF_ALL_STAFF = {"signOut", "prove", "changePassword", "listDevices", "endDevice"}
OF_ALL_STAFF |= {"askPasskeyProof", "proveWithPasskey", "renewRecoveryCodes"}
OF_ALL_STAFF |= {"signOutEverywhere", "enrolFactor", "confirmFactor", "listPasskeys"}
OF_ALL_STAFF |= {"enrolPasskey", "confirmPasskey", "endPasskey", "listNotices", "seeNotices"}
OF_ALL_STAFF |= {"getSupport"}
EVERY = [(file, name) for file, actions in ACTIONS.items() for name in actions]


class _NeverLookedAt:
    """Stands for whatever else an action is given."""

    def __getattr__(self, name: str) -> Any:
        if name in {"kind", "reference"}:
            return " a word "
        raise AssertionError(f"{name} was looked at before the role")


@pytest.mark.parametrize(("file", "name"), EVERY, ids=lambda one: one)
async def test_an_action_refuses_who_has_not_its_role(file: str, name: str) -> None:
    act = getattr(importlib.import_module(file), name)
    nobody = Actor(uuid4(), "staff", "XX", uuid4())
    needed = [
        word
        for word in list(inspect.signature(act).parameters.values())[1:]
        if word.default is inspect.Parameter.empty
    ]
    values = [_NeverLookedAt() for word in needed if word.kind is not word.KEYWORD_ONLY]
    named = {word.name: _NeverLookedAt() for word in needed if word.kind is word.KEYWORD_ONLY}
    with pytest.raises(NotYourRole):
        await act(nobody, *values, **named)


def test_every_operation_is_of_an_action_that_is_tried_here() -> None:
    tried = {operation for actions in ACTIONS.values() for operation in actions.values()}
    assert OPERATIONS.keys() - tried == OF_ALL_STAFF


def test_a_role_has_the_operations_of_its_lines_and_no_other() -> None:
    for operation, roles in OPERATIONS.items():
        for role in (
            "SW",
            "CO",
            "PO",
            "PS",
            "CP",
            "CS",
            "TR",
            "AD",
            "AU",
            "DP",
            "CT",
            "ME",
            "PE",
            "LR",
            "XX",
        ):
            actor = Actor(uuid4(), "staff", role, None)
            if role in roles:
                require(actor, operation)
                continue
            with pytest.raises(NotYourRole):
                require(actor, operation)
