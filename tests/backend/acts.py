"""One request for every operation of the API that its caller may carry out, on one plan."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import httpx

from backend import clock, database
from backend.access import OPERATIONS, Actor
from backend.alerts.actions import open_task
from backend.corrections.actions import NewCorrection, ask_correction
from tests.backend import bodies, duties, helping, meet, wants
from tests.backend.authenticator import (
    Authenticator,
    a_passkey,
    options_to_enrol,
    options_to_prove,
)
from tests.backend.courts.docket import REFERENCE, Docket, a_docket
from tests.world import APP, PASSWORD, App, Caller, World, a_day, row


@dataclass(frozen=True)
class Act:
    """A request without its caller. `path` is filled from `ids`; `seen` becomes If-Match."""

    operation: str
    method: str
    path: str
    ids: tuple[str, ...] = ()
    body: Any = None
    seen: int | None = None

    def on(self, *ids: str) -> "Act":
        """The same on other objects."""
        return replace(self, ids=ids)

    @property
    def url(self) -> str:
        return self.path.format(*self.ids)

    @property
    def changes(self) -> bool:
        return self.seen is not None

    async def by(self, caller: Caller, **more: Any) -> httpx.Response:
        more = {"version": self.seen, **more}
        return await caller.send(self.method, self.url, self.body, **more)


async def bare(
    caller: Caller, act: Act, headers: Mapping[str, str], content: bytes | None = None
) -> httpx.Response:
    """The act with these headers, the caller's token and nothing else."""
    sent = {"Content-Type": "application/json", **headers}
    if caller.login and not caller.token:
        await caller.sign_in()
    if caller.token:
        sent.setdefault("Authorization", f"Bearer {caller.token}")
    if content is None:
        content = b"" if act.body is None else json.dumps(act.body).encode()
    transport = httpx.ASGITransport(app=APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        return await client.request(act.method, act.url, content=content, headers=sent)


# An operation that goes with the right to another one.
RIGHTS = {"draftSummary": "recordReading"}
TABLES = {
    "plans": "plan",
    "milestones": "milestone",
    "appointments": "appointment",
    "tasks": "task",
    "links": "link",
    "mandates": "mandate",
    "relatives": "relative",
    "mentors": "mentor",
    "calendars": "calendar",
    "handovers": "handover",
    "templates": "template_version",
    "summaries-due": "summary_due",
    "walls": "wall",
    "legal-holds": "legal_hold",
    "erasure-wishes": "erasure_wish",
    "outside-reviews": "outside_review",
    "break-glass": "break_glass",
    "colleagues": "staff",
    "account-invitations": "account_invitation",
    "safety-flags": "safety_flag",
    "protected-addresses": "protected_address",
    "flows": "data_flow",
    "goals": "goal",
    "needs-areas": "needs_area",
    "needs-reviews": "needs_review",
    "incidents": "incident",
    "meetings": "meeting",
    "meeting-members": "meeting_member",
    "meeting-decisions": "meeting_decision",
    "complaints": "complaint",
}


# What is done on a plan of its own, for little goes on after it.
OF_SPARES = (
    *("erasePerson", "eraseVoluntary", "endSilently"),
    *("returnToCustody", "reopenPlan", "unplannedRelease"),
)


# What somebody does with their own account: none of it is a row of a plan.
OF_ACCOUNT = frozenset(
    {
        "prove",
        "askPasskeyProof",
        "proveWithPasskey",
        "renewRecoveryCodes",
        "changePassword",
        "listDevices",
        "endDevice",
        "signOutEverywhere",
        "enrolFactor",
        "confirmFactor",
        "listPasskeys",
        "enrolPasskey",
        "confirmPasskey",
        "endPasskey",
        "listNotices",
        "getSupport",
        "seeNotices",
        *("makeFeed", "getFeed", "endFeed"),
    }
)


# What is the agency's and no plan's: whoever of it has the role has it without a mandate.
OF_AGENCY = frozenset(
    {
        *("amendIncident", "draftNotice", "recordNotice", "closeIncident", "answerComplaint"),
        *("recordReview", "endAccount", "endAccountInvitation", "confirmFlow", "endFlow"),
        *("changeCalendar", "proposeDays", "changeMentor", "endMentor", "setSupport"),
        *("getTemplate", "exportTemplate", "importTemplate", "changeTemplateRow"),
        *("removeTemplateRow", "publishTemplate"),
    }
)


def roles_of(operation: str) -> frozenset[str]:
    return OPERATIONS[RIGHTS.get(operation, operation)]


@dataclass
class Scene:
    docket: Docket
    acts: dict[str, Act]
    callers: dict[str, Caller]

    @property
    def spares(self) -> set[str]:
        """Other plans of the worker's: one whose person may be erased, one with a part that may.

        And one that may be ended, one of somebody outside, one of somebody who came back, and one
        of somebody who may be let go.
        """
        return {self.acts[one].ids[0] for one in OF_SPARES}

    def caller(self, operation: str) -> Caller:
        """Somebody of the plan whose role has this operation."""
        if operation == "signOutEverywhere":
            return self.callers["CO"]  # the others are still needed
        if operation in {"letBreakGlass", "recordReview"}:
            return self.callers["CO" if operation == "letBreakGlass" else "DP"]
        return next(who for role, who in self.callers.items() if role in roles_of(operation))

    async def act(self, operation: str) -> Act:
        """The act, with the version that its row has by now."""
        act = self.acts[operation]
        if not act.changes:
            return act
        table = TABLES[act.path.split("/")[1]]
        (found,) = await self.docket.world.sql(
            f"SELECT version FROM {table} WHERE id = $1", act.ids[0]
        )
        return replace(act, seen=found["version"])

    async def carry_out(self, operation: str, **more: Any) -> httpx.Response:
        return await (await self.act(operation)).by(self.caller(operation), **more)


async def a_scene(world: World) -> Scene:
    """A plan with one of everything, so that all acts can be carried out one after the other."""
    coordinator = await world.somebody("CO")
    administrator, docket = await world.somebody("AD"), await a_docket(world)
    worker, plan = docket.worker, docket.plan
    members = [await _member(worker, plan) for _ in range(4)]
    links = [await _link(world, worker, plan, one["actor"]) for one in members[:2]]
    appointment = await _made(worker, f"/plans/{plan}/appointments", bodies.an_appointment())
    await _a_moved_date(worker, plan)
    told = {"recipient": members[0]["actor"], "fact": "good_news", "purpose": "joy"}
    disclosure = await _made(
        worker, f"/plans/{plan}/disclosures", {**told, "until": bodies.in_days(9)}
    )
    await docket.read()
    await _own_file(world, worker, plan)
    await _a_return(world, worker, plan)
    found = await world.plan(worker, plan)
    milestone = row(found, "PLN-01")
    ids = {
        "plan": plan,
        "version": found["version"],
        "milestone": (milestone["id"], milestone["version"]),
        "appointment": (appointment["id"], 1),
        "tasks": [(await _task(world, plan), 1) for _ in range(2)],
        "links": [(link, 1) for link in links],
        "member": members[2]["actor"],
        "mandate": (members[3]["mandate"], 1),
        "disclosure": disclosure["id"],
        "summary": await docket.issued(),
        **await _walls(world, worker, coordinator, plan, found["alias"]),
        "hold": (await _made(coordinator, f"/plans/{plan}/legal-holds", bodies.a_hold()))["id"],
        **await _safety(worker, plan, members[2]["actor"]),
        **await duties.make(coordinator, plan),
        **await wants.make(worker, plan),
        **await meet.make(worker, docket.officer, plan),
        **await helping.make(worker, coordinator, plan),
        "ends": members[2]["mandate"],
        "passes_on": str((await world.somebody("SW")).login),
        "handover": (await duties.a_handover(world, plan, worker), 1),
        "calendar": await duties.a_calendar(coordinator),
        "draft": await duties.a_draft(coordinator),
        "due": await duties.summaries_due(worker, plan),
        "administrator": str(administrator.id),
        "flows": [(flow["id"], 1) for flow in await _flows(administrator)],
        **await duties.wishes(world, worker, coordinator, plan),
        "device": await _another_device(worker),
        "passkey": await _two_passkeys(worker),
        "made": {"name": "stick", **Authenticator().make(await options_to_enrol(worker, "stick"))},
        "shown": await _a_proof(worker),
        "code": await _a_code(worker),
        "invited": (await _made(administrator, "/account-invitations", bodies.a_colleague()))["id"],
        "feed": (await worker.post("/account/feed")).json()["url"],
        "leaver": str((await world.somebody("TR")).id),
    }
    callers = {
        "SW": worker,
        "PO": docket.officer,
        "CO": coordinator,
        "CT": docket.court.caller,
        "AD": administrator,
        "DP": await world.somebody("DP"),
        "AU": await world.somebody("AU"),
    }
    acts = {act.operation: act for act in _acts(docket, coordinator, ids)}
    return Scene(docket, acts, callers)


def _acts(docket: Docket, coordinator: Caller, ids: dict[str, Any]) -> list[Act]:
    plan, version, member, another = ids["plan"], ids["version"], ids["member"], ids["another"]
    ended, outside, back, inside = (ids[one] for one in ("ended", "outside", "back", "inside"))
    (held, closed), (waiting, living) = ids["tasks"], ids["links"]
    subject = docket.subject()
    query = "&".join(f"{name}={value}" for name, value in subject.items())
    court = f"?file_ref={REFERENCE}"
    return [
        Act("openPlan", "POST", "/plans", (), bodies.a_plan()),
        Act("listPlans", "GET", "/plans"),
        Act("getPlan", "GET", "/plans/{}", (plan,)),
        Act("findPerson", "POST", "/plans/search", (), {"words": "Imaginary"}),
        Act("milestoneHistory", "GET", "/milestones/{}/history", ids["milestone"][:1]),
        Act("getMilestone", "GET", "/milestones/{}", ids["milestone"][:1]),
        Act("listClaims", "GET", "/verify"),
        Act("planAppointment", "POST", "/plans/{}/appointments", (plan,), bodies.an_appointment()),
        _changing(
            "changeAppointment", "PATCH", "/appointments/{}", ids["appointment"], bodies.confirm()
        ),
        Act("getAppointment", "GET", "/appointments/{}", ids["appointment"][:1]),
        Act("getFeed", "GET", "/account/feed"),
        Act("makeFeed", "POST", "/account/feed"),
        Act("endFeed", "POST", "/account/feed/end"),
        Act("logContact", "POST", "/plans/{}/contacts", (plan,), bodies.a_contact()),
        Act("recordVisit", "POST", "/plans/{}/visits", (plan,), bodies.a_visit(), version),
        Act("listTasks", "GET", "/tasks"),
        _changing("acknowledgeTask", "POST", "/tasks/{}/acknowledge", held),
        _changing("closeTask", "POST", "/tasks/{}/close", closed, {"outcome": "called"}),
        Act("addCircleMember", "POST", "/plans/{}/circle", (plan,), bodies.an_aunt()),
        Act("recordConsent", "POST", "/plans/{}/consents", (plan,), bodies.an_answer()),
        Act("withdrawConsent", "POST", "/consents/{}/withdraw", (ids["disclosure"],)),
        Act("discloseTo", "POST", "/plans/{}/disclosures", (plan,), bodies.a_fact(member)),
        Act("createInvitation", "POST", "/invitations", (), {"plan": plan, "subject": member}),
        _changing("confirmLink", "POST", "/links/{}/confirm", waiting),
        _changing("cutLink", "POST", "/links/{}/cut", living),
        _changing("endMandate", "POST", "/mandates/{}/end", ids["mandate"]),
        Act(
            "handOver", "POST", "/plans/{}/handovers", (plan,), bodies.a_handover(ids["passes_on"])
        ),
        _changing("takeOver", "POST", "/handovers/{}/take", ids["handover"]),
        Act("getResponsibility", "GET", "/plans/{}/responsibility", (plan,)),
        Act("setDutyRota", "PUT", "/duty-rota", (), bodies.a_rota(coordinator)),
        *(Act(*one) for one in duties.of_calendars(ids["calendar"])),
        *(Act(*one) for one in duties.of_templates(plan, version, ids)),
        Act("bindCourtFile", "POST", "/plans/{}/court-files", (plan,), _another_file(docket)),
        Act("draftSummary", "GET", "/plans/{}/summaries/draft?" + query, (plan,)),
        Act("recordReading", "POST", "/plans/{}/readings", (plan,), bodies.a_reading(subject)),
        Act("issueSummary", "POST", "/plans/{}/summaries", (plan,), subject),
        Act("setWall", "POST", "/plans/{}/walls", (plan,), bodies.a_wall(ids["colleagues"][1])),
        Act("listWalls", "GET", "/plans/{}/walls", (plan,)),
        _changing("endWall", "POST", "/walls/{}/end", (ids["wall"], 1)),
        Act("askBreakGlass", "POST", "/break-glass", (), bodies.a_wish("Nobody")),
        Act("listBreakGlass", "GET", "/break-glass"),
        _changing("letBreakGlass", "POST", "/break-glass/{}/let", (ids["wishes"][0], 1)),
        _changing("endBreakGlass", "POST", "/break-glass/{}/end", (ids["wishes"][1], 1)),
        _changing("erasePerson", "POST", "/plans/{}/erase", (another["id"], another["version"])),
        Act("setLegalHold", "POST", "/plans/{}/legal-holds", (plan,), bodies.a_hold()),
        Act("listLegalHolds", "GET", "/plans/{}/legal-holds", (plan,)),
        _changing("endLegalHold", "POST", "/legal-holds/{}/end", (ids["hold"], 1)),
        Act("listSafety", "GET", "/plans/{}/safety", (plan,)),
        Act("raiseSafetyFlag", "POST", "/plans/{}/safety-flags", (plan,), bodies.a_flag(member)),
        _changing("lowerSafetyFlag", "POST", "/safety-flags/{}/lower", (ids["flag"], 1)),
        Act(
            "protectAddress",
            "POST",
            "/plans/{}/protected-addresses",
            (plan,),
            bodies.a_home(member),
        ),
        _changing("endProtectedAddress", "POST", "/protected-addresses/{}/end", (ids["home"], 1)),
        Act("listFlows", "GET", "/flows"),
        Act("recordFlow", "POST", "/flows", (), bodies.a_flow(ids["administrator"])),
        _changing(
            "confirmFlow",
            "POST",
            "/flows/{}/confirm",
            ids["flows"][0],
            bodies.named(ids["administrator"]),
        ),
        _changing("endFlow", "POST", "/flows/{}/end", ids["flows"][1]),
        *(Act(*one) for one in duties.acts(plan, ids)),
        *(Act(*one) for one in wants.acts(plan, ids)),
        *(Act(*one) for one in meet.acts(plan, ids, docket.worker)),
        *(Act(*one) for one in helping.acts(plan, ids)),
        Act("listAccess", "GET", "/plans/{}/access", (plan,)),
        Act("listSummaries", "GET", "/court/summaries" + court),
        Act("getSummary", "GET", "/court/summaries/{}" + court, (ids["summary"],)),
        _changing("changeMilestone", "PATCH", "/milestones/{}", ids["milestone"], bodies.done()),
        Act("moveReleaseDate", "POST", "/plans/{}/release-date", (plan,), bodies.a_move(), version),
        Act("previewRelease", "POST", "/plans/{}/release-date/preview", (plan,), bodies.a_move()),
        Act("printSheet", "GET", "/plans/{}/papers/72-hours?language=en", (plan,)),
        Act("drawTimeline", "GET", "/plans/{}/timeline.svg", (plan,)),
        Act("recordLeftCustody", "POST", "/plans/{}/left-custody", (plan,), bodies.out(), version),
        _changing("endSilently", "POST", "/plans/{}/silent-end", (ended["id"], ended["version"])),
        _changing(
            "returnToCustody", "POST", "/plans/{}/return", (outside["id"], outside["version"])
        ),
        Act("previewAmnesty", "POST", "/amnesties/preview", (), {"references": inside["alias"]}),
        Act("letManyGo", "POST", "/amnesties", (), bodies.an_amnesty(inside["alias"])),
        _changing(
            "unplannedRelease",
            "POST",
            "/plans/{}/unplanned-release",
            (inside["id"], inside["version"]),
            bodies.out(),
        ),
        _changing(
            "reopenPlan",
            "POST",
            "/plans/{}/reopen",
            (back["id"], back["version"]),
            bodies.a_move(),
        ),
        Act("changePlanState", "POST", "/plans/{}/state", (plan,), {"state": "paused"}, version),
        Act("listColleagues", "GET", "/colleagues"),
        Act("inviteColleague", "POST", "/account-invitations", (), bodies.a_colleague()),
        _changing(
            "endAccountInvitation", "POST", "/account-invitations/{}/end", (ids["invited"], 1)
        ),
        _changing("endAccount", "POST", "/colleagues/{}/end", (ids["leaver"], 1)),
        Act("listDevices", "GET", "/account/devices"),
        Act("prove", "POST", "/account/prove", (), {"password": PASSWORD}),
        Act("askPasskeyProof", "POST", "/account/prove/passkey/options"),
        Act("proveWithPasskey", "POST", "/account/prove/passkey", (), ids["shown"]),
        Act("renewRecoveryCodes", "POST", "/account/recovery-codes"),
        Act("changePassword", "POST", "/account/password", (), {"old": PASSWORD, "new": PASSWORD}),
        Act("endDevice", "POST", "/account/devices/{}/end", (ids["device"],)),
        Act("confirmFactor", "POST", "/account/factor/confirm", (), {"code": ids["code"]}),
        Act("enrolFactor", "POST", "/account/factor"),
        Act("listPasskeys", "GET", "/account/passkeys"),
        Act("enrolPasskey", "POST", "/account/passkeys/options", (), {"name": "phone"}),
        Act("confirmPasskey", "POST", "/account/passkeys", (), ids["made"]),
        Act("endPasskey", "POST", "/account/passkeys/{}/end", (ids["passkey"],)),
        Act("listNotices", "GET", "/account/notices"),
        Act("seeNotices", "POST", "/account/notices/seen", (), {"until": "2026-01-01T00:00:00Z"}),
        Act("signOutEverywhere", "POST", "/account/sign-out"),
        Act("signOut", "POST", "/sessions/end"),
    ]


async def _own_file(world: World, worker: Caller, plan: str) -> None:
    """A lawyer has a paper, and something in the file is called wrong."""
    lawyer = {"role": "LR", "name": "Invented Lawyer", "standing": "lawyer", "matters": ["plan"]}
    mandate = await _made(worker, f"/plans/{plan}/circle", lawyer)
    await world.sql(
        "INSERT INTO entry_pass (id, agency, plan, version, mandate, subject, made_by, made_at,"
        " until) SELECT $1, agency, plan, 1, id, actor, granted_by, $2, $2 FROM mandate"
        " WHERE id = $3",
        uuid4(),
        clock.now(),
        UUID(mandate["id"]),
    )
    assert worker.id
    actor = Actor(worker.id, "staff", "SW", world.agency)
    await ask_correction(actor, NewCorrection("plan", "It was in May."), UUID(plan))


async def _a_return(world: World, worker: Caller, plan: str) -> None:
    """One that was recorded by mistake, and taken back."""
    await world.sql(
        "INSERT INTO custody_return (id, agency, plan, version, left_at, returned_at, recorded_by,"
        " taken_back_at, ended_by) SELECT $1, agency, id, 1, $2, $2, $3, $2, $3 FROM plan"
        " WHERE id = $4",
        uuid4(),
        clock.now(),
        worker.id,
        UUID(plan),
    )


async def _another_device(caller: Caller) -> str:
    """A device of theirs beside the one they use."""
    given = {"login": caller.login, "password": PASSWORD, "device_name": "Another"}
    assert (await Caller().post("/sessions", given)).status_code == 200
    listed = (await caller.get("/account/devices")).json()["devices"]
    return str(next(one["id"] for one in listed if one["name"] == "Another"))


async def _two_passkeys(caller: Caller) -> str:
    """One with which they go on signing in, and another to be removed."""
    caller.passkey = await a_passkey(caller)
    await a_passkey(caller, "grey phone")
    listed = (await caller.get("/account/passkeys")).json()["passkeys"]
    return str(next(one["id"] for one in listed if one["name"] == "grey phone"))


async def _a_proof(caller: Caller) -> dict[str, Any]:
    """Their passkey, shown for this session."""
    shown: dict[str, Any] = caller.passkey.show(await options_to_prove(caller))
    return shown


async def _a_code(caller: Caller) -> str:
    """The first code of a second factor that waits for it."""
    offered = await caller.post("/account/factor")
    assert offered.status_code == 200, offered.text
    caller.app = App(offered.json()["secret"])
    return caller.app.code()


def _changing(
    operation: str, method: str, path: str, thing: tuple[str, int], body: Any = None
) -> Act:
    return Act(operation, method, path, thing[:1], body, thing[1])


# What a stranger to the system may ask; the secrets are filled in where they matter.
FOR_EVERYBODY = [
    Act("signIn", "POST", "/sessions", (), {"login": "nobody", "password": PASSWORD}),
    Act("refreshSession", "POST", "/sessions/refresh", (), {"refresh_token": "x" * 43}),
    Act("acceptInvitation", "POST", "/account-invitations/accept", (), bodies.nobodys()),
    Act("askPasskey", "POST", "/sessions/passkey/options"),
    Act("signInWithPasskey", "POST", "/sessions/passkey", (), bodies.nobodys_key()),
    Act("courtToken", "POST", "/court/token", (), {"client_id": "nobody", "secret": "none"}),
    Act("readFeed", "GET", "/feeds/{}/dates.ics", ("x" * 43,)),
    Act("healthLive", "GET", "/health/live"),
    Act("healthReady", "GET", "/health/ready"),
]


async def _a_moved_date(worker: Caller, plan: str) -> None:
    made = await _made(worker, f"/plans/{plan}/appointments", bodies.an_appointment())
    moved = await worker.patch(f"/appointments/{made['id']}", bodies.another_time(), version=1)
    assert moved.status_code == 201, moved.text


async def _safety(worker: Caller, plan: str, subject: str) -> dict[str, str]:
    flag = await _made(worker, f"/plans/{plan}/safety-flags", bodies.a_flag(subject))
    home = await _made(worker, f"/plans/{plan}/protected-addresses", bodies.a_home(subject))
    return {"flag": flag["id"], "home": home["id"]}


async def _walls(
    world: World, worker: Caller, coordinator: Caller, plan: str, alias: str
) -> dict[str, Any]:
    """A wall that stands, two wishes about this very plan, and colleagues to keep out."""
    colleagues = [str((await world.somebody("TR")).login) for _ in range(2)]
    wall = await _made(coordinator, f"/plans/{plan}/walls", bodies.a_wall(colleagues[0]))
    wishes = [(await _made(worker, "/break-glass", bodies.a_wish(alias)))["id"] for _ in range(2)]
    return {"wall": wall["id"], "wishes": wishes, "colleagues": colleagues}


async def _made(caller: Caller, path: str, body: object) -> dict[str, Any]:
    answer = await caller.post(path, body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def _member(worker: Caller, plan: str) -> dict[str, Any]:
    """A mentor who has said yes to messages."""
    who = str(uuid4())
    mandate = await _made(worker, f"/plans/{plan}/circle", {**bodies.a_mentor(), "id": who})
    yes = {"kind": "channel", "language": "en", "subject": who, "channel": "telegram"}
    await _made(worker, f"/plans/{plan}/consents", yes)
    return {"actor": who, "mandate": mandate["id"]}


async def _link(world: World, worker: Caller, plan: str, who: str) -> str:
    """A chat that waits to be confirmed."""
    made = await _made(worker, "/invitations", {"plan": plan, "subject": who})
    await world.sql("UPDATE link SET state = 'unconfirmed' WHERE id = $1", made["id"])
    return str(made["id"])


async def _flows(administrator: Caller) -> list[dict[str, Any]]:
    """Two that were written for the agency: the person's own file, and what nothing else needs."""
    listed = (await administrator.get("/flows")).json()
    [own] = [flow for flow in listed if flow["kind"] == "person"]
    await administrator.post("/flows", bodies.a_flow(str(administrator.id)))
    listed = (await administrator.get("/flows")).json()
    return [own, next(flow for flow in listed if flow["groups"] == ["messages"])]


async def _task(world: World, plan: str) -> str:
    """Something to do that a job has opened."""

    async def work() -> str:
        database.act_as("worker")
        async with database.transaction():
            opened = await open_task(
                "call-back",
                agency=world.agency or uuid4(),
                plan=UUID(plan),
                subject=uuid4(),
                local_due=a_day(),
            )
            return str(opened)

    return await database.in_fresh_context(work)


def _another_file(docket: Docket) -> dict[str, Any]:
    return {"client": str(docket.court.id), "reference": "2031/0999"}
