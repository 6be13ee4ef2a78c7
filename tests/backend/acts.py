"""One request for every operation of the API that its caller may carry out, on one plan."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx

from backend.access import OPERATIONS
from tests.backend import bodies, duties, helping, meet, wants
from tests.backend.courts.docket import REFERENCE, Docket
from tests.world import APP, PASSWORD, Caller


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
        *("changeClub", "endClub"),
        *("getTemplate", "exportTemplate", "importTemplate", "changeTemplateRow"),
        *("removeTemplateRow", "publishTemplate"),
    }
)


def roles_of(operation: str) -> frozenset[str]:
    return OPERATIONS[RIGHTS.get(operation, operation)]


def acts_of(docket: Docket, coordinator: Caller, ids: dict[str, Any]) -> list[Act]:
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
        Act("getPathways", "GET", "/plans/{}/pathways", (plan,)),
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
        Act("listContacts", "GET", "/plans/{}/contacts", (plan,)),
        _changing("undoMilestone", "POST", "/milestones/{}/undo", ids["done"]),
        Act("undoContact", "POST", "/contacts/{}/undo", (ids["contact"],)),
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
        Act("listAmnesties", "GET", "/amnesties"),
        Act("printAmnesty", "GET", "/amnesties/{}/papers/en", (ids["amnesty"],)),
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


def _another_file(docket: Docket) -> dict[str, Any]:
    return {"client": str(docket.court.id), "reference": "2031/0999"}
