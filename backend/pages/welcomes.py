"""Who of the community welcomes the person: found with them, asked by a human, ended by one tap."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor, is_by_glass
from backend.clubs.actions import list_clubs
from backend.clubs.routes import ClubView
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.plan import sheet_of
from backend.plans.rules import OPEN
from backend.welcomes import actions, rules
from backend.welcomes.routes import ChangeWelcome, CheckWelcome, NameWelcome, WelcomeView


class WelcomePageController(Controller):
    path = "/plans/{plan_id:uuid}/welcome"

    @get("/")
    async def welcome(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _page(request, plan_id, saved=saved)

    @post("/")
    async def name(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.name_welcome(actor, plan_id, form.read(NameWelcome).new())

        return await _save(request, plan_id, "nameWelcome", act)

    @post("/check")
    async def check(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.check_welcome(actor, plan_id, form.read(CheckWelcome).answer)

        return await _save(request, plan_id, "checkWelcome", act)

    @post("/{welcome_id:uuid}")
    async def change(
        self, request: HttpRequest, plan_id: FromPath[UUID], welcome_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            change = form.read(ChangeWelcome).change()
            return await actions.change_welcome(actor, welcome_id, form.seen, change)

        return await _save(request, plan_id, "changeWelcome", act)

    @post("/{welcome_id:uuid}/end")
    async def end(
        self, request: HttpRequest, plan_id: FromPath[UUID], welcome_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.end_welcome(actor, welcome_id, form.seen)

        return await _save(request, plan_id, "endWelcome", act)


async def _save(request: HttpRequest, plan: UUID, operation: str, act: Act) -> Page:
    return await submit(
        request,
        operation,
        act,
        lambda _: go(f"/desk/plans/{plan}/welcome?saved={operation}"),
        lambda tried: _page(request, plan, tried),
    )


async def _page(
    request: HttpRequest, plan_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        sheet = await sheet_of(actor, plan_id)
        rows = await actions.list_welcomes(actor, plan_id)
        clubs = await list_clubs(actor)
        by_glass = await is_by_glass({"id": plan_id})
    states = {row["code"]: row["state"] for row in sheet.read.milestones}
    return show(
        request,
        "welcome.html",
        tried=tried,
        **sheet.values(),
        saved=saved,
        by_glass=by_glass,
        welcomes=[WelcomeView.of(row) for row in rows],
        clubs=[ClubView.of(row) for row in clubs],
        asks=states.get(rules.HOLDS) in OPEN,
        unwanted=states.get(rules.FOUND) in rules.UNWANTED,
    )
