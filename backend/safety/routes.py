from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain, write
from backend.errors import (
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
from backend.problems import documented
from backend.safety import actions
from backend.words import Note

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound, Unfit)
CHANGE = (KeyMissing, KeyReused, NotYourRole, NotFound)
CHANGED = (*CHANGE, VersionMissing, VersionStale, NotFromThisState)


class RaiseFlag(msgspec.Struct, forbid_unknown_fields=True):
    """`subject` is whose safety it is; `raiser`, on whose word; `kept_from`, who hears no days."""

    subject: UUID
    words: Note
    raiser: UUID | None = None
    kept_from: UUID | None = None
    id: UUID | None = None


class ProtectAddress(msgspec.Struct, forbid_unknown_fields=True):
    subject: UUID
    address: Note
    id: UUID | None = None


class FlagView(msgspec.Struct, omit_defaults=True):
    """`raised_by` is the worker's alias; without `raiser` it is on their own word.

    `words` are not there any more where their subject was erased.
    """

    id: UUID
    version: int
    subject: UUID
    raised_by: str
    raised_at: datetime
    words: str | None = None
    raiser: UUID | None = None
    kept_from: UUID | None = None


class AddressView(msgspec.Struct):
    id: UUID
    version: int
    subject: UUID
    set_at: datetime
    address: str | None


class SafetyView(msgspec.Struct):
    """What stands, to the workers of the plan."""

    flags: list[FlagView]
    addresses: list[AddressView]

    @classmethod
    def of(cls, found: actions.Safety) -> "SafetyView":
        return cls(
            [_flag(one) for one in found.flags],
            [
                AddressView(
                    one["id"], one["version"], one["subject"], one["set_at"], one["address"]
                )
                for one in found.addresses
            ],
        )


def _flag(one: dict[str, Any]) -> FlagView:
    words = {name: one.get(name) for name in ("words", "raiser", "kept_from")}
    kept = words["kept_from"] if words["words"] is not None else None
    return msgspec.convert(
        {
            **{name: one[name] for name in ("id", "version", "subject", "raised_at")},
            **words,
            "kept_from": kept,
            "raised_by": one["alias"],
        },
        FlagView,
    )


class SafetyController(Controller):
    tags = ["safety"]  # noqa: RUF012 - Litestar declares it so

    @get(
        "/plans/{plan_id:uuid}/safety",
        operation_id="listSafety",
        responses=documented(NotYourRole, NotFound, TooMuch),
    )
    async def list_safety(
        self, request: HttpRequest, plan_id: FromPath[UUID]
    ) -> Response[SafetyView]:
        """The safety flags and protected addresses that stand."""
        found = await actions.list_safety(actor_of(request), plan_id)
        return Response(SafetyView.of(found), headers=NO_STORE)

    @post(
        "/plans/{plan_id:uuid}/safety-flags",
        operation_id="raiseSafetyFlag",
        responses=documented(*WRITE),
    )
    async def raise_flag(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[RaiseFlag]
    ) -> WrittenReply:
        """Raise a flag. It asks for no version: raising is never too late."""
        new = actions.NewFlag(
            data.subject, data.words, data.raiser, data.kept_from, data.id or uuid4()
        )
        return plain(
            await write(
                request, "raiseSafetyFlag", lambda actor: actions.raise_flag(actor, plan_id, new)
            )
        )

    @post(
        "/safety-flags/{flag_id:uuid}/lower",
        operation_id="lowerSafetyFlag",
        responses=documented(*CHANGED),
    )
    async def lower_flag(self, request: HttpRequest, flag_id: FromPath[UUID]) -> WrittenReply:
        """Let go of a flag, as you saw it."""
        return plain(
            await change(
                request,
                "lowerSafetyFlag",
                lambda actor, seen: actions.lower_flag(actor, flag_id, seen),
            )
        )

    @post(
        "/plans/{plan_id:uuid}/protected-addresses",
        operation_id="protectAddress",
        responses=documented(*WRITE),
    )
    async def protect(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[ProtectAddress]
    ) -> WrittenReply:
        """Keep an address from everybody but the plan's workers."""
        new = actions.NewAddress(data.subject, data.address, data.id or uuid4())
        return plain(
            await write(
                request,
                "protectAddress",
                lambda actor: actions.protect_address(actor, plan_id, new),
            )
        )

    @post(
        "/protected-addresses/{address_id:uuid}/end",
        operation_id="endProtectedAddress",
        responses=documented(*CHANGED),
    )
    async def end(self, request: HttpRequest, address_id: FromPath[UUID]) -> WrittenReply:
        """Protect an address no longer."""
        return plain(
            await change(
                request,
                "endProtectedAddress",
                lambda actor, seen: actions.end_protection(actor, address_id, seen),
            )
        )
