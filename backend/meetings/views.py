"""What a reader is told of a meeting: wire types."""

from datetime import date, time
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from backend.meetings import minutes, rules

Told = str | UnsetType


class MeetingMemberView(msgspec.Struct, omit_defaults=True):
    """Somebody's part in a meeting; `version` is for their answer, and for their yes to minutes."""

    id: UUID
    version: int
    actor: UUID
    role: str
    alias: Told = UNSET
    answer: Told = UNSET
    present: bool | UnsetType = UNSET
    approved: bool = False
    read_to: bool = False

    @classmethod
    def of(cls, one: Any) -> "MeetingMemberView":
        view = cls(one["id"], one["version"], one["actor"], one["role"])
        for name in ("alias", "answer", "present"):
            if one[name] is not None:
                setattr(view, name, one[name])
        view.approved = one["approved_at"] is not None
        view.read_to = view.approved and one["approved_by"] != one["actor"]
        return view


class MeetingItemView(msgspec.Struct, omit_defaults=True):
    """A row of the plan that is to be spoken of, and why; or words. The last two are a worker's."""

    id: UUID
    why: list[str]
    milestone: UUID | UnsetType = UNSET
    code: Told = UNSET
    title: Told = UNSET
    state: Told = UNSET
    due_on: date | UnsetType = UNSET
    words: Told = UNSET
    left_out: bool | UnsetType = UNSET
    dealt: bool | UnsetType = UNSET

    @classmethod
    def of(cls, one: Any, *, works: bool) -> "MeetingItemView":
        view = cls(one["id"], one["why"])
        for name in ("milestone", "code", "title", "state", "due_on", "words"):
            if one[name] is not None:
                setattr(view, name, one[name])
        if works:
            view.left_out, view.dealt = one["left_out"], one["dealt"]
        return view


class MeetingShareView(msgspec.Struct):
    """Which group of facts who (an actor) told whom, on which ground."""

    id: UUID
    facts: str
    told_by: UUID
    told_to: UUID
    ground: str


class MeetingDecisionView(msgspec.Struct, omit_defaults=True):
    """A row of the plan, and the words of it. `answer` is asked, accepted or declined; none where
    it was theirs from the beginning.
    """

    id: UUID
    version: int
    milestone: UUID
    owner: UUID
    role: str
    state: str
    due_on: date | None = None
    words: Told = UNSET
    answer: Told = UNSET

    @classmethod
    def of(cls, one: Any) -> "MeetingDecisionView":
        view = cls(
            one["id"],
            one["version"],
            one["milestone"],
            one["owner"],
            one["role"],
            one["state"],
            one["due_on"],
        )
        if one["words"] is not None:
            view.words = one["words"]
        if one["answer"] is not None:
            view.answer = one["answer"]
        return view


class MeetingView(msgspec.Struct, omit_defaults=True):
    """A meeting to its reader: all of it to the workers of the plan, to others what is theirs.

    `state` is planned, called_off, held or approved. Only a worker is told the version.
    """

    id: UUID
    held_on: date
    held_at: time
    zone: str
    state: str
    speaks_of: list[str]
    version: int | UnsetType = UNSET
    milestone: UUID | UnsetType = UNSET
    basis: Told = UNSET
    aim: Told = UNSET
    own: MeetingMemberView | UnsetType = UNSET
    members: list[MeetingMemberView] = []
    agenda: list[MeetingItemView] = []
    shared: list[MeetingShareView] = []
    decisions: list[MeetingDecisionView] = []
    minutes: Told = UNSET
    addenda: list[str] = []

    @classmethod
    def of(cls, one: dict[str, Any]) -> "MeetingView":
        view = cls(
            one["id"],
            one["held_on"],
            one["held_at"],
            one["zone"],
            rules.state_of(one),
            list(one["speaks_of"]),
        )
        for name in ("basis", "aim", "milestone"):
            if one[name] is not None:
                setattr(view, name, one[name])
        if one["works"]:
            view.version = one["version"]
            view.members = [MeetingMemberView.of(member) for member in one["members"]]
        if one["own"] is not None:
            view.own = MeetingMemberView.of(one["own"])
        view.agenda = [MeetingItemView.of(item, works=one["works"]) for item in one["items"]]
        view.shared = [
            MeetingShareView(s["id"], s["facts"], s["told_by"], s["told_to"], s["ground"])
            for s in one["shares"]
        ]
        view.decisions = [
            MeetingDecisionView.of({**d, "answer": rules.answer_of(d)}) for d in one["decisions"]
        ]
        for note in one["notes"]:
            if note["words"] is None:
                continue
            if note["kind"] == minutes.MINUTES:
                view.minutes = note["words"]
            else:
                view.addenda.append(note["words"])
        return view


class MeetingsView(msgspec.Struct):
    meetings: list[MeetingView]
