"""Who is kept from a person's plans, and the way to a plan that is not one's own."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.once import Written
from backend.pages.account import submit_proved
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.reading import office_of
from backend.staff import proof
from backend.walls import actions, glass
from backend.walls.routes import AskBreakGlass, SetWall


class WallPageController(Controller):
    path = "/plans/{plan_id:uuid}/walls"

    @get("/")
    async def walls(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _walls(request, plan_id, saved=saved)

    @post("/")
    async def set_wall(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(SetWall)
            return await actions.set_wall(actor, plan_id, actions.NewWall(given.kind, given.login))

        return await self._save(request, plan_id, "setWall", act)

    @post("/{wall_id:uuid}/end")
    async def end(
        self, request: HttpRequest, plan_id: FromPath[UUID], wall_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.end_wall(actor, wall_id, form.seen)

        return await self._save(request, plan_id, "endWall", act)

    async def _save(self, request: HttpRequest, plan_id: UUID, operation: str, act: Act) -> Page:
        return await submit(
            request,
            operation,
            act,
            lambda _: go(f"/desk/plans/{plan_id}/walls?saved={operation}"),
            lambda tried: _walls(request, plan_id, tried),
        )


async def _walls(
    request: HttpRequest, plan_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        walls = await actions.list_walls(actor, plan_id)
        office = await office_of(actor)
    return show(
        request,
        "walls.html",
        tried=tried,
        plan_id=plan_id,
        walls=walls,
        zone=office.zone,
        saved=saved,
    )


class GlassPageController(Controller):
    path = "/break-glass"

    @get("/")
    async def wishes(self, request: HttpRequest, saved: FromQuery[str] = "") -> Page:
        return await _wishes(request, saved=saved)

    @post("/")
    async def ask(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(AskBreakGlass)
            return await glass.ask_break_glass(actor, glass.Wish(given.alias, given.reason))

        return await self._save(request, "askBreakGlass", act)

    @post("/{wish_id:uuid}/let")
    async def let(self, request: HttpRequest, wish_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await glass.let_break_glass(actor, wish_id, form.seen)

        return await self._save(request, "letBreakGlass", act)

    async def _save(self, request: HttpRequest, operation: str, act: Act) -> Page:
        return await submit_proved(
            request,
            operation,
            act,
            lambda _: go(f"/desk/break-glass?saved={operation}"),
            lambda tried: _wishes(request, tried),
        )


async def _wishes(request: HttpRequest, tried: Attempt | None = None, *, saved: str = "") -> Page:
    """The form for everybody who may ask; what waits for a coordinator's word, for these."""
    actor = actor_of(request)
    async with transaction(actor.id):
        office = await office_of(actor)
        wishes = await glass.list_break_glass(actor) if actor.role == "CO" else []
        own = await glass.own_wishes(actor) if actor.role in {"SW", "CO"} else []
    return show(
        request,
        "break_glass.html",
        tried=tried,
        wishes=wishes,
        own=own,
        zone=office.zone,
        asks=await proof.proof_asked(actor),
        saved=saved,
    )
