"""What a reader is told of the evidence of a row: wire types."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from backend.evidence.actions import Claims, RowRead, Said
from backend.matrix import cut, of
from backend.plans import rules
from backend.plans.actions.reading import PlanRead
from backend.plans.views import MilestoneView

DETAIL = of("milestone detail")


class SayingView(msgspec.Struct, omit_defaults=True):
    """Who says whether it happened, on which day, and how they know.

    `provenance` is said (by chat), act, document or provider; or missed: a date for it, noted as
    such by whose it was. `taken_back` where they say it no more.
    """

    role: str
    provenance: str
    happened: bool
    day: date
    taken_back: bool = False

    @classmethod
    def of(cls, said: Said) -> "SayingView":
        return cls(
            said["role"], said["provenance"], said["happened"], said["day"], said["taken_back"]
        )


class BeforeView(msgspec.Struct):
    """A row that another one waits for, and that is not settled yet."""

    id: UUID
    code: str
    title: str
    state: str


class RowView(msgspec.Struct, omit_defaults=True):
    """A row, the `evidence` that is asked for, what it waits for, and what is known of it.

    To its workers also whether two sayings differ, and whether one waits for their word.
    """

    milestone: MilestoneView
    evidence: str
    waits_for: list[BeforeView]
    sayings: list[SayingView]
    differ: Annotated[bool | UnsetType, DETAIL] = UNSET
    claimed: Annotated[bool | UnsetType, DETAIL] = UNSET

    @classmethod
    def of(cls, read: RowRead, plan: PlanRead) -> "RowView":
        view = cls(
            MilestoneView.of(read.row, plan),
            read.row["evidence"],
            [BeforeView(b["id"], b["code"], b["title"], b["state"]) for b in read.before],
            [SayingView.of(one) for one in read.sayings],
            differ=read.differ,
            claimed=read.waits,
        )
        return cut(view, plan.role, plan.groups)


class ClaimView(msgspec.Struct):
    """A row that waits for its worker's word, since somebody said `since` when that it is so."""

    milestone: UUID
    version: int
    code: str
    title: str
    state: str
    evidence: str
    since: datetime
    differ: bool
    sayings: list[SayingView]
    plan: UUID
    alias: Annotated[str | UnsetType, of("alias")] = UNSET

    @classmethod
    def of(cls, found: Claims) -> "ClaimView":
        row: Any = found.row
        return cls(
            row["id"],
            rules.version_for("SW", row),  # to the workers of a plan it is the same
            row["code"],
            row["title"],
            row["state"],
            row["evidence"],
            found.since,
            found.differ,
            [SayingView.of(one) for one in found.sayings],
            row["plan"],
            UNSET if row["alias"] is None else row["alias"],
        )


class ClaimsView(msgspec.Struct):
    claims: list[ClaimView]
    next: str | None = None
