"""Somebody's own file, as it is copied out: no ids, and no word about anybody else."""

from datetime import date, time
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from backend.matrix import of

Say = str | UnsetType


class FileIdentity(msgspec.Struct):
    name: str
    language: str
    birth_date: date | None = None
    file_number: str | None = None


class FileEvidence(msgspec.Struct, omit_defaults=True):
    """That it happened, as a service knows, or as the reader said themselves by chat."""

    role: str
    provenance: str
    on: date
    happened: bool = True
    taken_back: bool = False


class FileRow(msgspec.Struct, omit_defaults=True):
    code: str
    pathway: str
    title: str
    state: str
    due_on: date | None = None
    done_on: date | None = None
    cause: Annotated[Say | None, of("milestone detail")] = UNSET
    evidence: list[FileEvidence] = []


class FileDate(msgspec.Struct, omit_defaults=True):
    """`why` it came in the place of another one, for the person, as long as it is kept."""

    role: str
    held_on: date
    held_at: time
    state: str
    place: str | None = None
    why: str | None = None


class FileContact(msgspec.Struct):
    """That somebody reached the person."""

    role: str
    how: str
    made_on: date


class FileMember(msgspec.Struct, omit_defaults=True):
    role: str
    since: date
    name: str | None = None
    until: date | None = None
    standing: str | None = None
    matters: list[str] = []


class FileAnswer(msgspec.Struct, omit_defaults=True):
    """What was said to a part of the plan, or to one row of it (`code`, `title`)."""

    pathway: str
    answer: str
    on: date
    language: str
    code: str | None = None
    title: str | None = None
    again_on: date | None = None


class FileGoal(msgspec.Struct, omit_defaults=True):
    """Own words, as they were said; `words` are not there where their key was destroyed."""

    kind: str
    language: str
    said_on: date
    words: str | None = None
    ended_on: date | None = None
    how: str | None = None


class FileColumn(msgspec.Struct, omit_defaults=True):
    """What one of the two said of an area of life."""

    status: str
    strengths: list[str] = []
    what_helps: str | None = None
    wish: str | None = None
    since_last_time: str | None = None
    treatment: bool | None = None
    source: str | None = None
    told_by: str | None = None


class FileArea(msgspec.Struct, omit_defaults=True):
    area: str
    own: FileColumn | None = None
    view: FileColumn | None = None
    code: str | None = None
    step: str | None = None


class FileReview(msgspec.Struct):
    """A talk about what goes well and what is needed: words, and no number."""

    held_on: date
    language: str
    interpreter: bool
    areas: list[FileArea]


class FileYes(msgspec.Struct, omit_defaults=True):
    """That messages may be sent to whoever reads this."""

    channel: str
    on: date
    withdrawn_on: date | None = None


class FileDisclosure(msgspec.Struct, omit_defaults=True):
    """That a fact may be told to somebody; the person has said so."""

    fact: str
    role: str
    purpose: str
    until: date
    name: str | None = None
    withdrawn_on: date | None = None


class FileSummary(msgspec.Struct, omit_defaults=True):
    """A copy of what was issued; `content` is what the court reads."""

    number: int
    type: str
    issued_on: date
    content: msgspec.Raw
    supersedes: int | None = None


class FileReading(msgspec.Struct):
    kind: str
    role: str
    read_on: date
    language: str
    comment: str | None = None


class FileCorrection(msgspec.Struct, omit_defaults=True):
    """What the reader asked, and the answer; without `text` it is a change that another asked for.

    Then neither who asked nor when is told, nor in which words.
    """

    part: str
    about: str | None
    text: str | None = None
    asked_on: date | None = None
    asked_by: str | None = None
    due_on: date | None = None
    answer: str | None = None
    reason: str | None = None
    answered_on: date | None = None


class FileFlag(msgspec.Struct, omit_defaults=True):
    """What the person themselves said about their own safety."""

    raised_on: date
    words: str | None = None
    lowered_on: date | None = None


class FileHandover(msgspec.Struct, omit_defaults=True):
    """From one social worker, by alias, to the next; words for as long as they are kept."""

    on: date
    given_to: str | None = None
    given_by: str | None = None
    words: str | None = None


