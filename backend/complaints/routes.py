from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from backend.complaints import actions
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
from backend.problems import documented
from backend.words import Line, Note

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound)
CHANGE = (*WRITE, VersionMissing, VersionStale, NotFromThisState)


class RecordComplaint(msgspec.Struct, forbid_unknown_fields=True):
    """What was said, in their own words; `subject` is whose it is, or else the person.

    `about` is the login of the colleague whom it names: it is not shown to them. A login that is
    not there is taken down as it is, or for the nearest one that is; no answer tells which.
    """

    text: Note
    received_on: date
    subject: UUID | None = None
    about: Line | None = None
    id: UUID | None = None


class AnswerComplaint(msgspec.Struct, forbid_unknown_fields=True):
    """What whoever complained was told."""

    answer: Note


class ComplaintView(msgspec.Struct):
    """`by_role`: the person (PE), a relative (FA) or a mentor (ME). `named`: as it was typed."""

    id: UUID
    version: int
    by_role: str
    subject: UUID
    received_on: date
    text: str
    overdue: bool
    due_at: datetime | UnsetType = UNSET
    named: str | UnsetType = UNSET
    answer: str | UnsetType = UNSET
    answered_at: datetime | UnsetType = UNSET

    @classmethod
    def of(cls, row: dict[str, Any]) -> "ComplaintView":
        """A key for what there is, and none for the rest."""
        given = {name: value for name, value in row.items() if value is not None}
        return msgspec.convert(given, cls)


class ComplaintController(Controller):
    tags = ["complaints"]  # noqa: RUF012 - Litestar declares it so

    @post(
        "/plans/{plan_id:uuid}/complaints",
        operation_id="recordComplaint",
        responses=documented(*WRITE, Unfit),
    )
    async def record(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[RecordComplaint]
    ) -> WrittenReply:
        """Write down a complaint of the person, a relative or a mentor; a coordinator answers."""
        new = actions.NewComplaint(
            data.text, data.received_on, data.subject, data.about, data.id or uuid4()
        )
        return plain(
            await write(
                request,
                "recordComplaint",
                lambda actor: actions.record_complaint(actor, plan_id, new),
            )
        )

    @get("/complaints", operation_id="listComplaints", responses=documented(NotYourRole))
    async def list_complaints(self, request: HttpRequest) -> Response[list[ComplaintView]]:
        """The agency's complaints, but for those that are about the reader."""
        rows = await actions.list_complaints(actor_of(request))
        return Response([ComplaintView.of(row) for row in rows], headers=NO_STORE)

    @post(
        "/complaints/{complaint_id:uuid}/answer",
        operation_id="answerComplaint",
        responses=documented(*CHANGE),
    )
    async def answer(
        self, request: HttpRequest, complaint_id: FromPath[UUID], data: JSONBody[AnswerComplaint]
    ) -> WrittenReply:
        """Write down what whoever complained was told."""
        return plain(
            await change(
                request,
                "answerComplaint",
                lambda actor, seen: actions.answer_complaint(
                    actor, complaint_id, seen, data.answer
                ),
            )
        )
