"""One request for every operation of the API that its caller may carry out, on one plan."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from backend import database
from backend.access import OPERATIONS
from backend.alerts.actions import open_task
from tests.backend.courts.docket import REFERENCE, Docket, a_docket
from tests.world import PASSWORD, Caller, World, a_day, row


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


@dataclass
class Scene:
    docket: Docket
    acts: dict[str, Act]
    callers: dict[str, Caller]

    def caller(self, operation: str) -> Caller:
        """Somebody of the plan whose role has this operation."""
        roles = OPERATIONS.get(operation, frozenset())
        return next(one for role, one in self.callers.items() if role in roles)

    async def carry_out(self, operation: str, **more: Any) -> httpx.Response:
        return await self.acts[operation].by(self.caller(operation), **more)


async def a_scene(world: World) -> Scene:
    """A plan with one of everything; none of its acts takes the ground from another's."""
    coordinator = await world.somebody("CO")
    docket = await a_docket(world)
    worker, plan = docket.worker, docket.plan
    circle = await _member(worker, plan)
    invitation = await _made(worker, "/invitations", {"plan": plan, "subject": circle["actor"]})
    await world.sql("UPDATE link SET state = 'unconfirmed' WHERE id = $1", invitation["id"])
    appointment = await _made(worker, f"/plans/{plan}/appointments", _an_appointment())
    told = {"recipient": circle["actor"], "fact": "good_news", "purpose": "joy", "until": _in(9)}
    disclosure = await _made(worker, f"/plans/{plan}/disclosures", told)
    await docket.read()
    summary = await docket.issued()
    found = await world.plan(worker, plan)
    milestone = row(found, "PLN-01")
    ids = {
        "plan": plan,
        "version": found["version"],
        "milestone": (milestone["id"], milestone["version"]),
        "appointment": (appointment["id"], 1),
        "task": (await _task(world, plan), 1),
        "link": (invitation["id"], 1),
        "mandate": (circle["mandate"], 1),
        "member": circle["actor"],
        "disclosure": disclosure["id"],
        "summary": summary,
    }
    callers = {"SW": worker, "PO": docket.officer, "CO": coordinator, "CT": docket.court.caller}
    acts = {act.operation: act for act in _acts(docket, coordinator, ids)}
    return Scene(docket, acts, callers)


def _acts(docket: Docket, coordinator: Caller, ids: dict[str, Any]) -> list[Act]:
    plan, version, member = ids["plan"], ids["version"], ids["member"]
    subject = docket.subject()
    query = "&".join(f"{name}={value}" for name, value in subject.items())
    court = f"?file_ref={REFERENCE}"
    return [
        Act("openPlan", "POST", "/plans", (), _a_plan()),
        Act("listPlans", "GET", "/plans"),
        Act("getPlan", "GET", "/plans/{}", (plan,)),
        Act("milestoneHistory", "GET", "/milestones/{}/history", ids["milestone"][:1]),
        Act("planAppointment", "POST", "/plans/{}/appointments", (plan,), _an_appointment()),
        _changing("changeAppointment", "PATCH", "/appointments/{}", ids["appointment"], _confirm()),
        Act("logContact", "POST", "/plans/{}/contacts", (plan,), _a_contact()),
        Act("recordVisit", "POST", "/plans/{}/visits", (plan,), _a_visit(), version),
        Act("listTasks", "GET", "/tasks"),
        _changing("acknowledgeTask", "POST", "/tasks/{}/acknowledge", ids["task"]),
        _changing("closeTask", "POST", "/tasks/{}/close", ids["task"], {"outcome": "called"}),
        Act("addCircleMember", "POST", "/plans/{}/circle", (plan,), _a_mentor()),
        Act("recordConsent", "POST", "/plans/{}/consents", (plan,), _an_answer()),
        Act("withdrawConsent", "POST", "/consents/{}/withdraw", (ids["disclosure"],)),
        Act("discloseTo", "POST", "/plans/{}/disclosures", (plan,), _a_fact(member)),
        Act("createInvitation", "POST", "/invitations", (), {"plan": plan, "subject": member}),
        _changing("confirmLink", "POST", "/links/{}/confirm", ids["link"]),
        _changing("cutLink", "POST", "/links/{}/cut", ids["link"]),
        _changing("endMandate", "POST", "/mandates/{}/end", ids["mandate"]),
        Act("setDutyRota", "PUT", "/duty-rota", (), _a_rota(coordinator)),
        Act("bindCourtFile", "POST", "/plans/{}/court-files", (plan,), _another_file(docket)),
        Act("draftSummary", "GET", "/plans/{}/summaries/draft?" + query, (plan,)),
        Act("recordReading", "POST", "/plans/{}/readings", (plan,), _a_try(subject)),
        Act("issueSummary", "POST", "/plans/{}/summaries", (plan,), subject),
        Act("listAccess", "GET", "/plans/{}/access", (plan,)),
        Act("listSummaries", "GET", "/court/summaries" + court),
        Act("getSummary", "GET", "/court/summaries/{}" + court, (ids["summary"],)),
        _changing("changeMilestone", "PATCH", "/milestones/{}", ids["milestone"], _done()),
        Act("moveReleaseDate", "POST", "/plans/{}/release-date", (plan,), _a_move(), version),
        Act("recordLeftCustody", "POST", "/plans/{}/left-custody", (plan,), _out(), version),
        Act("changePlanState", "POST", "/plans/{}/state", (plan,), {"state": "paused"}, version),
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
    Act("courtToken", "POST", "/court/token", (), {"client_id": "nobody", "secret": "none"}),
    Act("healthLive", "GET", "/health/live"),
    Act("healthReady", "GET", "/health/ready"),
]


