"""The map of family and friends: who there is, as the person says, and what is to be asked."""

from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor, is_by_glass
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.family import actions
from backend.family.routes import ChangeRelative, NameRelative, RelativeView
from backend.family.rules import is_parted
from backend.family.stopping import stop_contact
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.plan import sheet_of
from backend.pages.reading import office_of
from backend.words import Language, Place


class StopContact(msgspec.Struct):
    """`who` is of the map, or a mentor of the circle."""

    who: UUID
    why: Place
    language: Language | None = None


class FamilyPageController(Controller):
    path = "/plans/{plan_id:uuid}/family"

    @get("/")
    async def family(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _page(request, plan_id, saved=saved)

    @post("/")
    async def name(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            new = form.read(NameRelative).relative()
            return await actions.name_relative(actor, plan_id, new)

        return await _save(request, plan_id, "nameRelative", act)

    @post("/stop")
    async def stop(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """By whoever came in by broken glass."""

        async def act(actor: Actor, form: Form) -> Written:
            said = form.read(StopContact)
            return await stop_contact(actor, plan_id, said.who, said.why, said.language)

        return await _save(request, plan_id, "stopContact", act)

    @post("/{relative_id:uuid}")
    async def change(
        self, request: HttpRequest, plan_id: FromPath[UUID], relative_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            change = form.read(ChangeRelative).change()
            return await actions.change_relative(actor, relative_id, form.seen, change)

        return await _save(request, plan_id, "changeRelative", act)


async def _save(request: HttpRequest, plan: UUID, operation: str, act: Act) -> Page:
    return await submit(
        request,
        operation,
        act,
        lambda _: go(f"/desk/plans/{plan}/family?saved={operation}"),
        lambda tried: _page(request, plan, tried),
    )


async def _page(
    request: HttpRequest, plan_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        sheet = await sheet_of(actor, plan_id)
        rows = await actions.list_relatives(actor, plan_id)
        office = await office_of(actor)
        by_glass = await is_by_glass({"id": plan_id})
    mentors = [one for one in sheet.view.circle or () if one.role == "ME"]
    return show(
        request,
        "family.html",
        tried=tried,
        **sheet.values(),
        saved=saved,
        relatives=[RelativeView.of(row) for row in rows],
        office=office,
        by_glass=by_glass,
        stoppable=[
            *((one["id"], one["name"] or "Somebody") for one in rows if not is_parted(one)),
            *((one.actor, one.name or "A mentor") for one in mentors),
        ],
    )
