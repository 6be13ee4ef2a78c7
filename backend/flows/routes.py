from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain, write
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
from backend.flows import actions
from backend.flows.entries import Receiver
from backend.problems import documented
from backend.words import Name, Purpose

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound)
CHANGE = (*WRITE, VersionMissing, VersionStale, NotFromThisState)
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Group = Annotated[str, msgspec.Meta(max_length=20)]


class RecordFlow(msgspec.Struct, forbid_unknown_fields=True):
    """`kind` is agency, court, chat or person; of the three others the one that it asks for.

    Without `starts` it holds from now on, without `until` until somebody ends it.
    """

    kind: str
    groups: Annotated[list[Group], msgspec.Meta(min_length=1, max_length=60)]
    purpose: Purpose
    basis: str
    responsible: UUID
    to_agency: UUID | None = None
    court: UUID | None = None
    to_role: str | None = None
    law: Name | None = None
    article: Purpose | None = None
    starts: Instant | None = None
    until: Instant | None = None
    id: UUID | None = None

    def flow(self) -> actions.NewFlow:
        to = Receiver(self.kind, self.to_agency, self.court, self.to_role)
        return actions.NewFlow(
            to,
            self.groups,
            self.purpose,
            self.basis,
            self.responsible,
            self.law,
            self.article,
            self.starts,
            self.until,
            self.id or uuid4(),
        )


class ConfirmFlow(msgspec.Struct, forbid_unknown_fields=True):
    """Who answers for it; the law and its article where its basis is a law."""

    responsible: UUID
    law: Name | None = None
    article: Purpose | None = None


class FlowView(msgspec.Struct):
    """An entry; `opens` is what it lets through now. Unconfirmed, it was written for the agency."""

    id: UUID
    version: int
    kind: Literal["agency", "court", "chat", "person"]
    groups: list[str]
    purpose: str
    basis: str
    opens: list[str]
    starts: datetime
    confirmed: bool
    to_agency: UUID | UnsetType = UNSET
    court: UUID | UnsetType = UNSET
    to_role: str | UnsetType = UNSET
    law: str | UnsetType = UNSET
    article: str | UnsetType = UNSET
    responsible: UUID | UnsetType = UNSET
    until: datetime | UnsetType = UNSET
    ended_at: datetime | UnsetType = UNSET

    @classmethod
    def of(cls, row: dict[str, Any]) -> "FlowView":
        given = {name: value for name, value in row.items() if value is not None}
        return msgspec.convert({**given, "confirmed": "confirmed_at" in given}, cls)


class FlowController(Controller):
    path = "/flows"
    tags = ["agency"]  # noqa: RUF012 - Litestar declares it so

    @get("/", operation_id="listFlows", responses=documented(NotYourRole))
    async def list_flows(self, request: HttpRequest) -> Response[list[FlowView]]:
        """What may leave your agency, to whom and on which ground, what has ended too."""
        rows = await actions.list_flows(actor_of(request))
        return Response([FlowView.of(row) for row in rows], headers=NO_STORE)

    @post("/", operation_id="recordFlow", responses=documented(*WRITE, Unfit))
    async def record(self, request: HttpRequest, data: JSONBody[RecordFlow]) -> WrittenReply:
        """Let field groups flow from your agency to somebody, by a law or an authorisation."""
        new = data.flow()
        return plain(
            await write(request, "recordFlow", lambda actor: actions.record_flow(actor, new))
        )

    @post(
        "/{flow_id:uuid}/confirm",
        operation_id="confirmFlow",
        responses=documented(*CHANGE, Unfit),
    )
    async def confirm(
        self, request: HttpRequest, flow_id: FromPath[UUID], data: JSONBody[ConfirmFlow]
    ) -> WrittenReply:
        """Answer for an entry that was written for your agency."""
        given = actions.Confirmation(data.responsible, data.law, data.article)
        return plain(
            await change(
                request,
                "confirmFlow",
                lambda actor, seen: actions.confirm_flow(actor, flow_id, seen, given),
            )
        )

    @post("/{flow_id:uuid}/end", operation_id="endFlow", responses=documented(*CHANGE))
    async def end(self, request: HttpRequest, flow_id: FromPath[UUID]) -> WrittenReply:
        """End an entry: nothing flows by it any more, and what waits to be said is cancelled."""
        return plain(
            await change(
                request, "endFlow", lambda actor, seen: actions.end_flow(actor, flow_id, seen)
            )
        )
