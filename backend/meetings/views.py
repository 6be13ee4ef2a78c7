"""What a client sends about meetings and what it gets: wire types, written by hand."""

from datetime import date, time
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET, UnsetType

from backend.meetings import actions, holding, minutes, rules
from backend.words import Minutes, Note

Told = str | UnsetType


Ids = Annotated[list[UUID], msgspec.Meta(max_length=200)]
Group = Annotated[str, msgspec.Meta(max_length=20)]


class PlanMeeting(msgspec.Struct, forbid_unknown_fields=True):
    """No meeting without its `basis` in law, its `aim`, who takes part, and what it speaks of.

    `participants` are actors of the circle; the person is asked besides. Every participant can
    read basis and aim.
    """

    held_on: date
    held_at: time
    basis: Note
    aim: Note
    participants: Annotated[list[UUID], msgspec.Meta(max_length=40)]
    speaks_of: Annotated[list[Group], msgspec.Meta(max_length=20)]
    milestone: UUID | None = None
    id: UUID | None = None

    def new(self) -> actions.NewMeeting:
        values = msgspec.structs.asdict(self)
        return actions.NewMeeting(**{**values, "id": self.id or uuid4()})


class ChangeMeeting(msgspec.Struct, forbid_unknown_fields=True):
    """Another day or time, or called off, or more of the circle to ask (`add`)."""

    held_on: date | None = None
    held_at: time | None = None
    called_off: bool = False
    add: Annotated[list[UUID], msgspec.Meta(max_length=40)] = []

    def change(self) -> actions.MeetingChange:
        return actions.MeetingChange(**msgspec.structs.asdict(self))


class SetAgenda(msgspec.Struct, forbid_unknown_fields=True):
    """`leave_out` names all items that are left out. Every participant can read `words`."""

    leave_out: Ids = []
    rows: Ids = []
    words: Note | None = None

    def change(self) -> actions.AgendaChange:
        return actions.AgendaChange(**msgspec.structs.asdict(self))


class AnswerMeeting(msgspec.Struct, forbid_unknown_fields=True):
    """come, by_phone or cant: no reason is asked, and none can be given."""

    answer: str


class HoldMeeting(msgspec.Struct, forbid_unknown_fields=True):
    """`present` are ids of parts in the meeting, `dealt` ids of items of its agenda."""

    present: Ids
    dealt: Ids = []
    held_on: date | None = None

    def held(self) -> holding.Held:
        return holding.Held(**msgspec.structs.asdict(self))


class NoteShared(msgspec.Struct, forbid_unknown_fields=True):
    """Which group of facts one part in the meeting told another; never what it was.

    `ground` is law, disclosure (the person's authorisation for them) or person: they said it.
    """

    facts: Group
    told_by: UUID
    told_to: UUID
    ground: str
    id: UUID | None = None

    def share(self) -> holding.Share:
        return holding.Share(**{**msgspec.structs.asdict(self), "id": self.id or uuid4()})


class Decide(msgspec.Struct, forbid_unknown_fields=True):
    """`owner` is a part in the meeting; who is no worker of the plan is asked to take it."""

    words: Note
    owner: UUID
    due_on: date
    id: UUID | None = None

    def decision(self) -> holding.NewDecision:
        return holding.NewDecision(**{**msgspec.structs.asdict(self), "id": self.id or uuid4()})


class AnswerDecision(msgspec.Struct, forbid_unknown_fields=True):
    accepted: bool


class WriteMinutes(msgspec.Struct, forbid_unknown_fields=True):
    """Whoever was there reads them, and the person in their own file."""

    words: Minutes


class AddToMinutes(msgspec.Struct, forbid_unknown_fields=True):
    words: Minutes
    id: UUID | None = None

    def addendum(self) -> minutes.Addendum:
        return minutes.Addendum(self.words, self.id or uuid4())


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