class FileItem(msgspec.Struct, omit_defaults=True):
    """What a meeting was to speak of: a step, or words."""

    code: str | None = None
    title: str | None = None
    words: str | None = None


class FileShare(msgspec.Struct):
    """That one who was there, by role, told another of a group of facts; never what."""

    facts: str
    told_by: str
    told_to: str
    ground: str


class FileDecision(msgspec.Struct, omit_defaults=True):
    code: str
    role: str
    words: str | None = None
    due_on: date | None = None
    answer: str | None = None


class FileMeeting(msgspec.Struct, omit_defaults=True):
    """A meeting of the circle; who was asked and who was there go by their roles."""

    held_on: date
    held_at: time
    state: str
    basis: str | None = None
    aim: str | None = None
    asked: list[str] = []
    present: list[str] = []
    agenda: list[FileItem] = []
    shared: list[FileShare] = []
    decisions: list[FileDecision] = []
    minutes: str | None = None
    addenda: list[str] = []


class FileRelative(msgspec.Struct, omit_defaults=True):
    """One of the map, as the person said it."""

    relation: str
    wish: str
    name: str | None = None
    children_there: bool = False


class FileWelcome(msgspec.Struct, omit_defaults=True):
    """Who of the community welcomes the person. `tell` is what they let be told to them."""

    name: str | None = None
    tell: str | None = None
    stands: bool = False


class FilePass(msgspec.Struct, omit_defaults=True):
    role: str
    made_on: date
    until: date
    ended_on: date | None = None
    opens: bool = False


class FileAccess(msgspec.Struct, omit_defaults=True, frozen=True):
    """Somebody read or gave out something on a day, however often."""

    on: date
    what: str
    role: str
    who: str | None = None


class FileView(msgspec.Struct, omit_defaults=True):
    """The file; a reader is given the parts of their groups, and a lawyer of their matters."""

    as_of: date
    person: Annotated[FileIdentity | UnsetType, of("identity")] = UNSET
    alias: Annotated[Say, of("alias")] = UNSET
    state: Annotated[Say, of("release date")] = UNSET
    release_date: Annotated[date | UnsetType, of("release date")] = UNSET
    certainty: Annotated[Say, of("release date")] = UNSET
    left_custody_on: Annotated[date | UnsetType | None, of("release date")] = UNSET
    supervision: Annotated[bool | UnsetType, of("conditions")] = UNSET
    rows: Annotated[list[FileRow] | UnsetType, of("milestones")] = UNSET
    goals: Annotated[list[FileGoal] | UnsetType, of("goals")] = UNSET
    reviews: Annotated[list[FileReview] | UnsetType, of("review")] = UNSET
    appointments: Annotated[list[FileDate] | UnsetType, of("appointments")] = UNSET
    contacts: Annotated[list[FileContact] | UnsetType, of("contacts")] = UNSET
    circle: Annotated[list[FileMember] | UnsetType, of("circle")] = UNSET
    family: Annotated[list[FileRelative] | UnsetType, of("family")] = UNSET
    welcomes: Annotated[list[FileWelcome] | UnsetType, of("welcome")] = UNSET
    handovers: Annotated[list[FileHandover] | UnsetType, of("circle")] = UNSET
    meetings: Annotated[list[FileMeeting] | UnsetType, of("meetings")] = UNSET
    answers: Annotated[list[FileAnswer] | UnsetType, of("consents")] = UNSET
    messages: Annotated[list[FileYes] | UnsetType, of("consents")] = UNSET
    disclosures: Annotated[list[FileDisclosure] | UnsetType, of("consents")] = UNSET
    summaries: Annotated[list[FileSummary] | UnsetType, of("summary")] = UNSET
    readings: Annotated[list[FileReading] | UnsetType, of("summary")] = UNSET
    corrections: Annotated[list[FileCorrection] | UnsetType, of("corrections")] = UNSET
    safety: Annotated[list[FileFlag] | UnsetType, of("safety")] = UNSET
    passes: Annotated[list[FilePass] | UnsetType, of("entry passes")] = UNSET
    access: Annotated[list[FileAccess] | UnsetType, of("access")] = UNSET
