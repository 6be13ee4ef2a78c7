"""Whose plan it is: who was responsible when, and giving it to another social worker."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.handovers import actions
from backend.handovers.routes import HandOver, ResponsibilityView
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.plan import sheet_of


class HandoverPageController(Controller):
    path = "/plans/{plan_id:uuid}"

    @get("/responsibility")
    async def responsibility(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _page(request, plan_id, saved=saved)

    @post("/handovers")
    async def hand_over(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.hand_over(actor, plan_id, form.read(HandOver).handover())

        gone = actor_of(request).role == "SW" and request.state.form.one("at_once") == "true"
        there = "/desk" if gone else f"/desk/plans/{plan_id}/responsibility?saved=handOver"
        return await _save(request, plan_id, "handOver", act, there)

    @post("/handovers/{handover_id:uuid}/take")
    async def take(
        self, request: HttpRequest, plan_id: FromPath[UUID], handover_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.take_over(actor, handover_id, form.seen)

        there = f"/desk/plans/{plan_id}/responsibility?saved=takeOver"
        return await _save(request, plan_id, "takeOver", act, there)


async def _save(request: HttpRequest, plan: UUID, operation: str, act: Act, there: str) -> Page:
    return await submit(
        request, operation, act, lambda _: go(there), lambda tried: _page(request, plan, tried)
    )


async def _page(
    request: HttpRequest, plan_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        sheet = await sheet_of(actor, plan_id)
        found = ResponsibilityView.of(await actions.get_responsibility(actor, plan_id))
    return show(
        request,
        "responsibility.html",
        tried=tried,
        **sheet.values(),
        saved=saved,
        found=found,
        me=actor.id,
    )
