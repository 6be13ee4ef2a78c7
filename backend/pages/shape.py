"""How a plan is made: its template, size, overlays and supervision; and which summaries are due."""

from dataclasses import replace
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.errors import NotFromThisState, Unfit
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.plan import sheet_of
from backend.plans.actions import reshaping
from backend.summaries.actions import expecting
from backend.summaries.chains import CHAINS
from backend.summaries.views import ExpectSummary, MoveSummaryDue
from backend.templates.rules import FULL, LIGHT, OVERLAYS, UNPLANNED
from backend.templates.views import PlanTemplateView, ReshapePlan, ShapePreviewView


class ShapePageController(Controller):
    path = "/plans/{plan_id:uuid}"

    @get("/template")
    async def template(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _template(request, plan_id, saved=saved)

    @post("/template")
    async def reshape(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await reshaping.reshape_plan(actor, plan_id, form.seen, _shape(form))

        return await submit(
            request,
            "reshapePlan",
            act,
            lambda _: go(f"/desk/plans/{plan_id}/template?saved=reshapePlan"),
            lambda tried: _template(request, plan_id, tried),
        )

    @post("/template/preview", status_code=200)
    async def preview(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """What it would do; what was typed stays, to be sent."""
        typed = replace(request.state.form, path=f"/desk/plans/{plan_id}/template")
        try:
            seen = await reshaping.preview_shape(actor_of(request), plan_id, _shape(typed))
        except (Unfit, NotFromThisState) as error:
            return await _template(request, plan_id, Attempt(typed, error))
        return await _template(request, plan_id, Attempt(typed), seen=seen)

    @get("/summaries")
    async def summaries(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _summaries(request, plan_id, saved=saved)

    @post("/summaries")
    async def expect(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(ExpectSummary)
            new = expecting.NewSummaryDue(given.type, given.due_on)
            return await expecting.expect_summary(actor, plan_id, new)

        return await _save(request, plan_id, "expectSummary", act)

    @post("/summaries/{due_id:uuid}/move")
    async def move(
        self, request: HttpRequest, plan_id: FromPath[UUID], due_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            to = form.read(MoveSummaryDue).due_on
            return await expecting.move_summary_due(actor, due_id, form.seen, to)

        return await _save(request, plan_id, "moveSummaryDue", act)

    @post("/summaries/{due_id:uuid}/drop")
    async def drop(
        self, request: HttpRequest, plan_id: FromPath[UUID], due_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await expecting.drop_summary_due(actor, due_id, form.seen)

        return await _save(request, plan_id, "dropSummaryDue", act)


def _shape(form: Form) -> reshaping.NewShape:
    return form.read(ReshapePlan, overlays=form.all("overlays")).shape()


async def _template(
    request: HttpRequest,
    plan_id: UUID,
    tried: Attempt | None = None,
    *,
    seen: reshaping.ShapePreview | None = None,
    saved: str = "",
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        read = await reshaping.get_plan_template(actor, plan_id)
        sheet = await sheet_of(actor, plan_id)
    made = PlanTemplateView.of(read)
    on = UNPLANNED in made.overlays
    return show(
        request,
        "plan_template.html",
        tried=tried,
        **sheet.values(),
        made=made,
        overlays=sorted(one for one in OVERLAYS if one != UNPLANNED or on),
        sizes=(FULL, LIGHT),
        seen=None if seen is None else ShapePreviewView.of(seen),
        saved=saved,
    )


async def _save(request: HttpRequest, plan_id: UUID, operation: str, act: Act) -> Page:
    return await submit(
        request,
        operation,
        act,
        lambda _: go(f"/desk/plans/{plan_id}/summaries?saved={operation}"),
        lambda tried: _summaries(request, plan_id, tried),
    )


async def _summaries(
    request: HttpRequest, plan_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        due = await expecting.list_summaries_due(actor, plan_id)
        sheet = await sheet_of(actor, plan_id)
    return show(
        request,
        "summaries.html",
        tried=tried,
        **sheet.values(),
        due=due,
        types=list(CHAINS),
        saved=saved,
    )
