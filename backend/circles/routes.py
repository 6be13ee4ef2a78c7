from datetime import date, datetime, time
from typing import Annotated
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, post
from litestar.params import FromPath, JSONBody

from backend.circles import actions, endings
from backend.doors import HttpRequest, WrittenReply, change, plain, write
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
from backend.problems import documented
from backend.words import Language, Line, Name, Place, RoleCode


class AddMember(msgspec.Struct, forbid_unknown_fields=True):
    """A mentor by `mentor` (of the agency's), staff by login, or the person (PE) with neither.

    A relative by `relative`, of the map, or by name and `relation` where they are new to it.

    A lawyer or guardian (LR) by name, with their `standing` (lawyer, guardian) and the `matters`
    that the mandate is for: plan, circle, summaries, consents, access.
    """

    role: RoleCode
    name: Name | None = None
    login: Line | None = None
    language: Language | None = None
    alias: Line | None = None
    gate: str | None = None
    call_weekday: Annotated[int, msgspec.Meta(ge=1, le=7)] | None = None
    call_at: time | None = None
    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    standing: Annotated[str, msgspec.Meta(max_length=10)] | None = None
    matters: Annotated[list[str], msgspec.Meta(max_length=5)] = msgspec.field(default_factory=list)
    mentor: UUID | None = None
    relative: UUID | None = None
    relation: Place | None = None
    id: UUID | None = None


class AnnounceEnding(msgspec.Struct, forbid_unknown_fields=True):
    """`on` is the last day, in the plan's zone; none: it goes on without an end."""

    on: date | None = None


class CircleController(Controller):
    tags = ["circle"]  # noqa: RUF012 - Litestar declares it so

    @post(
        "/plans/{plan_id:uuid}/circle",
        operation_id="addCircleMember",
        responses=documented(
            KeyMissing, KeyReused, NotYourRole, NotFound, Unfit, Taken, NotFromThisState
        ),
    )
    async def add(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[AddMember]
    ) -> WrittenReply:
        """Give somebody a mandate on this plan; answers with the mandate."""
        values = msgspec.structs.asdict(data)
        new = actions.NewMember(**{**values, "id": data.id or uuid4()})
        return plain(
            await write(
                request, "addCircleMember", lambda actor: actions.add_member(actor, plan_id, new)
            )
        )

    @post(
        "/mandates/{mandate_id:uuid}/end",
        operation_id="endMandate",
        responses=documented(
            KeyMissing,
            KeyReused,
            NotYourRole,
            NotFound,
            NotFromThisState,
            VersionMissing,
            VersionStale,
        ),
    )
    async def end(self, request: HttpRequest, mandate_id: FromPath[UUID]) -> WrittenReply:
        """End a mandate at once; the chat that hangs on it ends in the same second.

        It is what a mentor's or the person's no is, too: who said it is written nowhere.
        """
        return plain(
            await change(
                request,
                "endMandate",
                lambda actor, seen: actions.end_mandate(actor, mandate_id, seen),
            )
        )

    @post(
        "/mandates/{mandate_id:uuid}/ending",
        operation_id="announceEnding",
        responses=documented(
            KeyMissing,
            KeyReused,
            NotYourRole,
            NotFound,
            Unfit,
            NotFromThisState,
            VersionMissing,
            VersionStale,
        ),
    )
    async def announce(
        self, request: HttpRequest, mandate_id: FromPath[UUID], data: JSONBody[AnnounceEnding]
    ) -> WrittenReply:
        """Announce the last day of a mentor: the mandate ends with it; the mentor hears once."""
        return plain(
            await change(
                request,
                "announceEnding",
                lambda actor, seen: endings.announce_ending(actor, mandate_id, seen, data.on),
            )
        )
