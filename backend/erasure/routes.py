from datetime import datetime
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain, write
from backend.erasure import actions, holds, voluntary, wishes
from backend.errors import (
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    ProveAgain,
    TooManyTries,
    UnderLegalHold,
    VersionMissing,
    VersionStale,
)
from backend.problems import documented
from backend.words import Note

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound)
CHANGE = (*WRITE, VersionMissing, VersionStale, NotFromThisState)


class SetLegalHold(msgspec.Struct, forbid_unknown_fields=True):
    """Why nothing of this person may be erased for now."""

    reason: Note
    id: UUID | None = None


class AskErasure(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing but the wish; why is between people, and stands in no record.

    `voluntary`: of somebody under supervision only what they took part in of their own will.
    """

    id: UUID | None = None
    voluntary: bool = False


class LegalHoldView(msgspec.Struct):
    id: UUID
    version: int
    who: str
    set_at: datetime
    reason: str


class ErasureController(Controller):
    tags = ["erasure"]  # noqa: RUF012 - Litestar declares it so

    @post(
        "/plans/{plan_id:uuid}/erase",
        operation_id="erasePerson",
        responses=documented(*CHANGE, ProveAgain, UnderLegalHold, TooManyTries),
    )
    async def erase(self, request: HttpRequest, plan_id: FromPath[UUID]) -> WrittenReply:
        """Erase this plan's person, on all their plans and in every backup. `prove` comes first."""
        return plain(
            await change(
                request,
                "erasePerson",
                lambda actor, seen: actions.erase_person(actor, plan_id, seen),
            )
        )

    @post(
        "/plans/{plan_id:uuid}/erase-voluntary",
        operation_id="eraseVoluntary",
        responses=documented(*CHANGE, ProveAgain, UnderLegalHold, TooManyTries),
    )
    async def erase_voluntary(self, request: HttpRequest, plan_id: FromPath[UUID]) -> WrittenReply:
        """Erase the voluntary part of a supervised plan; what was ordered stays. `prove` first."""
        return plain(
            await change(
                request,
                "eraseVoluntary",
                lambda actor, seen: voluntary.erase_voluntary(actor, plan_id, seen),
            )
        )

    @post(
        "/plans/{plan_id:uuid}/erasure-wishes",
        operation_id="askErasure",
        responses=documented(*WRITE, NotFromThisState),
    )
    async def ask(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[AskErasure]
    ) -> WrittenReply:
        """Ask that this plan's person is erased; another coordinator lets it within a week."""
        return plain(
            await write(
                request,
                "askErasure",
                lambda actor: wishes.ask_erasure(actor, plan_id, data.id, voluntary=data.voluntary),
            )
        )

    @post(
        "/erasure-wishes/{wish_id:uuid}/end",
        operation_id="endErasureWish",
        responses=documented(*CHANGE),
    )
    async def end_wish(self, request: HttpRequest, wish_id: FromPath[UUID]) -> WrittenReply:
        """Take a wish back, or refuse it."""
        return plain(
            await change(
                request,
                "endErasureWish",
                lambda actor, seen: wishes.end_erasure_wish(actor, wish_id, seen),
            )
        )

    @post(
        "/plans/{plan_id:uuid}/legal-holds",
        operation_id="setLegalHold",
        responses=documented(*WRITE),
    )
    async def set_hold(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[SetLegalHold]
    ) -> WrittenReply:
        """Let nothing of this person be erased until the hold has ended."""
        new = holds.NewHold(data.reason, data.id or uuid4())
        return plain(
            await write(request, "setLegalHold", lambda actor: holds.set_hold(actor, plan_id, new))
        )

    @get(
        "/plans/{plan_id:uuid}/legal-holds",
        operation_id="listLegalHolds",
        responses=documented(NotYourRole, NotFound),
    )
    async def list_holds(
        self, request: HttpRequest, plan_id: FromPath[UUID]
    ) -> Response[list[LegalHoldView]]:
        """The holds that stand, to the workers of the plan's own agency."""
        rows = await holds.list_holds(actor_of(request), plan_id)
        views = [
            LegalHoldView(row["id"], row["version"], row["alias"], row["set_at"], row["reason"])
            for row in rows
        ]
        return Response(views, headers=NO_STORE)

    @post(
        "/legal-holds/{hold_id:uuid}/end",
        operation_id="endLegalHold",
        responses=documented(*CHANGE),
    )
    async def end_hold(self, request: HttpRequest, hold_id: FromPath[UUID]) -> WrittenReply:
        """End a hold: its person may be erased again."""
        return plain(
            await change(
                request, "endLegalHold", lambda actor, seen: holds.end_hold(actor, hold_id, seen)
            )
        )
