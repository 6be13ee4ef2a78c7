"""Every subject on every route on every kind of object, and what may come of it.

The seven things that are looked at: the status; that what is another's answers like what never
was, byte for byte; that nothing changed; that every read has its audit row; that no canary of
another plan is in any byte; that the keys are the reader's and no others; that each list is
the set that the fixtures say.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from litestar.routes import HTTPRoute

from backend.access import OPERATIONS
from backend.app import PUBLIC_OPERATIONS
from backend.database import transaction
from backend.doors import FILE, PAGE
from tests.authz.lines import LINES, Line
from tests.authz.subjects import CANARY, Cast, Subject, a_cast
from tests.backend.acts import RIGHTS, Act
from tests.plan_rows import PLAN_ROWS
from tests.world import APP, World

pytestmark = pytest.mark.authz

STRANGE = ("0", "null", "..%2f")
SIDE_DOORS = {"If-None-Match": "*", "Range": "bytes=0-10", "Accept": "text/csv"}
READS = {
    *("getPlan", "listPlans", "milestoneHistory", "listTasks", "listAccess", "listWalls"),
    *("listBreakGlass", "draftSummary", "listLegalHolds", "listColleagues", "listSafety"),
    *("findPerson", "listFlows", "previewRelease", "listCalendars", "proposeDays"),
    *("listTemplates", "getTemplate", "exportTemplate", "getPlanTemplate", "previewShape"),
    "listSummariesDue",
    *("getResponsibility", "getMilestone", "listClaims", "previewAmnesty"),
    *("listGoals", "listNeedsReviews", "listMeetings", "getAppointment"),
    *("listContacts", "getPathways"),
    *("listRelatives", "listMentors", "listSupport", "listClubs", "listWelcomes"),
    *("printSheet", "drawTimeline", "listAmnesties", "printAmnesty"),
    *("listIncidents", "draftNotice", "listComplaints", "listAgencyHolds"),
    *("listProofs", "listRecord", "listReviews"),
    *("listAgencyMandates", "listAgencyConsents", "countRecords"),
}
# A PDF, a picture and a table have no keys; tests of their own look.
DRAWN = {"printAmnesty", "printSheet", "drawTimeline", "exportTemplate"}
# Nobody is told through these whether something is there: they name none.
WITHOUT_OBJECT = {
    *("openPlan", "listPlans", "listTasks", "createInvitation", "setDutyRota", "signOut"),
    *("askBreakGlass", "listBreakGlass", "listColleagues", "inviteColleague", "findPerson"),
    *("listFlows", "recordFlow", "listCalendars", "addCalendar", "listClaims"),
    *("previewAmnesty", "letManyGo", "listTemplates", "draftTemplate", "listAmnesties"),
    *("listMentors", "addMentor", "listSupport", "listClubs", "addClub"),
    *("recordIncident", "listIncidents", "listComplaints"),
    *("listAgencyHolds", "listProofs", "listRecord", "listReviews"),
    *("listAgencyMandates", "listAgencyConsents", "countRecords"),
}
NOT_WALKED = {"signOut": "it would end the subject; its own tests end sessions"}


def _operations() -> set[str]:
    """From the live routes, not from the document: a hidden route is a route."""
    found = set()
    for route in APP.routes:
        assert isinstance(route, HTTPRoute)
        for handler in route.route_handlers:
            page = handler.opt.get(PAGE) or handler.opt.get(FILE)
            if not page and handler.resolve_include_in_schema():
                found.add(str(handler.operation_id))
    return found


def test_every_route_has_a_reviewed_line_and_every_line_a_route() -> None:
    routes = _operations() - PUBLIC_OPERATIONS - {"healthLive", "healthReady"}
    assert LINES.keys() == routes


def test_the_lines_and_the_program_agree_on_the_roles() -> None:
    for operation, line in LINES.items():
        assert OPERATIONS[RIGHTS.get(operation, operation)] == line.roles, operation


@dataclass
class Walk:
    cast: Cast
    counts: Counter[str] = field(default_factory=Counter)

    async def send(self, act: Act, who: Subject) -> httpx.Response:
        answer = await act.by(who.caller)
        self.counts["requests"] += 1
        assert answer.status_code < 500, (act.operation, who.name, answer.text)
        self.no_canary(answer, act.operation, who)
        return answer

    def no_canary(self, answer: httpx.Response, operation: str, who: Subject) -> None:
        if who.caller is not self.cast.head:
            told = answer.text + str(answer.headers)
            assert CANARY not in told, (operation, who.name)

    async def denied(self, line: Line, act: Act, who: Subject) -> None:
        """What is another's, and what never was, in the same bytes."""
        expected = 401 if not who.signed_in else 404 if who.role in line.roles else 403
        foreign = await self.send(act, who)
        assert foreign.status_code == expected, (line.operation, who.name, foreign.text)
        if act.ids:
            never = await self.send(act.on(str(uuid4())), who)
            assert _bytes(foreign) == _bytes(never), (line.operation, who.name)
            # whoever is turned away before anything is looked for is turned away from all of it
            for strange in STRANGE if expected == 404 else ():
                answer = await self.send(act.on(strange), who)
                assert answer.status_code in {401, 403, 404, 400}, (line.operation, who.name)
        self.counts["denied"] += 1

    async def read(self, line: Line, act: Act, who: Subject) -> None:
        """The keys that are this reader's, an audit row, and no way to be told more."""
        before = await self.rows(act.operation, who)
        answer = await self.send(act, who)
        assert answer.status_code == 200, (line.operation, who.name, answer.text)
        assert await self.rows(act.operation, who) > before, (line.operation, who.name)
        if line.operation not in DRAWN:
            self.keys(line, who, answer.json())
        for name, value in SIDE_DOORS.items():
            asked = await act.by(who.caller, headers={name: value})
            assert asked.status_code in {200, 206, 304, 406}, (line.operation, name)
            self.no_canary(asked, line.operation, who)
        self.counts["read"] += 1

    def keys(self, line: Line, who: Subject, answer: Any) -> None:
        expected = line.keys(who.role or "")
        if expected is None:
            return
        must, may = expected
        assert must <= set(answer) <= must | may, (line.operation, who.name, set(answer) ^ must)
        wrong = list(line.wrong_parts(who.role or "", answer))
        assert not wrong, (line.operation, who.name, wrong[:2])
        self.counts["key sets"] += 1

    async def rows(self, operation: str, who: Subject) -> int:
        found = await self.cast.world.sql(
            "SELECT count(*) AS n FROM audit WHERE operation = $1 AND actor = $2"
            " AND outcome = 'done'",
            RIGHTS.get(operation, operation) if operation != "draftSummary" else operation,
            who.caller.id,
        )
        return int(found[0]["n"])


