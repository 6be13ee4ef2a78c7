"""What the walks over all operations ask about incidents, complaints and the agency's own."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.templates.reading import standard, write
from tests.backend import bodies
from tests.world import Caller, World, a_day

# As an Act is made: operation, method, path, ids, body, and the version that was seen.
Asked = tuple[str, str, str, tuple[str, ...], Any, int | None]


def acts(plan: str, ids: dict[str, Any]) -> Iterator[Asked]:
    open_, told = ids["incidents"]
    how, found = {"to": "authority", "how": "sent"}, {"outcome": "It was found."}
    sorry, complaint = {"answer": "We are sorry."}, (ids["complaint"],)
    yield "recordIncident", "POST", "/incidents", (), an_incident(), None
    yield "listIncidents", "GET", "/incidents", (), None, None
    yield "amendIncident", "PATCH", "/incidents/{}", (open_,), {"touched": [plan]}, 1
    yield "draftNotice", "GET", "/incidents/{}/notice?to=authority", (open_,), None, None
    yield "recordNotice", "POST", "/incidents/{}/notices", (open_,), how, 1
    yield "closeIncident", "POST", "/incidents/{}/close", (told,), found, 3
    yield "recordComplaint", "POST", "/plans/{}/complaints", (plan,), a_complaint(), None
    yield "listComplaints", "GET", "/complaints", (), None, None
    yield "answerComplaint", "POST", "/complaints/{}/answer", complaint, sorry, 1
    yield "askErasure", "POST", "/plans/{}/erasure-wishes", (plan,), {}, None
    thinned = ids["thinned"]
    version = thinned["version"]
    yield "eraseVoluntary", "POST", "/plans/{}/erase-voluntary", (thinned["id"],), None, version
    yield "endErasureWish", "POST", "/erasure-wishes/{}/end", (ids["taken_back"],), None, 1
    yield "listReviews", "GET", "/outside-reviews", (), None, None
    found = {"finding": "in_order"}
    yield "recordReview", "POST", "/outside-reviews/{}", (ids["review"],), found, 1
    yield "listAgencyHolds", "GET", "/legal-holds", (), None, None
    yield "listProofs", "GET", "/retention-proofs", (), None, None
    yield "listRecord", "GET", "/record", (), None, None
    yield "listAgencyMandates", "GET", "/mandates", (), None, None
    yield "listAgencyConsents", "GET", "/consents", (), None, None
    yield "countRecords", "GET", "/counts", (), None, None


def of_calendars(calendar: tuple[str, int]) -> Iterator[Asked]:
    """The first calendar of an agency has its id; `calendar` is another."""
    id_, version = calendar
    until = (a_day() + timedelta(days=300)).isoformat()
    place = {"name": "Upland", "working_days": [1, 2, 3, 4, 5]}
    days = {**place, "closed": [until], "until": until}
    yield "listCalendars", "GET", "/calendars", (), None, None
    yield "addCalendar", "POST", "/calendars", (), place, None
    yield "changeCalendar", "PUT", "/calendars/{}", (id_,), days, version
    yield "proposeDays", "GET", f"/calendars/{{}}/proposals?until={until}", (id_,), None, None


def of_templates(plan: str, version: int, ids: Mapping[str, Any]) -> Iterator[Asked]:
    """A draft is changed and published, and so there may be another; a plan is moved."""
    draft = ids["draft"]
    (moved, dropped), file = ids["due"], {"file": write(standard())}
    yield "listTemplates", "GET", "/templates", (), None, None
    yield "getTemplate", "GET", "/templates/{}", (draft,), None, None
    yield "exportTemplate", "GET", "/templates/{}/file", (draft,), None, None
    yield "importTemplate", "PUT", "/templates/{}/file", (draft,), file, 1
    yield "changeTemplateRow", "PUT", "/templates/{}/rows", (draft,), bodies.a_template_row(), 1
    yield "removeTemplateRow", "POST", "/templates/{}/rows/CNS-15/remove", (draft,), None, 1
    yield "publishTemplate", "POST", "/templates/{}/publish", (draft,), None, 1
    yield "draftTemplate", "POST", "/templates", (), {}, None
    shape = {"size": "full", "supervision": False, "overlays": ["other_place"]}
    yield "getPlanTemplate", "GET", "/plans/{}/template", (plan,), None, None
    yield "previewShape", "POST", "/plans/{}/template/preview", (plan,), shape, None
    yield "reshapePlan", "POST", "/plans/{}/template", (plan,), shape, version
    due = {"type": "final", "due_on": (a_day() + timedelta(days=90)).isoformat()}
    later = {"due_on": (a_day() + timedelta(days=99)).isoformat()}
    yield "listSummariesDue", "GET", "/plans/{}/summaries/due", (plan,), None, None
    yield "expectSummary", "POST", "/plans/{}/summaries/due", (plan,), due, None
    yield "moveSummaryDue", "POST", "/summaries-due/{}/move", (moved,), later, 1
    yield "dropSummaryDue", "POST", "/summaries-due/{}/drop", (dropped,), None, 1


async def a_draft(coordinator: Caller) -> str:
    """An agency has one at a time."""
    known = (await coordinator.get("/templates")).json()
    drafts = [str(one["id"]) for one in known if one["number"] is None]
    return drafts[0] if drafts else await _made(coordinator, "/templates", {})


async def summaries_due(worker: Caller, plan: str) -> tuple[str, str]:
    """Two that a court is to have by a day."""
    days = ((a_day() + timedelta(days=n)).isoformat() for n in (60, 70))
    path = f"/plans/{plan}/summaries/due"
    one, two = [await _made(worker, path, {"type": "start", "due_on": day}) for day in days]
    return one, two


async def a_handover(world: World, plan: str, to: Caller) -> str:
    """A plan that was given to somebody who has not read of it yet."""
    [row] = await world.sql(
        "INSERT INTO handover (id, agency, plan, version, given_to, recorded_by, at)"
        " SELECT gen_random_uuid(), agency, id, 1, $2, $2, $3 FROM plan WHERE id = $1::uuid"
        " RETURNING id::text",
        plan,
        to.id,
        clock.now(),
    )
    return str(row["id"])


async def a_calendar(coordinator: Caller) -> tuple[str, int]:
    """Of a place of the agency besides its own."""
    place = {"name": "Lowland", "working_days": [1, 2, 3, 4]}
    return await _made(coordinator, "/calendars", place), 1


async def make(coordinator: Caller, plan: str) -> dict[str, Any]:
    """A complaint that waits; an incident too, and another of which all were told."""
    incidents = [await _made(coordinator, "/incidents", an_incident()) for _ in range(2)]
    for version, to in enumerate(("authority", "people"), 1):
        path, how = f"/incidents/{incidents[1]}/notices", {"to": to, "how": "sent"}
        told = await coordinator.post(path, how, version=version)
        assert told.status_code == 200, told.text
    complaint = await _made(coordinator, f"/plans/{plan}/complaints", a_complaint())
    return {"incidents": incidents, "complaint": complaint}


async def wishes(world: World, worker: Caller, head: Caller, plan: str) -> dict[str, Any]:
    """A plan whose person somebody asked to erase, a wish to take back, and an open review.

    And a plan that may be ended.
    """
    another = await world.a_plan(worker)
    second = await world.somebody("CO")
    await asked(world, another["id"], second)
    taken_back = await asked(world, plan, second)
    thinned = await world.a_plan(worker, supervision=True)
    await asked(world, thinned["id"], second, voluntary=True)
    review = uuid4()
    await world.sql(
        "INSERT INTO outside_review (id, agency, version, kind, thing, done_by, done_at)"
        " VALUES ($1, $2, 1, 'erasure', $3, $4, now())",
        review,
        world.agency,
        uuid4(),
        head.id,
    )
    ended = await world.a_plan(worker)
    made = {"another": another, "thinned": thinned, "ended": ended}
    made |= await _releases(world, worker)
    return {**made, "taken_back": taken_back, "review": str(review)}


async def _releases(world: World, worker: Caller) -> dict[str, Any]:
    """A plan of somebody who has left custody, and one of somebody who is back in it."""
    outside, back = await world.a_plan(worker), await world.a_plan(worker)
    for plan in (outside, back):
        path = f"/plans/{plan['id']}/left-custody"
        left = await worker.post(path, {"left": True}, version=plan["version"])
        assert left.status_code == 200, left.text
    path = f"/plans/{back['id']}/return"
    returned = await worker.post(path, version=left.json()["version"])
    assert returned.status_code == 200, returned.text
    return {
        "inside": await world.a_plan(worker),
        "outside": await world.plan(worker, outside["id"]),
        "back": await world.plan(worker, back["id"]),
    }


async def asked(world: World, plan: str, by: Caller, *, voluntary: bool = False) -> str:
    """A wish of a coordinator to erase this plan's person, or the voluntary part."""
    id_ = uuid4()
    await world.sql(
        "INSERT INTO erasure_wish (id, agency, plan, version, person, asked_by, asked_at,"
        " voluntary) SELECT $1, agency, id, 1, person, $2, $3, $5 FROM plan WHERE id = $4",
        id_,
        by.id,
        clock.now(),
        UUID(plan),
        voluntary,
    )
    return str(id_)


async def asked_for_all(world: World, by: Caller) -> None:
    """The same for the person of every plan."""
    for plan in await world.sql("SELECT id FROM plan"):
        await asked(world, str(plan["id"]), by)


async def _made(caller: Caller, path: str, body: object) -> str:
    answer = await caller.post(path, body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def an_incident() -> dict[str, Any]:
    noticed = datetime(2026, 1, 5, 9, tzinfo=UTC).isoformat()
    return {"kind": "lost_device", "noticed_at": noticed, "description": "A phone was left."}


def a_complaint() -> dict[str, Any]:
    return {"text": "Nobody calls me back.", "received_on": a_day().isoformat()}
