"""What stops an erasure, and the erasure itself."""

from typing import Any
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor, find_plan
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.erasure import actions, holds, voluntary, wishes
from backend.erasure.routes import AskErasure, SetLegalHold
from backend.once import Written
from backend.pages.account import submit_proved
from backend.pages.door import DESK
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.reading import office_of
from backend.staff import proof


class ErasurePageController(Controller):
    path = "/plans/{plan_id:uuid}/erasure"

    @get("/")
    async def erasure(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _erasure(request, plan_id, saved=saved)

    @post("/")
    async def erase(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.erase_person(actor, plan_id, form.seen)

        return await submit_proved(
            request,
            "erasePerson",
            act,
            lambda _: go(f"{DESK}?saved=erasePerson"),
            lambda tried: _erasure(request, plan_id, tried),
        )

    @post("/voluntary")
    async def erase_voluntary(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await voluntary.erase_voluntary(actor, plan_id, form.seen)

        return await submit_proved(
            request,
            "eraseVoluntary",
            act,
            lambda _: go(f"{DESK}/plans/{plan_id}/erasure?saved=eraseVoluntary"),
            lambda tried: _erasure(request, plan_id, tried),
        )

    @post("/wishes")
    async def ask(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            part = form.read(AskErasure).voluntary
            return await wishes.ask_erasure(actor, plan_id, voluntary=part)

        return await self._save(request, plan_id, "askErasure", act)

    @post("/wishes/{wish_id:uuid}/end")
    async def end_wish(
        self, request: HttpRequest, plan_id: FromPath[UUID], wish_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await wishes.end_erasure_wish(actor, wish_id, form.seen)

        return await self._save(request, plan_id, "endErasureWish", act)

    @post("/holds")
    async def set_hold(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            reason = form.read(SetLegalHold).reason
            return await holds.set_hold(actor, plan_id, holds.NewHold(reason))

        return await self._save(request, plan_id, "setLegalHold", act)

    @post("/holds/{hold_id:uuid}/end")
    async def end_hold(
        self, request: HttpRequest, plan_id: FromPath[UUID], hold_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await holds.end_hold(actor, hold_id, form.seen)

        return await self._save(request, plan_id, "endLegalHold", act)

    async def _save(self, request: HttpRequest, plan_id: UUID, operation: str, act: Act) -> Page:
        return await submit(
            request,
            operation,
            act,
            lambda _: go(f"{DESK}/plans/{plan_id}/erasure?saved={operation}"),
            lambda tried: _erasure(request, plan_id, tried),
        )


async def _erasure(
    request: HttpRequest, plan_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        standing = await holds.list_holds(actor, plan_id)
        plan = await find_plan(actor, plan_id)
        office = await office_of(actor)
        asked: list[dict[str, Any]] = []
        may_let: set[bool] = set()
        if actor.role == "CO":
            asked, may_let = await wishes.wishes_of(actor, plan_id)
    return show(
        request,
        "erasure.html",
        tried=tried,
        plan=plan,
        holds=standing,
        wishes=asked,
        may_let=may_let,
        ordered=wishes.is_ordered(plan),
        zone=office.zone,
        asks=await proof.proof_asked(actor),
        saved=saved,
    )