def _bytes(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    unlike = {"x-request-id", "date"}
    headers = {name: value for name, value in answer.headers.items() if name not in unlike}
    return answer.status_code, answer.content, headers


async def _everything(world: World) -> dict[str, str]:
    """A hash of each table that a refused request must leave as it is."""
    tables = await world.sql(
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
        " AND tablename NOT IN ('audit', 'session', 'refresh_token', 'migration',"
        " 'sign_in_failure', 'audit_seal', 'audit_head', 'denial', 'device',"
        " 'recent_act') ORDER BY 1"
    )
    hashed = {}
    for name in (table["name"] for table in tables):
        rows = await world.sql(f"SELECT t::text AS row FROM {name} t ORDER BY 1")
        hashed[name] = hashlib.sha256("".join(row["row"] for row in rows).encode()).hexdigest()
    return hashed


async def test_nobody_gets_further_than_their_line(
    world: World, record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    cast = await a_cast(world)
    walk = Walk(cast)
    before = await _everything(world)
    for who in cast.subjects:
        for operation, line in LINES.items():
            if operation in NOT_WALKED or line.own == "file":
                continue
            await _one(walk, line, who)
    assert await _everything(world) == before
    for name, count in walk.counts.items():
        record_property(name, count)
    with capsys.disabled():
        print(f"\nauthz: {len(cast.subjects)} subjects, {len(LINES)} lines, {dict(walk.counts)}")  # noqa: T201
    assert walk.counts["denied"] > 500
    assert walk.counts["key sets"] > 30


async def _one(walk: Walk, line: Line, who: Subject) -> None:
    act = walk.cast.scene.acts[line.operation]
    may = who.signed_in and who.role in line.roles
    if line.own in {"agency", "review"}:
        # what is an agency's own: nothing of it is walked that would end something
        theirs = not who.afar and (who.role == "DP" or line.own == "agency")
        await _of_house(walk, line, act, who, may=may and theirs)
        return
    if line.operation in WITHOUT_OBJECT or line.own == "account":
        await _of_house(walk, line, act, who, may=may)
        return
    if not (may and who.holds):
        await walk.denied(line, act, who)
    elif line.operation in READS and line.own == "mandate":
        await walk.read(line, act, who)
    # another plan of the same agency: nobody's of this scene but the coordinator's, who was there
    if who.caller is not walk.cast.head:
        await walk.denied(line, walk.cast.other.acts[line.operation], who)


async def _of_house(walk: Walk, line: Line, act: Act, who: Subject, *, may: bool) -> None:
    if not may:
        await walk.denied(line, act, who)
    elif line.operation in READS:
        await walk.read(line, act, who)


async def test_each_list_is_the_set_that_the_fixtures_say(world: World) -> None:
    cast = await a_cast(world)
    mine, other = cast.plan, cast.other.docket.plan
    # the head of the first scene was there when the second plan was opened
    spares, others = cast.scene.spares, cast.other.spares
    more = {
        cast.head.id: {mine, other, *spares, *others},
        cast.scene.docket.worker.id: {mine, *spares},
    }
    for who in cast.subjects:
        if not who.signed_in or who.role not in LINES["listPlans"].roles:
            continue
        expected = more.get(who.caller.id, {mine} if who.holds else set())
        listed = {line["id"] for line in (await who.caller.get("/plans")).json()["plans"]}
        assert listed == expected, who.name
        tasks = (await who.caller.get("/tasks")).json()["tasks"]
        assert {task["plan"] for task in tasks} <= expected, who.name
        assert who.caller.id
        await _rows_below(who.caller.id, {UUID(plan) for plan in expected}, who.name)


async def _rows_below(actor: UUID, expected: set[UUID], name: str) -> None:
    """The second line alone: the same set in every table, whatever SQL is sent."""
    async with transaction(actor) as held:
        for table, column in PLAN_ROWS.items():
            rows = await held.fetch(f"SELECT DISTINCT {column} AS plan FROM {table}")
            seen = {row["plan"] for row in rows} - {None}
            assert seen <= expected, (name, table)
        plans = await held.fetch("SELECT id FROM plan")
        assert {row["id"] for row in plans} == expected, name


async def test_a_court_gets_the_files_that_are_bound_to_it_and_no_other(world: World) -> None:
    cast = await a_cast(world)
    for operation in ("listSummaries", "getSummary"):
        act = cast.scene.acts[operation]
        own = await act.by(cast.courts["own"].caller)
        assert own.status_code == 200, own.text
        assert CANARY not in own.text
        for name in ("of another agency", "of the same agency"):
            foreign = await act.by(cast.courts[name].caller)
            path = act.url.replace("2031", "2099")
            never = await cast.courts[name].caller.get(path)
            assert _bytes(foreign) == _bytes(never), (operation, name)
            assert foreign.status_code == 404
        for who in cast.subjects:
            if who.caller is not cast.scene.docket.court.caller:
                answer = await act.by(who.caller)
                assert answer.status_code == 401, (operation, who.name)


async def test_an_id_of_one_plan_opens_nothing_under_another(world: World) -> None:
    """A worker of both: the path names one plan, the body something of the other."""
    cast = await a_cast(world)
    worker, other = cast.scene.docket.worker, cast.other
    login = {"role": "SW", "login": worker.login}
    joined = await other.docket.worker.post(f"/plans/{other.docket.plan}/circle", login)
    assert joined.status_code == 201, joined.text
    there = (await world.plan(worker, other.docket.plan))["milestones"][0]["id"]
    body = {
        "role": "SW",
        "held_on": "2031-03-03",
        "held_at": "10:00:00",
        "milestone": there,
    }
    for path, wrong in (
        (f"/plans/{cast.plan}/appointments", body),
        (f"/plans/{cast.plan}/disclosures", _told(other)),
        (f"/plans/{cast.plan}/consents", _yes(other)),
    ):
        answer = await worker.post(path, wrong)
        assert answer.status_code == 404, (path, answer.text)


def _member_of(scene: Any) -> str:
    recipient: str = scene.acts["discloseTo"].body["recipient"]
    return recipient


def _told(scene: Any) -> dict[str, Any]:
    return {**scene.acts["discloseTo"].body, "recipient": _member_of(scene)}


def _yes(scene: Any) -> dict[str, Any]:
    return {
        "kind": "channel",
        "language": "en",
        "subject": _member_of(scene),
        "channel": "telegram",
    }
