"""Summaries over HTTP: read to the person and issued by staff, pulled by courts."""

import hashlib
from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.doors import COURT, NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain, write
from backend.errors import (
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    ProveAgain,
    QuotaSpent,
    SummaryNotChecked,
    SummaryNotReadToPerson,
    Taken,
    Unfit,
    VersionMissing,
    VersionStale,
)
from backend.problems import documented
from backend.summaries.actions import drafting, expecting, issuing, pulling
from backend.summaries.content import Period, canonical
from backend.summaries.views import (
    DraftView,
    ExpectSummary,
    IssuedLine,
    IssuedListView,
    IssueSummary,
    MoveSummaryDue,
    RecordReading,
    SummaryDueView,
    SummaryView,
)

PULL = {
    **documented(NotFound, QuotaSpent),
    304: ResponseSpec(None, generate_examples=False, description="You have it as it stands"),
}
WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound, Unfit)


class SummaryController(Controller):
    tags = ["summaries"]  # noqa: RUF012 - Litestar declares it so

    @get(
        "/plans/{plan_id:uuid}/summaries/draft",
        operation_id="draftSummary",
        responses=documented(NotYourRole, NotFound, Unfit),
    )
    async def draft(
        self,
        request: HttpRequest,
        plan_id: FromPath[UUID],
        *,
        file: FromQuery[UUID],
        type: Annotated[str, QueryParameter(max_length=20)],  # noqa: A002 - the word on the wire
        period_from: FromQuery[date],
        period_to: FromQuery[date],
    ) -> Response[DraftView]:
        """What would be issued now, to be read to the person and seen by somebody else first."""
        subject = drafting.Subject(file, type, Period(period_from, period_to))
        shown = await drafting.draft_summary(actor_of(request), plan_id, subject)
        view = DraftView(shown.draft, list(shown.comments), shown.digest)
        return Response(view, headers=NO_STORE)

    @post(
        "/plans/{plan_id:uuid}/readings",
        operation_id="recordReading",
        responses=documented(*WRITE, Taken, NotFromThisState),
    )
    async def read(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[RecordReading]
    ) -> WrittenReply:
        """Record that the draft was read to the person, that somebody tried, or checked it."""
        new = issuing.NewReading(
            data.subject(),
            data.kind,
            data.read_on,
            data.language,
            data.comment,
            data.digest,
            data.id or uuid4(),
        )
        return plain(
            await write(
                request, "recordReading", lambda actor: issuing.record_reading(actor, plan_id, new)
            )
        )

    @post(
        "/plans/{plan_id:uuid}/summaries",
        operation_id="issueSummary",
        responses=documented(*WRITE, ProveAgain, SummaryNotReadToPerson, SummaryNotChecked),
    )
    async def issue(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[IssueSummary]
    ) -> WrittenReply:
        """Issue the facts of a period to a court's file; answers with the version in that file."""
        subject = data.subject()
        return plain(
            await write(
                request,
                "issueSummary",
                lambda actor: issuing.issue_summary(actor, plan_id, subject),
            )
        )


class SummaryDueController(Controller):
    tags = ["summaries"]  # noqa: RUF012

    @get(
        "/plans/{plan_id:uuid}/summaries/due",
        operation_id="listSummariesDue",
        responses=documented(NotYourRole, NotFound),
    )
    async def list_due(
        self, request: HttpRequest, plan_id: FromPath[UUID]
    ) -> Response[list[SummaryDueView]]:
        """Which summaries are expected of a plan, and by when."""
        rows = await expecting.list_summaries_due(actor_of(request), plan_id)
        return Response([SummaryDueView.of(row) for row in rows], headers=NO_STORE)

    @post(
        "/plans/{plan_id:uuid}/summaries/due",
        operation_id="expectSummary",
        responses=documented(*WRITE, Taken, NotFromThisState),
    )
    async def expect(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[ExpectSummary]
    ) -> WrittenReply:
        """Put the steps to a summary into the plan, counted from the day on which it is due."""
        new = expecting.NewSummaryDue(data.type, data.due_on, data.id or uuid4())
        return plain(
            await write(
                request,
                "expectSummary",
                lambda actor: expecting.expect_summary(actor, plan_id, new),
            )
        )

    @post(
        "/summaries-due/{due_id:uuid}/move",
        operation_id="moveSummaryDue",
        responses=documented(*WRITE, VersionMissing, VersionStale, NotFromThisState),
    )
    async def move(
        self, request: HttpRequest, due_id: FromPath[UUID], data: JSONBody[MoveSummaryDue]
    ) -> WrittenReply:
        """It is due on another day; open steps move along."""
        return plain(
            await change(
                request,
                "moveSummaryDue",
                lambda actor, seen: expecting.move_summary_due(actor, due_id, seen, data.due_on),
            )
        )

    @post(
        "/summaries-due/{due_id:uuid}/drop",
        operation_id="dropSummaryDue",
        responses=documented(*WRITE, VersionMissing, VersionStale, NotFromThisState),
    )
    async def drop(self, request: HttpRequest, due_id: FromPath[UUID]) -> WrittenReply:
        """The court wants it no more."""
        return plain(
            await change(
                request,
                "dropSummaryDue",
                lambda actor, seen: expecting.drop_summary_due(actor, due_id, seen),
            )
        )


class PullController(Controller):
    path = "/court/summaries"
    tags = ["court"]  # noqa: RUF012
    opt = {COURT: True}  # noqa: RUF012

    @get("/", operation_id="listSummaries", responses=PULL)
    async def list_summaries(
        self, request: HttpRequest, file_ref: FromQuery[str | None] = None
    ) -> Response[IssuedListView]:
        """What was issued to a file that is bound to you, oldest first."""
        found = await pulling.list_summaries(actor_of(request), file_ref or "")
        return _pulled(request, IssuedListView([IssuedLine.of(one) for one in found]))

    @get("/{summary_id:str}", operation_id="getSummary", responses=PULL)
    async def get_summary(
        self,
        request: HttpRequest,
        summary_id: FromPath[str],
        file_ref: FromQuery[str | None] = None,
    ) -> Response[SummaryView]:
        """One issued version, the same for ever but for what supersedes it."""
        issued = await pulling.get_summary(actor_of(request), file_ref or "", _id(summary_id))
        row = issued.row
        view = {
            "id": row["id"],
            "issued_at": row["issued_at"],
            "sha256": issued.sha256,
            "superseded_by": row["superseded_by"],
            "summary": msgspec.Raw(issued.content),
        }
        return _pulled(request, view)


def _id(text: str) -> UUID:
    """The id; for what is none, an id that nothing has, so that both are looked for alike."""
    try:
        found = UUID(text)
    except ValueError:
        return UUID(int=0)
    return found if str(found) == text else UUID(int=0)


def _pulled(request: HttpRequest, view: object) -> Response[Any]:
    """The canonical bytes under a strong ETag of their hash; 304 where the court has them."""
    body = canonical(view)
    tag = f'"{hashlib.sha256(body).hexdigest()}"'
    headers = {"ETag": tag, **NO_STORE}
    asked = request.headers.get("if-none-match", "")
    known = {one.strip().removeprefix("W/") for one in asked.split(",")}
    if known & {tag, "*"}:
        return Response(None, status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
