"""Rows as the functions of the database tell them: JSON in one value, read into typed mappings.

What is sealed comes as hexadecimal digits.
"""

from datetime import date, time
from typing import TypedDict
from uuid import UUID

import msgspec


class Milestone(TypedDict):
    id: UUID
    version: int
    code: str
    pathway: str
    title: str
    owner: str
    partners: list[str]
    kind: str
    court: str
    day: int
    win_after: int
    state: str
    cause: str | None
    due_on: date | None
    pinned: bool
    done_on: date | None
    said_by: str | None
    show_court: bool
    late_start: int


class Member(TypedDict):
    mandate: UUID
    version: int
    actor: UUID
    role: str
    alias: str | None
    gate: str | None
    identity: str | None
    wrapped: str | None
    staff_alias: str | None
    link: UUID | None
    link_version: int | None
    link_state: str | None


class Appointment(TypedDict):
    id: UUID
    version: int
    role: str
    held_on: date
    held_at: time
    state: str
    place: str | None
    milestone: UUID | None


milestones = msgspec.json.Decoder(list[Milestone]).decode
members = msgspec.json.Decoder(list[Member]).decode
appointments = msgspec.json.Decoder(list[Appointment]).decode
