from datetime import date, datetime, time
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from backend import cursors
from backend.contacts import actions, reading, undoing
from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain, write
from backend.errors import (
    BadInput,
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    TooMuch,
    Unfit,
    VersionMissing,
    VersionStale,
)
from backend.matrix import of
from backend.problems import documented

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound, Unfit)
LOG = of("contacts")
Limit = Annotated[int, QueryParameter(ge=1, le=100)]


class LogContact(msgspec.Struct, forbid_unknown_fields=True):
    how: str
    outcome: str
    made_on: date
    id: UUID | None = None


class TickIn(msgspec.Struct, forbid_unknown_fields=True):
    milestone: UUID
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    state: str = "done"


class RecordVisit(msgspec.Struct, forbid_unknown_fields=True):
    how: str
    made_on: date
    ticks: Annotated[list[TickIn], msgspec.Meta(max_length=40)]
    next_on: date | None = None
    next_at: time | None = None
    id: UUID | None = None


class ContactView(msgspec.Struct, omit_defaults=True):
    """That somebody reached the person on a day, or tried. `alias` is that of staff.

    Who of the circle has none: the plan tells its readers whose `actor` is, if it may.
    """

    id: UUID
    made_on: Annotated[date, LOG]
    actor: Annotated[UUID, LOG]
    role: Annotated[str, LOG]
    how: Annotated[str, LOG]
    outcome: Annotated[str, LOG]
    alias: Annotated[str | UnsetType, LOG] = UNSET

    @classmethod
    def of(cls, row: Any) -> "ContactView":
        view = cls(*(row[name] for name in ("id", "made_on", "actor", "role", "how", "outcome")))
        view.alias = row["alias"] or UNSET
        return view


class ContactsView(msgspec.Struct):
    """A page of the log; `next` is the cursor of the page after it."""

    contacts: list[ContactView]
    next: str | None = None


class ContactController(Controller):
    tags = ["contacts"]  # noqa: RUF012 - Litestar declares it so

    @get(
        "/plans/{plan_id:uuid}/contacts",
        operation_id="listContacts",
        responses=documented(NotYourRole, NotFound, BadInput, TooMuch),
    )
    async def list_contacts(
        self,
        request: HttpRequest,
        plan_id: FromPath[UUID],
        cursor: FromQuery[str | None] = None,
        limit: Limit = 50,
    ) -> Response[ContactsView]:
        """Who reached the person, or tried, the newest first; not a worker, what you logged."""
        after = cursors.read(cursor, date, datetime, UUID) if cursor else None
        actor = actor_of(request)
        page = await reading.list_contacts(actor, plan_id, after=after, limit=limit)
        key = reading.key_of(page, limit)
        following = cursors.write(*key) if key else None
        view = ContactsView([ContactView.of(one) for one in page], following)
        return Response(view, headers=NO_STORE)

    @post(
        "/plans/{plan_id:uuid}/contacts",
        operation_id="logContact",
        responses=documented(*WRITE),
    )
    async def log(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[LogContact]
    ) -> WrittenReply:
        """Log that the person was reached, or that somebody tried."""
        new = actions.NewContact(data.how, data.outcome, data.made_on, data.id or uuid4())
        return plain(
            await write(
                request, "logContact", lambda actor: actions.log_contact(actor, plan_id, new)
            )
        )

    @post(
        "/plans/{plan_id:uuid}/visits",
        operation_id="recordVisit",
        responses=documented(*WRITE, VersionMissing, VersionStale, NotFromThisState),
    )
    async def visit(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[RecordVisit]
    ) -> WrittenReply:
        """Save one card for one visit: how, the ticked rows, the next date. All or nothing."""
        visit = actions.Visit(
            data.how,
            data.made_on,
            [actions.Tick(one.milestone, one.version, one.state) for one in data.ticks],
            data.next_on,
            data.next_at,
            data.id or uuid4(),
        )
        return plain(
            await change(
                request,
                "recordVisit",
                lambda actor, seen: actions.record_visit(actor, plan_id, seen, visit),
            )
        )

    @post(
        "/contacts/{contact_id:uuid}/undo",
        operation_id="undoContact",
        responses=documented(*WRITE, NotFromThisState),
    )
    async def undo(self, request: HttpRequest, contact_id: FromPath[UUID]) -> WrittenReply:
        """Take back your own contact of the last ten minutes, or the visit of this id: it is gone.

        What it settled is as before, and the next date is off.
        """
        return plain(
            await write(
                request, "undoContact", lambda actor: undoing.undo_contact(actor, contact_id)
            )
        )