async def _made(caller: Caller, path: str, body: object) -> dict[str, Any]:
    answer = await caller.post(path, body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def _member(worker: Caller, plan: str) -> dict[str, Any]:
    """A mentor who has said yes to messages."""
    who = str(uuid4())
    mandate = await _made(worker, f"/plans/{plan}/circle", {**_a_mentor(), "id": who})
    yes = {"kind": "channel", "language": "en", "subject": who, "channel": "telegram"}
    await _made(worker, f"/plans/{plan}/consents", yes)
    return {"actor": who, "mandate": mandate["id"]}


async def _task(world: World, plan: str) -> str:
    async def opened() -> str:
        database.act_as("worker")
        async with database.transaction():
            id_ = await open_task(
                "call-back",
                agency=world.agency or uuid4(),
                plan=(await database.fetch_one("SELECT id FROM plan WHERE id = $1", plan) or {})[
                    "id"
                ],
                subject=uuid4(),
                local_due=a_day(),
            )
        return str(id_)

    return await database.in_fresh_context(opened)


def _in(days: int) -> str:
    return (a_day() + timedelta(days=days)).isoformat()


def _a_plan() -> dict[str, Any]:
    person = {"name": "Another Invented", "language": "en"}
    return {"person": person, "release_date": _in(90), "certainty": "expected"}


def _an_appointment() -> dict[str, Any]:
    return {"role": "SW", "held_on": _in(3), "held_at": "10:00:00", "place": "Room 4"}


def _confirm() -> dict[str, Any]:
    return {"state": "confirmed"}


def _a_contact() -> dict[str, Any]:
    return {"how": "phone", "outcome": "tried", "made_on": _in(0)}


def _a_visit() -> dict[str, Any]:
    return {"how": "visit", "made_on": _in(0), "ticks": []}


def _a_mentor() -> dict[str, Any]:
    return {"role": "ME", "name": "Invented Mentor", "language": "en"}


def _an_answer() -> dict[str, Any]:
    return {"kind": "participation", "language": "en", "pathway": "VOC", "answer": "accepted"}


def _a_fact(recipient: str) -> dict[str, Any]:
    return {"recipient": recipient, "fact": "release_date", "purpose": "gate", "until": _in(30)}


def _a_rota(who: Caller) -> dict[str, Any]:
    start = datetime.now(UTC) + timedelta(days=1)
    ends = start + timedelta(hours=8)
    return {"starts": start.isoformat(), "ends": ends.isoformat(), "staff": [str(who.id)]}


def _another_file(docket: Docket) -> dict[str, Any]:
    return {"client": str(docket.court.id), "reference": "2031/0999"}


def _a_try(subject: dict[str, Any]) -> dict[str, Any]:
    return {**subject, "kind": "tried", "read_on": _in(0), "language": "en"}


def _done() -> dict[str, Any]:
    return {"state": "done"}


def _a_move() -> dict[str, Any]:
    return {"release_date": _in(40), "certainty": "expected"}


def _out() -> dict[str, Any]:
    return {"left": True}
