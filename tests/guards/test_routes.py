"""Every route is known here: who may call it, and that nobody else gets in."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from backend.access import OPERATIONS
from backend.app import (
    PUBLIC_DOCUMENTS,
    PUBLIC_OPERATIONS,
    PUBLIC_PAGES,
    create_app,
)
from backend.doors import COURT, FILE, PAGE, PUBLIC
from backend.reference import document
from tests.backend.acts import FOR_EVERYBODY, RIGHTS
from tests.backend.scene import a_scene
from tests.world import APP, World

_CONTRACT = """
signIn refreshSession signOut openPlan getPlan listPlans changePlanState moveReleaseDate
changeMilestone milestoneHistory planAppointment changeAppointment logContact listTasks
acknowledgeTask closeTask addCircleMember endMandate recordConsent withdrawConsent discloseTo
createInvitation confirmLink cutLink setDutyRota bindCourtFile recordReading issueSummary
listAccess recordLeftCustody recordVisit courtToken listSummaries getSummary
"""
CONTRACT = frozenset(_CONTRACT.split())
BEYOND = {
    "healthLive": "for whoever watches the process",
    "healthReady": "likewise",
    **dict.fromkeys(("setWall", "listWalls", "endWall"), "who is kept from a person's plans"),
    **dict.fromkeys(
        ("askBreakGlass", "listBreakGlass", "letBreakGlass", "endBreakGlass"),
        "a plan that is not one's own, for four hours, with a second person",
    ),
    **dict.fromkeys(("askErasure", "endErasureWish"), "it takes two to erase somebody"),
    **dict.fromkeys(
        ("listReviews", "recordReview"), "what a small agency owes instead of a second person"
    ),
    **dict.fromkeys(
        ("undoMilestone", "undoContact"), "who tapped on the wrong row takes it back at once"
    ),
    "printSheet": "who is inside has no phone: what concerns them is on paper",
    "drawTimeline": "a plan is seen at once",
    "eraseVoluntary": "the same for what was chosen, while what was ordered has to stay",
    "erasePerson": "the right to be forgotten, and what an agency owes by law",
    **dict.fromkeys(
        ("listFlows", "recordFlow", "confirmFlow", "endFlow"),
        "the data-flow registry: no entry, no flow",
    ),
    **dict.fromkeys(
        ("listCalendars", "addCalendar", "changeCalendar", "proposeDays"),
        "on which days offices of a place are closed, as a human confirmed",
    ),
    **dict.fromkeys(
        (
            *("listTemplates", "getTemplate", "exportTemplate", "draftTemplate", "importTemplate"),
            *("changeTemplateRow", "removeTemplateRow", "publishTemplate"),
        ),
        "what plans begin with is the agency's to change",
    ),
    **dict.fromkeys(
        ("getPlanTemplate", "previewShape", "reshapePlan"),
        "an open plan moves to a newer template, or to other overlays",
    ),
    **dict.fromkeys(
        ("listSummariesDue", "expectSummary", "moveSummaryDue", "dropSummaryDue"),
        "by which day a court is to have a summary",
    ),
    **dict.fromkeys(
        ("handOver", "takeOver", "getResponsibility"),
        "a worker changes, and no day is without one",
    ),
    **dict.fromkeys(
        ("listMeetings", "planMeeting", "changeMeeting", "setAgenda", "answerMeeting"),
        "some of a circle meet: on a basis, for an aim, named",
    ),
    **dict.fromkeys(
        ("holdMeeting", "noteShared", "decideAtMeeting", "answerDecision"),
        "what was told to whom, and what somebody has taken on",
    ),
    **dict.fromkeys(
        ("writeMinutes", "approveMinutes", "addToMinutes"), "what was approved stays as it is"
    ),
    "getAppointment": "a date that moved knows what it was before",
    **dict.fromkeys(
        ("makeFeed", "getFeed", "endFeed", "readFeed"),
        "one's own calendar app: alias and hour, by a link that is kept by nobody",
    ),
    **dict.fromkeys(("setLegalHold", "listLegalHolds", "endLegalHold"), "what stops an erasure"),
    **dict.fromkeys(
        ("listRelatives", "nameRelative", "changeRelative"),
        "who of a family may be spoken to, before anybody is",
    ),
    **dict.fromkeys(
        ("listMentors", "addMentor", "changeMentor", "endMentor", "announceEnding"),
        "who may be given somebody, how many people, and a planned end",
    ),
    **dict.fromkeys(
        ("listClubs", "addClub", "changeClub", "endClub"),
        "who in the place welcomes people; whom, stands nowhere",
    ),
    **dict.fromkeys(
        ("listWelcomes", "nameWelcome", "changeWelcome", "endWelcome", "checkWelcome"),
        "who welcomes somebody, once both said yes, and until either says no",
    ),
    **dict.fromkeys(
        ("listSupport", "setSupport", "getSupport"),
        "who helps has one human to call, and a coordinator sees who carries much",
    ),
    "findPerson": "a worker knows a name, and a list may be long",
    **dict.fromkeys(
        ("listSafety", "raiseSafetyFlag", "lowerSafetyFlag"), "who may be harmed, and by being told"
    ),
    **dict.fromkeys(("protectAddress", "endProtectedAddress"), "where nobody may find somebody"),
    **dict.fromkeys(
        ("recordIncident", "listIncidents", "amendIncident", "draftNotice", "recordNotice"),
        "what an agency owes when something happened to its data",
    ),
    "closeIncident": "likewise",
    **dict.fromkeys(
        ("recordComplaint", "listComplaints", "answerComplaint"),
        "what was not right about the service, and its answer",
    ),
    **dict.fromkeys(
        ("listAgencyHolds", "listProofs", "listRecord"),
        "what a data-protection officer looks at: ids",
    ),
    **dict.fromkeys(
        ("listAgencyMandates", "listAgencyConsents"), "what an auditor looks at: ids and instants"
    ),
    "countRecords": "how much there was, for whoever audits or runs the service",
    "prove": "step-up before what would hurt most in a thief's hands",
    "changePassword": "an account is its holder's, and nobody else knows its password",
    "listDevices": "who has lost a phone sees it in a list",
    "endDevice": "and ends what is signed in on it",
    "signOutEverywhere": "likewise, for all at once",
    "enrolFactor": "a second factor for all staff",
    "confirmFactor": "it counts once its first code was seen",
    **dict.fromkeys(
        ("askPasskey", "signInWithPasskey", "listPasskeys", "enrolPasskey", "confirmPasskey"),
        "a second factor that no false page can ask for",
    ),
    **dict.fromkeys(
        ("askPasskeyProof", "proveWithPasskey"), "step-up by what no false page can ask for"
    ),
    "renewRecoveryCodes": "who has lost the paper, or used it up, makes another",
    "endPasskey": "who has lost its device takes its passkey away",
    **dict.fromkeys(
        ("listNotices", "seeNotices"), "one is told of a new device and of a changed way in"
    ),
    **dict.fromkeys(
        ("inviteColleague", "acceptInvitation", "endAccountInvitation"),
        "an account is made by its holder, and nobody else knows its password",
    ),
    "listColleagues": "who can sign in here, for whoever leads",
    "endAccount": "who leaves is out at once",
    "getMilestone": "who knows of a row that it happened, and what it waits for",
    "getPathways": "how far each part has come is seen at once",
    "listContacts": "a worker reads who reached the person, others what they logged",
    "listClaims": "what was said by chat is no fact until a worker has seen to it",
    "previewRelease": "what a move would do is seen before somebody answers for it",
    **dict.fromkeys(
        ("previewAmnesty", "letManyGo", "listAmnesties", "printAmnesty"),
        "a decision for many is carried out for each",
    ),
    "unplannedRelease": "whoever is let go within the hour is met by what cannot wait",
    "returnToCustody": "back in custody: mute at once, one tap, and no reason",
    "reopenPlan": "what was prepared is kept, and every yes is asked again",
    "endSilently": "after a death no machine says a word, and humans do",
    **dict.fromkeys(
        ("listGoals", "sayGoal", "endGoal"), "what the person wants, in words that nobody edits"
    ),
    **dict.fromkeys(
        ("listNeedsReviews", "beginNeedsReview", "saveNeedsArea", "closeNeedsReview"),
        "what goes well and what is needed: two columns, and no number",
    ),
    "agreeStep": "what both agree on is a row of the plan",
    "recordShortReview": "a talk of ten minutes is written down by one form",
    "noteLifeChange": "a worker is asked to talk again, and nobody is told why",
    "draftSummary": "what is read to the person has to be seen first; recordReading names it",
}
# Rights that belong to a page and not to an operation of the API.
OF_PAGES = {"readIncoming", "createEntryPass", "listEntryPasses", "endEntryPass", "readFile"}
OF_PAGES |= {"stopContact"}
OF_PAGES |= {"sayOwnGoal", "askCorrection", "listCorrections", "answerCorrection"}


def _routes() -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Method, path and handler of everything that is served, but for what answers OPTIONS."""
    for route in APP.routes:
        assert isinstance(route, HTTPRoute), f"{route.path} is no HTTP route"
        for handler in route.route_handlers:
            for method in handler.http_methods:
                if method != "OPTIONS":
                    yield str(method), route.path, handler


