"""If-Match on every change: 428 without, 412 when stale, and 404 before either where it counts."""

import asyncio
from uuid import uuid4

from tests.backend.acts import FOR_EVERYBODY, OF_ACCOUNT, OF_AGENCY, bare
from tests.backend.scene import a_scene
from tests.world import World

PROBLEM = "urn:throughcare:problem:"
# These make a row, and never touch one that is there.
MAKES = {
    "openPlan",
    "planAppointment",
    "logContact",
    "addCircleMember",
    "recordConsent",
    "discloseTo",
    "createInvitation",
    "recordReading",
    "issueSummary",
    "setWall",
    "setLegalHold",
    "raiseSafetyFlag",
    "protectAddress",
    "recordFlow",
    "handOver",
    *("draftTemplate", "expectSummary"),
    "letManyGo",
    "addCalendar",
    "askBreakGlass",
    "inviteColleague",
    "recordIncident",
    "recordComplaint",
    "askErasure",
    *("sayGoal", "beginNeedsReview", "recordShortReview", "noteLifeChange"),
    *("planMeeting", "noteShared", "decideAtMeeting", "addToMinutes"),
    *("nameRelative", "addMentor", "addClub", "nameWelcome"),
}
# These do touch one, and ask for no version, each for its reason.
WITHOUT_VERSION = {
    "withdrawConsent": "a no is never refused for being late; the row has one change in its life",
    "undoContact": "a contact has one change in its life: it is gone",
    "bindCourtFile": "binds or ends by the court's own reference, and no other value is in it",
    "checkWelcome": "the step is open or it is not: whoever asked before has closed it",
    "setSupport": "names one human in the place of whoever was named, and no other value is in it",
    "setDutyRota": "names the whole span that it replaces; there is no row that one could read",
    "findPerson": "it reads, and what is asked stands in no address",
    "previewAmnesty": "likewise",
    "previewShape": "likewise",
    "previewRelease": "likewise; it answers with the version that a move will ask for",
    "signIn": "a session is no row of a plan",
    "refreshSession": "likewise",
    "acceptInvitation": "a code that works once has no version",
    "courtToken": "a session is no row of a plan",
    "signOut": "likewise",
    "askPasskey": "what is drawn is good once",
    "signInWithPasskey": "a session is no row of a plan",
    **dict.fromkeys(
        OF_ACCOUNT - {"listDevices", "listPasskeys", "listNotices", "getFeed", "getSupport"},
        "an account is no row of a plan",
    ),
}
STALE = ["0", '"0"', '"999999999"', "99999999999999999999", '"abc"', "*", 'W/"1"', '"1", "2"', ""]


async def test_every_change_asks_for_the_version_that_was_seen(world: World) -> None:
    scene = await a_scene(world)
    changes = {one.operation for one in scene.acts.values() if one.changes}
    writes = {one.operation for one in [*scene.acts.values(), *FOR_EVERYBODY]}
    writes -= {one.operation for one in scene.acts.values() if one.method == "GET"}
    assert writes - changes - {"healthLive", "healthReady", "readFeed"} == MAKES | set(
        WITHOUT_VERSION
    )
    for operation in changes:
        act, caller = scene.acts[operation], scene.caller(operation)
        missing = await bare(caller, act, {"Idempotency-Key": str(uuid4())})
        assert (missing.status_code, missing.json()["type"]) == (428, PROBLEM + "version-missing")
        for seen in STALE:
            headers = {"Idempotency-Key": str(uuid4()), "If-Match": seen}
            stale = await bare(caller, act, headers)
            assert (stale.status_code, stale.json()["type"]) == (
                412,
                PROBLEM + "version-stale",
            ), (operation, seen)


async def test_a_change_takes_the_version_that_was_seen_and_answers_the_next(world: World) -> None:
    scene = await a_scene(world)
    for operation in ("changeMilestone", "changeAppointment", "acknowledgeTask", "changePlanState"):
        act = scene.acts[operation]
        done = await act.by(scene.caller(operation))
        assert done.status_code == 200, (operation, done.text)
        assert done.json()["version"] == (act.seen or 0) + 1
        assert done.headers["etag"] == f'"{done.json()["version"]}"'
        again = await act.by(scene.caller(operation))
        assert again.status_code == 412


async def test_of_two_changes_at_once_one_is_stale(world: World) -> None:
    scene = await a_scene(world)
    act, worker = scene.acts["changeMilestone"], scene.docket.worker
    await worker.sign_in()
    bodies = [{"state": "done"}, {"state": "in_progress"}] * 5
    answers = await asyncio.gather(
        *(worker.patch(act.url, body, version=act.seen) for body in bodies)
    )
    assert sorted(one.status_code for one in answers) == [200] + [412] * 9


async def test_of_two_at_once_with_one_version_one_has_an_effect_whatever_is_changed(
    world: World,
) -> None:
    scene = await a_scene(world)
    # a visit adds a card; the rows that it ticks carry versions of their own
    for operation in [one.operation for one in scene.acts.values() if one.changes]:
        if operation == "recordVisit":
            continue
        act, caller = await scene.act(operation), scene.caller(operation)
        version = {"If-Match": f'"{act.seen}"'}
        both = [bare(caller, act, {**version, "Idempotency-Key": str(uuid4())}) for _ in range(2)]
        done, late = sorted(one.status_code for one in await asyncio.gather(*both))
        # whose mandate has ended with it finds nothing; a wish that is used up is none any more,
        # and the plan's version stays, for others read it
        assert done == 200, (operation, done, late)
        used_up = {409} if operation == "eraseVoluntary" else set()
        assert late in {404, 412} | used_up, (operation, done, late)


async def test_a_stranger_with_a_stale_version_is_told_that_there_is_nothing(world: World) -> None:
    scene = await a_scene(world)
    strangers = {role: await world.somebody(role) for role in ("SW", "CO", "PO")}
    elsewhere = await world.an_agency(name="Elsewhere")
    afar = {role: await world.somebody(role, agency=elsewhere) for role in ("AD", "CO", "DP")}
    for operation, act in scene.acts.items():
        if not act.changes:
            continue
        caller = scene.caller(operation)
        role = next(role for role, one in scene.callers.items() if one is caller)
        stranger = (afar if role not in strangers or operation in OF_AGENCY else strangers)[role]
        for seen in ('"1"', '"999999999"', 'W/"1"', ""):
            headers = {"Idempotency-Key": str(uuid4()), "If-Match": seen}
            answer = await bare(stranger, act, headers)
            assert answer.status_code == 404, (operation, seen, answer.text)
            never = await bare(stranger, act.on(str(uuid4())), headers)
            assert never.content == answer.content
