"""What nobody but the workers of a plan may know: who is afraid, and where nobody finds them."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.reading import office_of
from backend.plans.actions import reading
from backend.plans.views import MemberView
from backend.safety import actions
from backend.safety.routes import ProtectAddress, RaiseFlag, SafetyView
from backend.safety.rules import FROM_WHOM


class SafetyPageController(Controller):
    path = "/plans/{plan_id:uuid}/safety"

    @get("/")
    async def safety(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _safety(request, plan_id, saved=saved)

    @post("/flags")
    async def raise_flag(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(RaiseFlag)
            new = actions.NewFlag(given.subject, given.words, given.raiser, given.kept_from)
            return await actions.raise_flag(actor, plan_id, new)

        return await self._save(request, plan_id, "raiseSafetyFlag", act)

    @post("/flags/{flag_id:uuid}/lower")
    async def lower(
        self, request: HttpRequest, plan_id: FromPath[UUID], flag_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.lower_flag(actor, flag_id, form.seen)

        return await self._save(request, plan_id, "lowerSafetyFlag", act)

    @post("/addresses")
    async def protect(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(ProtectAddress)
            new = actions.NewAddress(given.subject, given.address)
            return await actions.protect_address(actor, plan_id, new)

        return await self._save(request, plan_id, "protectAddress", act)

    @post("/addresses/{address_id:uuid}/end")
    async def end(
        self, request: HttpRequest, plan_id: FromPath[UUID], address_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.end_protection(actor, address_id, form.seen)

        return await self._save(request, plan_id, "endProtectedAddress", act)

    async def _save(self, request: HttpRequest, plan_id: UUID, operation: str, act: Act) -> Page:
        return await submit(
            request,
            operation,
            act,
            lambda _: go(f"/desk/plans/{plan_id}/safety?saved={operation}"),
            lambda tried: _safety(request, plan_id, tried),
        )


async def _safety(
    request: HttpRequest, plan_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        found = await actions.list_safety(actor, plan_id)
        read = await reading.get_plan(actor, plan_id)
        office = await office_of(actor)
    people = [MemberView.of(one, read) for one in read.circle or ()]
    return show(
        request,
        "safety.html",
        tried=tried,
        plan_id=plan_id,
        found=SafetyView.of(found),
        person=read.row["person"],
        circle=[one for one in people if one.role in FROM_WHOM],
        zone=office.zone,
        saved=saved,
    )