def _is_page(handler: HTTPRouteHandler) -> bool:
    return bool(handler.opt.get(PAGE) or handler.opt.get(FILE))


def test_the_operations_are_those_of_the_contract_and_no_other() -> None:
    known = {handler.operation_id for _, path, handler in _routes() if _in_document(handler)}
    assert known == CONTRACT | BEYOND.keys()


def _in_document(handler: HTTPRouteHandler) -> bool:
    return handler.resolve_include_in_schema()


def test_what_is_served_is_in_the_document_or_on_a_reviewed_list() -> None:
    documented = {
        (method.upper(), operation["operationId"])
        for methods in document(APP)["paths"].values()
        for method, operation in methods.items()
    }
    live = {(method, handler.operation_id) for method, _, handler in _routes()}
    hidden = {(m, path) for m, path, handler in _routes() if not _in_document(handler)}
    assert documented == {one for one in live if one[1] in CONTRACT | BEYOND.keys()}
    outside = {path for _, path in hidden if path.split("/")[1] not in {"desk", "file"}}
    assert outside == PUBLIC_DOCUMENTS | {"/"}


def test_what_is_open_to_everybody_is_on_a_reviewed_list() -> None:
    public = [(path, handler) for _, path, handler in _routes() if handler.opt.get(PUBLIC)]
    operations = {handler.operation_id for _, handler in public if _in_document(handler)}
    assert operations == PUBLIC_OPERATIONS
    pages = {path for path, handler in public if not _in_document(handler)}
    assert pages == PUBLIC_PAGES | PUBLIC_DOCUMENTS
    # nothing is opened by a pattern over paths: only by the mark on its own handler
    assert not getattr(APP, "exclude", None)


