"""The log of contacts of a plan, and the form that adds to it."""

from datetime import date, datetime
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend import cursors
from backend.access import Actor
from backend.contacts import reading
from backend.contacts.actions import HOW, NewContact, log_contact
from backend.contacts.routes import LogContact
from backend.contacts.undoing import undo_contact
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.once import Written
from backend.pages.forms import Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.just_saved import undo_of_contact
from backend.pages.plan import sheet_of
from backend.plans.rules import WORKERS

SIZE = 25


class ContactPageController(Controller):
    path = "/plans/{plan_id:uuid}/contacts"

    @get("/")
    async def contacts(
        self,
        request: HttpRequest,
        plan_id: FromPath[UUID],
        cursor: FromQuery[str | None] = None,
        saved: FromQuery[str] = "",
        act: FromQuery[UUID | None] = None,
    ) -> Page:
        """Who reached the person, or tried; for who does not work on the plan, what they logged."""
        return await _log(request, plan_id, cursor=cursor, saved=saved, made=act)

    @post("/")
    async def log(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """That the person was reached, or that somebody tried."""

        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(LogContact)
            new = NewContact(given.how, given.outcome, given.made_on)
            return await log_contact(actor, plan_id, new)

        return await submit(
            request,
            "logContact",
            act,
            lambda written: go(f"/desk/plans/{plan_id}/contacts?saved=contact&act={written.id}"),
            lambda tried: _log(request, plan_id, tried),
        )

    @post("/{contact_id:uuid}/undo")
    async def undo(
        self, request: HttpRequest, plan_id: FromPath[UUID], contact_id: FromPath[UUID]
    ) -> Page:
        """The contact, or the visit, is taken back."""

        async def act(actor: Actor, _: Form) -> Written:
            return await undo_contact(actor, contact_id)

        return await submit(
            request,
            "undoContact",
            act,
            lambda _: go(f"/desk/plans/{plan_id}?saved=undone"),
            lambda tried: _log(request, plan_id, tried),
        )


async def _log(
    request: HttpRequest,
    plan_id: UUID,
    tried: Attempt | None = None,
    *,
    cursor: str | None = None,
    saved: str = "",
    made: UUID | None = None,
) -> Page:
    actor = actor_of(request)
    after = cursors.read(cursor, date, datetime, UUID) if cursor else None
    async with transaction(actor.id):
        page = await reading.list_contacts(actor, plan_id, after=after, limit=SIZE)
        sheet = await sheet_of(actor, plan_id)
        undo = await undo_of_contact(actor, plan_id, made)
    key = reading.key_of(page, SIZE)
    return show(
        request,
        "contacts.html",
        tried=tried,
        **sheet.values(),
        saved=saved,
        undo=undo,
        contacts=page,
        more=cursors.write(*key) if key else None,
        first=cursor is None,
        works=sheet.read.role in WORKERS,
        how=HOW,
        names={member.actor: member.name for member in sheet.view.circle or () if member.name},
    )
