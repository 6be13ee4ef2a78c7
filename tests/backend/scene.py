"""A plan with one of everything, on which every operation of `acts` can be carried out."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import httpx

from backend import clock, database
from backend.access import Actor
from backend.alerts.actions import open_task
from backend.amnesty.actions import step_of
from backend.corrections.actions import NewCorrection, ask_correction
from tests.backend import bodies, duties, helping, meet, wants
from tests.backend.acts import OF_SPARES, Act, acts_of, roles_of
from tests.backend.authenticator import (
    Authenticator,
    a_passkey,
    options_to_enrol,
    options_to_prove,
)
from tests.backend.courts.docket import Docket, a_docket
from tests.world import PASSWORD, App, Caller, World, a_day, row

TABLES = {
    "plans": "plan",
    "milestones": "milestone",
    "appointments": "appointment",
    "tasks": "task",
    "links": "link",
    "mandates": "mandate",
    "relatives": "relative",
    "mentors": "mentor",
    "clubs": "club",
    "welcomes": "welcome",
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
        """The act, with the version that its row has by now; as it was, if there is none left."""
        act = self.acts[operation]
        if not act.changes:
            return act
        table = TABLES[act.path.split("/")[1]]
        found = await self.docket.world.sql(
            f"SELECT version FROM {table} WHERE id = $1", act.ids[0]
        )
        return replace(act, seen=found[0]["version"]) if found else act

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
    just_done = await _just_done(world, worker, plan)
    found = await world.plan(worker, plan)
    milestone = row(found, "PLN-01")
    ids = {
        "plan": plan,
        "version": found["version"],
        "milestone": (milestone["id"], milestone["version"]),
        **just_done,
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
        "amnesty": await _let_go(world, coordinator, plan),
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
    acts = {act.operation: act for act in acts_of(docket, coordinator, ids)}
    return Scene(docket, acts, callers)


async def _let_go(world: World, coordinator: Caller, plan: str) -> str:
    """A decision for many by which they were let go, as its tasks remember it."""
    batch = uuid4()
    await world.sql(
        "INSERT INTO task (id, agency, plan, version, kind, step, role, assignee, subject,"
        " local_due, due_at, urgency, opened_at, closed_at, outcome) SELECT $1, agency, id, 2,"
        " 'let-go', $2, 'CO', $3, id, $4, $5, 0, $5, $5, 'done' FROM plan WHERE id = $6",
        uuid4(),
        step_of(batch),
        coordinator.id,
        a_day(),
        clock.now(),
        UUID(plan),
    )
    return str(batch)


async def _just_done(world: World, worker: Caller, plan: str) -> dict[str, Any]:
    """A step and a contact that can still be taken back: also tomorrow, for scenes are kept."""
    found = row(await world.plan(worker, plan), "PLN-04")
    path = f"/milestones/{found['id']}"
    done = await worker.patch(path, {"state": "in_progress"}, version=found["version"])
    assert done.status_code == 200, done.text
    made = await _made(worker, f"/plans/{plan}/contacts", bodies.a_contact())
    async with world.behind.held() as held:
        await held.execute(
            "SET session_replication_role = replica;"
            "UPDATE contact SET at = at + interval '1 day';"
            "UPDATE milestone_event SET at = at + interval '1 day' WHERE act IS NOT NULL;"
            "RESET session_replication_role"
        )
    return {"done": (found["id"], done.json()["version"]), "contact": made["id"]}


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
