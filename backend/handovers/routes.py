from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain, write
from backend.errors import (
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    Taken,
    Unfit,
    VersionMissing,
    VersionStale,
)
from backend.handovers import actions
from backend.problems import documented
from backend.words import Line, Note

CHANGE = (KeyMissing, KeyReused, NotYourRole, NotFound, NotFromThisState)


class HandOver(msgspec.Struct, forbid_unknown_fields=True):
    """`words` are what whoever takes it should know first; the person reads them in their file.

    Whoever had it looks on for a week, unless it is `at_once`.
    """

    login: Line
    words: Note
    at_once: bool = False
    id: UUID | None = None

    def handover(self) -> actions.NewHandover:
        return actions.NewHandover(self.login, self.words, self.at_once, self.id or uuid4())


class SpanView(msgspec.Struct, omit_defaults=True):
    """Who was responsible from then until then; without `who` it is a gap."""

    starts: datetime
    ends: datetime
    who: UUID | None = None
    alias: str | None = None


class HandoverView(msgspec.Struct, omit_defaults=True):
    id: UUID
    version: int
    at: datetime
    given_to: UUID
    given_by: UUID | None = None
    words: str | None = None
    taken_at: datetime | None = None


class ResponsibilityView(msgspec.Struct):
    """To the workers of the plan: every instant of it is in one span."""

    spans: list[SpanView]
    handovers: list[HandoverView]

    @classmethod
    def of(cls, found: actions.Responsibility) -> "ResponsibilityView":
        return cls(
            [
                SpanView(
                    one.starts, one.ends, one.who, found.aliases.get(one.who) if one.who else None
                )
                for one in found.spans
            ],
            [_view(row) for row in found.handovers],
        )


def _view(row: dict[str, Any]) -> HandoverView:
    return HandoverView(
        row["id"],
        row["version"],
        row["at"],
        row["given_to"],
        row["given_by"],
        row["words"],
        row["taken_at"],
    )


class HandoverController(Controller):
    tags = ["circle"]  # noqa: RUF012 - Litestar declares it so

    @post(
        "/plans/{plan_id:uuid}/handovers",
        operation_id="handOver",
        responses=documented(*CHANGE, Unfit, Taken),
    )
    async def hand_over(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[HandOver]
    ) -> WrittenReply:
        """Give the plan to another social worker, with what they should know first."""
        new = data.handover()
        return plain(
            await write(request, "handOver", lambda actor: actions.hand_over(actor, plan_id, new))
        )

    @post(
        "/handovers/{handover_id:uuid}/take",
        operation_id="takeOver",
        responses=documented(*CHANGE, VersionMissing, VersionStale),
    )
    async def take(self, request: HttpRequest, handover_id: FromPath[UUID]) -> WrittenReply:
        """Say that you have read what was handed to you."""
        return plain(
            await change(
                request, "takeOver", lambda actor, seen: actions.take_over(actor, handover_id, seen)
            )
        )

    @get(
        "/plans/{plan_id:uuid}/responsibility",
        operation_id="getResponsibility",
        responses=documented(NotYourRole, NotFound),
    )
    async def responsibility(
        self, request: HttpRequest, plan_id: FromPath[UUID], on: FromQuery[date | None] = None
    ) -> Response[ResponsibilityView]:
        """Who was responsible when, or on one civil day of the plan; gaps too."""
        found = await actions.get_responsibility(actor_of(request), plan_id, on)
        return Response(ResponsibilityView.of(found), headers=NO_STORE)
