"""Every field of an answer belongs to a group of the matrix, or is on a list that was looked at."""

from collections.abc import Iterator
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from backend.access import OPERATIONS
from backend.doors import FILE, PAGE, PUBLIC
from backend.matrix import MATRIX, ROLES, cell, marked, readers
from tests.world import APP

# Answers that say nothing of anybody, or that are cut in whole: who may ask for them at all has
# been looked at where they are made.
WHOLE = {
    "WrittenView": "an id and a version, to who wrote it",
    "InvitationView": "to who invited, once",
    **dict.fromkeys(
        ("DeviceView", "DeviceListView", "FactorView", "RecoveryView"), "to its holder"
    ),
    **dict.fromkeys(
        ("PasskeyView", "PasskeysView", "AccountNoticeView", "AccountNoticesView", "OptionsView"),
        "likewise",
    ),
    **dict.fromkeys(
        ("ColleagueView", "WaitingView", "ColleaguesView"), "accounts: to who leads the agency"
    ),
    "InvitedView": "to who invited",
    "MilestoneView": "its rows are cut by the rules; what is a detail is marked",
    "MemberView": "MemberView.of gives each name by the group of its role",
    "IdentityView": "the field that holds it is marked",
    **dict.fromkeys(
        ("AppointmentView", "DateView", "ChainedDate"),
        "one's own, or the workers'; who asked for another time, and why, the workers'",
    ),
    **dict.fromkeys(("FeedView", "MadeFeedView"), "to its holder"),
    "WallView": "to the workers",
    "LegalHoldView": "to the workers of the plan's own agency",
    **dict.fromkeys(("SafetyView", "FlagView", "AddressView"), "to the workers"),
    **dict.fromkeys(
        ("CalendarView", "SeasonOf", "ProposalView"), "days of a place, and nobody's data"
    ),
    **dict.fromkeys(
        ("ResponsibilityView", "HandoverView", "SpanView"), "to the workers of the plan"
    ),
    **dict.fromkeys(
        ("AmnestyView", "LineView"), "what the coordinator typed, and aliases of their own plans"
    ),
    **dict.fromkeys(
        ("BatchView", "SpokenView"), "how many of their own plans speak which language"
    ),
    **dict.fromkeys(
        ("TemplateView", "TemplateVersionView", "TemplateLine", "DifferenceView"),
        "what plans begin with, and nobody's data",
    ),
    **dict.fromkeys(
        ("PlanTemplateView", "ShapePreviewView", "ReshapedRow"), "to the workers of the plan"
    ),
    "SummaryDueView": "to who drafts it: by when it is due",
    **dict.fromkeys(
        ("MeetingsView", "MeetingView", "MeetingMemberView", "MeetingItemView"),
        "to who was asked, part by part: meetings.reading cuts it",
    ),
    **dict.fromkeys(("MeetingShareView", "MeetingDecisionView"), "likewise"),
    "FlowView": "field groups and laws of an agency, and nobody's data",
    "IncidentView": "to coordinators and officers of the agency; words without a name",
    **dict.fromkeys(
        ("ColumnView", "StepView"), "of an area, whose field is marked; to the workers"
    ),
    **dict.fromkeys(
        ("GoalsView", "NeedsReviewsView", "MapView", "MentorsView", "ContactsView", "PathwaysView"),
        "a list",
    ),
    **dict.fromkeys(("ClubsView", "WelcomesView"), "a list"),
    "ReviewView": "ids, to who looks from outside",
    "NoticeView": "likewise; a text of ours with a number in it",
    "ComplaintView": "to the coordinators of the agency, but whom it is about",
    **dict.fromkeys(("AgencyHoldView", "ProofView", "RecordView"), "ids and codes, to officers"),
    "RecordListView": "likewise",
    **dict.fromkeys(("AgencyMandateView", "AgencyMandatesView"), "ids and instants, to auditors"),
    **dict.fromkeys(("AgencyConsentView", "AgencyConsentsView"), "likewise"),
    "CountsView": "numbers of an agency, given by the signs of their groups",
    "ClubContactView": "of a club, whose field is marked",
    "RelativeView": "to the social workers of the plan, and a coordinator by broken glass",
    **dict.fromkeys(("SupportView", "CareView"), "to the coordinators of the agency"),
    "OwnSupportView": "an alias, to whose it is",
    "WishView": "to the coordinator who may let it",
    "MovedRow": "rows are cut by the rules",
    "PinnedRow": "likewise",
    "PlanOpened": "to who opened it: an id, a version, words about the day",
    "DateWritten": "an id and a version, to who wrote it; words by what they see of the day",
    **dict.fromkeys(("MoveView", "PreviewView"), "its numbers are the workers'"),
    **dict.fromkeys(("WaitingMessage", "MovedQuestion"), "to the workers of a plan"),
    **dict.fromkeys(("RowView", "SayingView", "BeforeView"), "cut by the rules, row by row"),
    **dict.fromkeys(("ClaimView", "ClaimsView"), "to the workers of a plan"),
    "EventView": "rules.tells, and no words to others",
    "AccessView": "ids and words of ours, to the workers",
    "AccessListView": "likewise",
    "CaseloadView": "a list",
    "TasksView": "a list",
    "DraftView": "to who reads it to the person",
    **dict.fromkeys(
        ("Draft", "Period", "Fact", "Corrected"), "of a draft or a summary, by its own rules"
    ),
    **dict.fromkeys(("IssuedListView", "IssuedLine", "SummaryView"), "to its court"),
    **dict.fromkeys(("Content", "Author", "Attestation"), "what was issued, to its court"),
    **dict.fromkeys(("ReadTo", "PersonView", "Comment"), "likewise"),
}
# An id, a version, what a machine needs to go on.
TECHNICAL = {
    "PlanView": {"id", "circle"},
    "CaseloadLine": {"id"},
    "ContactView": {"id"},
    "GoalView": {"id", "version"},
    "MentorView": {"id", "version"},
    "ClubView": {"id", "version"},
    "WelcomeView": {"id", "version"},
    "NeedsReviewView": {"id", "seen"},
    "AreaView": {"id", "seen"},
    "TaskView": {
        *("id", "version", "kind", "step", "role", "subject", "due_at", "urgency", "opened_at"),
        *("plan", "about", "acknowledged_at"),
    },
}


