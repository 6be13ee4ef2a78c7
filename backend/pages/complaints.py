"""Complaints: written down beside a plan, answered on a page of the coordinators' own."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.complaints import actions
from backend.complaints.routes import AnswerComplaint, RecordComplaint
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.once import Written
from backend.pages.door import DESK
from backend.pages.forms import Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.plan import sheet_of
from backend.pages.reading import office_of


class NewComplaintController(Controller):
    path = "/plans/{plan_id:uuid}/complaint"

    @get("/")
    async def form(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _form(request, plan_id, saved=saved)

    @post("/")
    async def record(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(RecordComplaint)
            new = actions.NewComplaint(given.text, given.received_on, given.subject, given.about)
            return await actions.record_complaint(actor, plan_id, new)

        return await submit(
            request,
            "recordComplaint",
            act,
            lambda _: go(f"{DESK}/plans/{plan_id}/complaint?saved=recordComplaint"),
            lambda tried: _form(request, plan_id, tried),
        )


async def _form(
    request: HttpRequest, plan_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    sheet = await sheet_of(actor_of(request), plan_id)
    circle = [one for one in sheet.view.circle or () if one.role in {"ME", "FA"}]
    return show(
        request, "complaint.html", tried=tried, **sheet.values(), others=circle, saved=saved
    )


class ComplaintPageController(Controller):
    path = "/complaints"

    @get("/")
    async def complaints(self, request: HttpRequest, saved: FromQuery[str] = "") -> Page:
        return await _complaints(request, saved=saved)

    @post("/{complaint_id:uuid}/answer")
    async def answer(self, request: HttpRequest, complaint_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            answer = form.read(AnswerComplaint).answer
            return await actions.answer_complaint(actor, complaint_id, form.seen, answer)

        return await submit(
            request,
            "answerComplaint",
            act,
            lambda _: go(f"{DESK}/complaints?saved=answerComplaint"),
            lambda tried: _complaints(request, tried),
        )


async def _complaints(
    request: HttpRequest, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        rows = await actions.list_complaints(actor)
        office = await office_of(actor)
    return show(
        request, "complaints.html", tried=tried, complaints=rows, zone=office.zone, saved=saved
    )
