"""What a client sends about summaries and what it gets."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from backend.summaries.actions import drafting, pulling
from backend.summaries.content import Comment, Content, Draft, Period
from backend.words import END, Language

# longer than a note of staff, and with the marks that keep numbers in order in Arabic text
TheirWords = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=4000,
        pattern="^[^\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\ud800-\\udfff]*" + END,
    ),
]
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}" + END)]


class SubjectIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """For which court file, of which type, over which days (both inclusive)."""

    file: UUID
    type: str
    period_from: date
    period_to: date

    def subject(self) -> drafting.Subject:
        return drafting.Subject(self.file, self.type, Period(self.period_from, self.period_to))


class IssueSummary(SubjectIn, forbid_unknown_fields=True, kw_only=True):
    pass


class RecordReading(SubjectIn, forbid_unknown_fields=True, kw_only=True):
    """`kind`: read, tried or checked. `comment` is word for word, and of a reading alone.

    `digest` names the draft as it was shown: whoever checks it has to, whoever reads it may.
    """

    kind: str
    read_on: date
    language: Language
    comment: TheirWords | None = None
    digest: Digest | None = None
    id: UUID | None = None


class DraftView(msgspec.Struct):
    """`comments` go to the court with it; `digest` names the draft with them."""

    draft: Draft
    comments: list[Comment]
    digest: str


class IssuedLine(msgspec.Struct):
    """`version` counts within the file; `superseded_by` is the version that corrects this one."""

    id: UUID
    type: str
    version: int
    supersedes: int | None
    superseded_by: int | None
    period: Period
    issued_at: datetime
    sha256: str

    @classmethod
    def of(cls, issued: pulling.Issued) -> "IssuedLine":
        row = issued.row
        return cls(
            row["id"],
            row["type"],
            row["number"],
            row["supersedes"],
            row["superseded_by"],
            Period(row["period_from"], row["period_to"]),
            row["issued_at"],
            issued.sha256,
        )


class IssuedListView(msgspec.Struct):
    summaries: list[IssuedLine]


class SummaryView(msgspec.Struct):
    """`sha256` is the hash of `summary` as it stands here: sorted keys, no blanks, UTF-8."""

    id: UUID
    issued_at: datetime
    sha256: str
    superseded_by: int | None
    summary: Content


class ExpectSummary(msgspec.Struct, forbid_unknown_fields=True):
    """By which day a court is to have a summary of a type."""

    type: str
    due_on: date
    id: UUID | None = None


class MoveSummaryDue(msgspec.Struct, forbid_unknown_fields=True):
    due_on: date


class SummaryDueView(msgspec.Struct):
    """`how` it ended: issued, dropped, or null while it is expected."""

    id: UUID
    version: int
    type: str
    due_on: date
    how: str | None

    @classmethod
    def of(cls, row: Any) -> "SummaryDueView":
        return cls(row["id"], row["version"], row["type"], row["due_on"], row["how"])
