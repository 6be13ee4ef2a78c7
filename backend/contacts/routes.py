from datetime import date, time
from typing import Annotated
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, post
from litestar.params import FromPath, JSONBody

from backend.contacts import actions, undoing
from backend.doors import HttpRequest, WrittenReply, change, plain, write
from backend.errors import (
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    Unfit,
    VersionMissing,
    VersionStale,
)
from backend.problems import documented

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound, Unfit)


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


class ContactController(Controller):
    tags = ["contacts"]  # noqa: RUF012 - Litestar declares it so

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
