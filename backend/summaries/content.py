"""What a summary is made of, and the one way to write it down."""

from datetime import date
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType


class Period(msgspec.Struct, frozen=True, rename={"starts": "from", "ends": "to"}):
    """Civil days in the plan's zone, both inclusive."""

    starts: date
    ends: date

    def holds(self, day: date | None) -> bool:
        return day is not None and self.starts <= day <= self.ends


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One numbered sentence of fixed words: `on` is its day; counts stand on the period's last."""

    id: str = ""
    kind: Literal["done", "count", "open", "obstacle"]
    text: str
    source_role: str
    source: str
    on: date
    pathway: str | None = None
    count: int | None = None
    of: int | None = None


class Corrected(msgspec.Struct, frozen=True):
    """That somebody called an issued summary wrong, and what came of it, in fixed words."""

    summary: int
    on: date
    text: str


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is read to the person. `closing` is the last sentence of every summary.

    `corrections` are those of earlier summaries of this file; where there are none it is not there.
    """

    file_ref: str
    type: str
    language: str
    period: Period
    facts: list[Fact]
    closing: str
    corrections: list[Corrected] | UnsetType = UNSET


class Author(msgspec.Struct, frozen=True):
    role: str
    function: str
    agency: str


class Comment(msgspec.Struct, frozen=True):
    """Word for word as the person gave it."""

    on: date
    language: str
    text: str


class PersonView(msgspec.Struct, frozen=True):
    """The person's comments, or a fixed neutral sentence where there are none."""

    comments: list[Comment]
    sentence: str | None


class ReadTo(msgspec.Struct, frozen=True):
    on: date
    language: str
    by: str


class Attestation(msgspec.Struct, frozen=True):
    """That it was read to the person, or on which days somebody tried."""

    read: ReadTo | None
    tried_on: list[date]


class Content(Draft, frozen=True, kw_only=True):
    """An issued summary; its canonical bytes are what the hash stands for.

    No id and no instant of ours is in it: equal facts have equal bytes.
    """

    version: int
    supersedes: int | None
    author: Author
    attestation: Attestation
    person_view: PersonView
    opinion: None = None
    proposal: None = None


def canonical(value: object) -> bytes:
    """The one way to write a summary: JSON in UTF-8, sorted keys, no blanks."""
    return msgspec.json.encode(value, order="sorted")
