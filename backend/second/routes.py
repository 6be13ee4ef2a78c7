from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain
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
from backend.second import actions


class RecordReview(msgspec.Struct, forbid_unknown_fields=True):
    """`finding`: in_order, or not_in_order."""

    finding: str


class ReviewView(msgspec.Struct):
    """`kind`: glass or erasure, `thing` the wish that was let by whoever had asked; or summary."""

    id: UUID
    version: int
    agency_name: str
    kind: str
    thing: UUID
    done_by: UUID
    done_at: datetime
    finding: str | UnsetType = UNSET
    reviewed_at: datetime | UnsetType = UNSET

    @classmethod
    def of(cls, row: Any) -> "ReviewView":
        """A key for what there is, and none for the rest."""
        given = {name: value for name, value in dict(row).items() if value is not None}
        return msgspec.convert(given, cls)


class ReviewController(Controller):
    path = "/outside-reviews"
    tags = ["walls"]  # noqa: RUF012 - Litestar declares it so

    @get("/", operation_id="listReviews", responses=documented(NotYourRole))
    async def list_reviews(self, request: HttpRequest) -> Response[list[ReviewView]]:
        """What was done without a second person, to whoever looks at it from outside."""
        rows = await actions.list_reviews(actor_of(request))
        return Response([ReviewView.of(row) for row in rows], headers=NO_STORE)

    @post(
        "/{review_id:uuid}",
        operation_id="recordReview",
        responses=documented(
            *(KeyMissing, KeyReused, NotYourRole, NotFound, VersionMissing, VersionStale),
            *(NotFromThisState, Unfit),
        ),
    )
    async def record(
        self, request: HttpRequest, review_id: FromPath[UUID], data: JSONBody[RecordReview]
    ) -> WrittenReply:
        """Say what was found."""
        return plain(
            await change(
                request,
                "recordReview",
                lambda actor, seen: actions.record_review(actor, review_id, seen, data.finding),
            )
        )