def _answers() -> Iterator[type[msgspec.Struct]]:
    """Every structure that a route for signed-in staff answers with, and what it holds."""
    found: dict[str, Any] = {}
    for route in APP.routes:
        assert isinstance(route, HTTPRoute)
        for handler in route.route_handlers:
            if handler.opt.get(PUBLIC) or _is_page(handler) or not handler.operation_id:
                continue
            for kind in _structs(msgspec.inspect.type_info(_answer(handler))):
                found[kind.__name__] = kind
    yield from found.values()


def _is_page(handler: HTTPRouteHandler) -> bool:
    return bool(handler.opt.get(PAGE) or handler.opt.get(FILE))


def _answer(handler: HTTPRouteHandler) -> Any:
    field = handler.parsed_fn_signature.return_type
    return field.inner_types[0].annotation if field.inner_types else field.annotation


def _structs(info: Any) -> Iterator[type[msgspec.Struct]]:
    match info:
        case msgspec.inspect.StructType():
            yield info.cls
            for one in info.fields:
                yield from _structs(one.type)
        case msgspec.inspect.UnionType():
            for kind in info.types:
                yield from _structs(kind)
        case msgspec.inspect.ListType():
            yield from _structs(info.item_type)
        case msgspec.inspect.Metadata():
            yield from _structs(info.type)
        case _:
            return


def test_every_field_of_an_answer_has_a_group_or_was_looked_at() -> None:
    answers = {kind.__name__: kind for kind in _answers()}
    assert {"PlanView", "CaseloadLine", "TaskView", "MemberView"} <= answers.keys()
    for name, kind in answers.items():
        fields = set(kind.__struct_fields__)
        open_ = fields - marked(kind).keys() - TECHNICAL.get(name, set())
        assert not open_ or name in WHOLE, (name, sorted(open_))
    assert WHOLE.keys() <= answers.keys(), WHOLE.keys() - answers.keys()


