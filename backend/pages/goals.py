"""What the person wants, in their own words: written down at the desk, and never written over."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.goals import actions, rules
from backend.goals.routes import EndGoal, SayGoal
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.plan import sheet_of
from backend.pages.reading import office_of


class GoalPageController(Controller):
    path = "/plans/{plan_id:uuid}/goals"

    @get("/")
    async def goals(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _goals(request, plan_id, saved=saved)

    @post("/")
    async def say(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.say_goal(actor, plan_id, form.read(SayGoal).new())

        return await self._save(request, plan_id, "sayGoal", act)

    @post("/{goal_id:uuid}/end")
    async def end(
        self, request: HttpRequest, plan_id: FromPath[UUID], goal_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.end_goal(actor, goal_id, form.seen, form.read(EndGoal).how)

        return await self._save(request, plan_id, "endGoal", act)

    async def _save(self, request: HttpRequest, plan_id: UUID, operation: str, act: Act) -> Page:
        return await submit(
            request,
            operation,
            act,
            lambda _: go(f"/desk/plans/{plan_id}/goals?saved={operation}"),
            lambda tried: _goals(request, plan_id, tried),
        )


async def _goals(
    request: HttpRequest, plan_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        sheet = await sheet_of(actor, plan_id)
        said = await actions.list_goals(actor, plan_id)
        office = await office_of(actor)
    told = rules.told_to(sheet.read.role)
    person = sheet.read.identity
    return show(
        request,
        "goals.html",
        tried=tried,
        **sheet.values(),
        saved=saved,
        kinds=[kind for kind in rules.KINDS if kind in told],
        standing=[one for one in said if one["ended_at"] is None],
        before=[one for one in reversed(said) if one["ended_at"] is not None],
        spoken=person["language"] if person else office.language,
    )