def test_every_operation_that_needs_a_role_has_a_line_that_says_which() -> None:
    protected = (CONTRACT | BEYOND.keys()) - PUBLIC_OPERATIONS - RIGHTS.keys()
    assert OPERATIONS.keys() - OF_PAGES == protected


async def test_every_other_route_refuses_the_anonymous(world: World) -> None:
    await world.an_agency()
    refused = 0
    transport = httpx.ASGITransport(app=APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        for method, path, handler in _routes():
            if handler.opt.get(PUBLIC):
                continue
            url = "/".join(str(uuid4()) if "{" in part else part for part in path.split("/"))
            for headers in _no_right():
                answer = await client.request(method, url, headers=headers, json={})
                _is_refused(answer, method, path, page=_is_page(handler))
                refused += 1
    assert refused > 200


def _no_right() -> list[dict[str, str]]:
    return [
        {},
        {"Authorization": "Bearer " + "x" * 43},
        {"Cookie": "throughcare=" + "x" * 43},
        {"Cookie": "throughcare-file=" + "x" * 43},
        {"Authorization": "Basic YTpi", "X-Forwarded-For": "127.0.0.1", "X-User": "admin"},
    ]


def _is_refused(answer: httpx.Response, method: str, path: str, *, page: bool) -> None:
    if page:  # a browser is sent to the sign-in; a form of nobody's is none of ours
        to_sign_in = answer.headers.get("location", "").startswith(("/desk/sign-in", "/file/enter"))
        assert to_sign_in or answer.status_code in {400, 401, 403}, (method, path)
        return
    assert answer.status_code == 401, (method, path, answer.status_code)
    assert answer.json()["type"] == "urn:throughcare:problem:not-signed-in"


async def test_a_token_of_staff_opens_no_door_of_a_court_and_the_reverse(world: World) -> None:
    scene = await a_scene(world)
    # the walks over all operations (keys, versions, scope, malformed bodies) stand on these acts
    assert scene.acts.keys() | {act.operation for act in FOR_EVERYBODY} == CONTRACT | BEYOND.keys()
    for _, _, handler in _routes():
        operation = handler.operation_id
        if operation not in scene.acts:
            continue
        court = bool(handler.opt.get(COURT))
        wrong = scene.docket.worker if court else scene.docket.court.caller
        answer = await scene.acts[operation].by(wrong)
        assert answer.status_code == 401, operation


def test_without_the_document_every_route_of_the_api_is_still_there() -> None:
    closed = {(route.path, *sorted(route.methods)) for route in create_app(docs=False).routes}
    every = {(route.path, *sorted(route.methods)) for route in APP.routes}
    assert {one[0] for one in every - closed} == PUBLIC_DOCUMENTS