# What an operation does, in the words of the matrix: a role has it only where its cell acts.
WRITES = {
    "openPlan": "milestones",
    "changePlanState": "release date",
    "moveReleaseDate": "release date",
    "previewRelease": "release date",
    "recordLeftCustody": "release date",
    **dict.fromkeys(("endSilently", "returnToCustody", "reopenPlan"), "release date"),
    **dict.fromkeys(("unplannedRelease", "letManyGo"), "release date"),
    "changeMilestone": "milestones",
    "undoMilestone": "milestones",
    "undoContact": "contacts",
    "planAppointment": "appointments",
    "changeAppointment": "appointments",
    "logContact": "contacts",
    "recordVisit": "contacts",
    "acknowledgeTask": "tasks",
    "closeTask": "tasks",
    "addCircleMember": "circle",
    "endMandate": "circle",
    "recordConsent": "consents",
    "withdrawConsent": "consents",
    "discloseTo": "consents",
    "setDutyRota": "rota",
    **dict.fromkeys(("handOver", "takeOver", "announceEnding"), "circle"),
    **dict.fromkeys(("planMeeting", "changeMeeting", "setAgenda", "holdMeeting"), "meetings"),
    **dict.fromkeys(("noteShared", "decideAtMeeting", "answerDecision"), "meetings"),
    **dict.fromkeys(
        ("answerMeeting", "writeMinutes", "approveMinutes", "addToMinutes"), "meetings"
    ),
    **dict.fromkeys(("nameRelative", "changeRelative"), "family"),
    "setSupport": "care",
    **dict.fromkeys(("addMentor", "changeMentor", "endMentor"), "vetting"),
    **dict.fromkeys(("addClub", "changeClub", "endClub"), "clubs"),
    **dict.fromkeys(("nameWelcome", "changeWelcome", "endWelcome", "checkWelcome"), "welcome"),
    **dict.fromkeys(("addCalendar", "changeCalendar"), "calendars"),
    "inviteColleague": "accounts",
    "endAccountInvitation": "accounts",
    "endAccount": "accounts",
    "setWall": "circle",
    "endWall": "circle",
    "erasePerson": "circle",
    "eraseVoluntary": "circle",
    "askErasure": "circle",
    "endErasureWish": "circle",
    "recordReview": "reviews",
    "setLegalHold": "circle",
    "endLegalHold": "circle",
    **dict.fromkeys(("sayGoal", "sayOwnGoal", "endGoal"), "goals"),
    **dict.fromkeys(("beginNeedsReview", "saveNeedsArea", "closeNeedsReview"), "review"),
    **dict.fromkeys(("agreeStep", "recordShortReview", "noteLifeChange"), "review"),
    "raiseSafetyFlag": "safety",
    "lowerSafetyFlag": "safety",
    "protectAddress": "safety",
    "endProtectedAddress": "safety",
    **dict.fromkeys(("recordFlow", "confirmFlow", "endFlow"), "registry"),
    **dict.fromkeys(("recordIncident", "amendIncident", "recordNotice"), "incidents"),
    "closeIncident": "incidents",
    "recordComplaint": "complaints",
    "answerComplaint": "complaints",
    "bindCourtFile": "court reference",
    "issueSummary": "summary",
    **dict.fromkeys(("expectSummary", "moveSummaryDue", "dropSummaryDue"), "milestones"),
    **dict.fromkeys(("draftTemplate", "importTemplate", "publishTemplate"), "templates"),
    **dict.fromkeys(("changeTemplateRow", "removeTemplateRow"), "templates"),
    "reshapePlan": "milestones",
    "createEntryPass": "entry passes",
    "endEntryPass": "entry passes",
    "answerCorrection": "corrections",
}
READS = {
    **dict.fromkeys(("printSheet", "printAmnesty", "listAmnesties"), "milestones"),
    "drawTimeline": "release date",
    "listAccess": "access",
    "listTasks": "tasks",
    "listClaims": "milestone detail",
    "listColleagues": "accounts",
    "listFlows": "registry",
    "getResponsibility": "circle",
    "listMeetings": "meetings",
    "listCalendars": "calendars",
    **dict.fromkeys(("listTemplates", "getTemplate", "exportTemplate"), "templates"),
    "getPlanTemplate": "milestone detail",
    "previewShape": "milestone detail",
    "listSummariesDue": "summary draft",
    "listSafety": "safety",
    "listRelatives": "family",
    "listMentors": "mentor",
    "listClubs": "clubs",
    "listWelcomes": "welcome",
    "getSupport": "care",
    "listContacts": "contacts",
    "getPathways": "milestone detail",
    "listGoals": "goals",
    "listNeedsReviews": "review",
    "listReviews": "reviews",
    **dict.fromkeys(("listIncidents", "draftNotice"), "incidents"),
    "listComplaints": "complaints",
    "listProofs": "proofs",
    "listRecord": "record",
    "listAgencyMandates": "circle",
    "listAgencyConsents": "consents",
    "findPerson": "identity",
    "readIncoming": "chat text",
    "getSummary": "summary",
    "listEntryPasses": "entry passes",
    "listCorrections": "corrections",
    "readFile": "milestones",
    "askCorrection": "corrections",
}


# Who only reads the date may do these: they say nothing of a date, or are said with the person.
OF_COORDINATORS_TOO = {"changePlanState", "endSilently", "returnToCustody", "reopenPlan"}
OF_COORDINATORS_TOO |= {"unplannedRelease", "letManyGo"}


def test_an_operation_is_of_no_role_that_the_matrix_gives_nothing() -> None:
    for operation, group in WRITES.items():
        for role in OPERATIONS[operation]:
            assert cell(role, group).acts or cell(role, group).reads, (operation, role, group)
            if operation not in OF_COORDINATORS_TOO:
                assert cell(role, group).acts, (operation, role, group)
    for operation, group in READS.items():
        for role in OPERATIONS[operation]:
            given = cell(role, group)
            assert given.reads or given.behind_glass, (operation, role, group)
    for role in OPERATIONS["countRecords"]:
        assert cell(role, "messages").counted, role


# Who the matrix gives a group without the operation that stands for it above, and what they have.
OTHERWISE = {
    ("access", "AU"): "of the agency, listRecord",
    ("circle", "AU"): "of the agency, listAgencyMandates",
    **dict.fromkeys(
        (("circle", role) for role in ("SW", "CO", "PO", "PS", "CP", "CS", "TR")), "on a plan"
    ),
    **dict.fromkeys((("consents", role) for role in ("SW", "CO", "PO", "CP", "CS")), "on a plan"),
    **dict.fromkeys(
        (("identity", role) for role in ("PO", "PS")), "on a plan; they search nothing"
    ),
    ("chat text", "PO"): "their own, which nobody writes to them yet",
    **dict.fromkeys((("summary", role) for role in ("SW", "CO", "PO")), "as draft or as issued"),
    **dict.fromkeys(
        (("milestones", role) for role in ("SW", "CO", "PO", "PS", "CP", "TR")), "on a plan"
    ),
    ("corrections", "CO"): "a late one",
}


def test_a_role_that_the_matrix_gives_a_group_has_an_operation_for_it() -> None:
    staff = OPERATIONS["signOut"]
    for operation, group in READS.items():
        given = {role for role in staff if cell(role, group).reads} - OPERATIONS[operation]
        assert not {role for role in given if (group, role) not in OTHERWISE}, (operation, given)
    for group in set(WRITES.values()) - {"milestones", "rota"}:
        operations = [name for name, of in WRITES.items() if of == group]
        acting = frozenset().union(*(OPERATIONS[name] for name in operations))
        assert {role for role in staff if cell(role, group).acts} <= acting, group


# What no operation stands for by itself: it comes with a plan or a page, or is counted.
BESIDES = {
    "holds": {"SW", "CO"},
    "rota": {"CO", "AD", "AU", "SC"},
    "alerts": {"PE", "SW", "CO", "ME", "FA", "CP"},
    "summary draft": {"PE", "SW", "CO", "PO", "LR"},
}


def test_what_no_operation_stands_for_is_read_by_these_alone() -> None:
    for group, roles in BESIDES.items():
        assert readers(group) == roles, group


def test_the_matrix_names_fifteen_kinds_of_people_and_three_machines() -> None:
    assert len(ROLES) == 18
    for group, cells in MATRIX.items():
        assert cells.keys() == set(ROLES), group


def test_an_administrator_reads_nothing_of_any_case() -> None:
    of_the_house = {"rota", "care", "calendars", "accounts", "templates", "messages", "registry"}
    for group in MATRIX.keys() - of_the_house:
        assert not cell("AD", group).signs, group
    assert cell("AD", "messages").signs == {"n"}


def test_a_short_form_and_broken_glass_are_only_where_the_table_says_so() -> None:
    every = {(role, group): cell(role, group) for group in MATRIX for role in ROLES}
    behind = {key for key, one in every.items() if one.behind_glass}
    assert behind == {("CO", "family"), ("CO", "welcome"), ("CO", "chat text")}
    for key in behind:
        assert not every[key].reads, key
    # what the person has to disclose first is given in no form before
    assert not any(every[role, "release date"].short for role in ("ME", "FA"))
    assert all(every[role, "release date"].short for role in ("CP", "CS", "TR"))
