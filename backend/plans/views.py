"""What a client sends about plans and what it gets: wire types, written by hand."""

from datetime import date, datetime, time
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec

from backend.access import Actor
from backend.errors import Unfit
from backend.once import Written
from backend.plans import rules
from backend.plans.actions import caseload, opening, reading, release
from backend.words import Line, Name, Note


class PersonIn(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    language: Annotated[str, msgspec.Meta(pattern="^[a-z]{2,3}$")]
    birth_date: date | None = None
    file_number: Line | None = None
    id: UUID | None = None


class OpenPlan(msgspec.Struct, forbid_unknown_fields=True):
    """`person` is somebody new; `person_id` is somebody whose earlier plan is over."""

    release_date: date
    certainty: str
    person: PersonIn | None = None
    person_id: UUID | None = None
    release_time: time | None = None
    zone: str | None = None
    supervision: bool = False
    template: str = "full"
    overlays: Annotated[list[str], msgspec.Meta(max_length=10)] = msgspec.field(
        default_factory=list
    )
    id: UUID | None = None


class MilestoneView(msgspec.Struct, omit_defaults=True):
    id: UUID
    version: int
    code: str
    pathway: str
    title: str
    owner: str
    state: str
    due_on: date | msgspec.UnsetType | None = msgspec.UNSET
    overdue: bool | msgspec.UnsetType = msgspec.UNSET
    done_on: date | msgspec.UnsetType | None = msgspec.UNSET
    kind: str | msgspec.UnsetType = msgspec.UNSET
    pinned: bool | msgspec.UnsetType = msgspec.UNSET
    said_by: str | msgspec.UnsetType | None = msgspec.UNSET
    show_court: bool | msgspec.UnsetType = msgspec.UNSET
    cause: str | msgspec.UnsetType | None = msgspec.UNSET

    @classmethod
    def of(cls, row: Any, plan: reading.PlanRead) -> "MilestoneView":
        view = cls(
            row["id"],
            row["version"],
            row["code"],
            row["pathway"],
            row["title"],
            row["owner"],
            row["state"],
            due_on=row["due_on"],
            overdue=rules.is_overdue(row, plan.today, left_custody=plan.left_custody),
        )
        if row["done_on"] is not None:
            view.done_on = row["done_on"]
        if plan.role in rules.WORKERS:
            view.kind, view.pinned = row["kind"], row["pinned"]
            view.said_by, view.show_court = row["said_by"], row["show_court"]
            view.cause = row["cause"]
        return view


class IdentityView(msgspec.Struct):
    name: str
    language: str
    birth_date: date | None = None
    file_number: str | None = None


class MemberView(msgspec.Struct):
    """Somebody in the circle: `actor` acts, under `mandate`; `link` is their chat."""

    actor: UUID
    mandate: UUID
    mandate_version: int
    role: str
    name: str
    alias: str | None
    gate: str | None
    link: UUID | None
    link_version: int | None
    link_state: str | None


class AppointmentView(msgspec.Struct):
    id: UUID
    version: int
    role: str
    held_on: date
    held_at: time
    state: str
    place: str | None
    milestone: UUID | None


class PlanView(msgspec.Struct, omit_defaults=True):
    id: UUID
    version: int
    alias: str
    state: str
    zone: str
    release_date: date
    certainty: str
    milestones: list[MilestoneView]
    release_time: time | msgspec.UnsetType | None = msgspec.UNSET
    left_custody_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    supervision: bool | msgspec.UnsetType = msgspec.UNSET
    person: IdentityView | msgspec.UnsetType = msgspec.UNSET
    overlays: list[str] | msgspec.UnsetType = msgspec.UNSET
    offers: dict[str, list[str]] | msgspec.UnsetType = msgspec.UNSET
    circle: list[MemberView] | msgspec.UnsetType = msgspec.UNSET
    appointments: list[AppointmentView] | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, plan: reading.PlanRead) -> "PlanView":
        row = plan.row
        view = cls(
            row["id"],
            row["version"],
            row["alias"],
            row["state"],
            row["zone"],
            row["release_date"],
            row["certainty"],
            [MilestoneView.of(one, plan) for one in plan.milestones],
            release_time=row["release_time"],
            left_custody_at=row["left_custody_at"],
        )
        if plan.identity is not None:
            view.person = msgspec.convert(plan.identity, IdentityView)
        if plan.role in rules.READ_DATES:
            view.supervision = row["supervision"]
            view.appointments = [msgspec.convert(one, AppointmentView) for one in plan.appointments]
        if plan.circle is not None:
            view.overlays = list(row["overlays"])
            view.offers = plan.offers or {}
            view.circle = [
                msgspec.convert({**one, "mandate_version": one["version"]}, MemberView)
                for one in plan.circle
            ]
        return view


class CaseloadView(msgspec.Struct):
    """A page of the caseload; `next` is the cursor of the page after it."""

    plans: list[caseload.CaseloadLine]
    next: str | None = None


class PlanState(msgspec.Struct, forbid_unknown_fields=True):
    state: str


class MoveRelease(msgspec.Struct, forbid_unknown_fields=True):
    release_date: date
    certainty: str
    release_time: time | None = None


class MovedRow(msgspec.Struct):
    milestone: UUID
    code: str
    title: str
    before: date | None
    after: date | None


class PinnedRow(msgspec.Struct):
    milestone: UUID
    code: str
    title: str
    due_on: date


class MoveView(msgspec.Struct):
    """What a move did. `version` is that of the plan; `pinned` stayed and asks for a look."""

    id: UUID
    version: int
    moved: list[MovedRow]
    pinned: list[PinnedRow]
    messages_cancelled: int
    recipients_told: int


class ChangeMilestone(msgspec.Struct, forbid_unknown_fields=True):
    state: str | None = None
    due_on: date | None = None
    cause: str | None = None
    reason: Note | None = None
    done_on: date | None = None
    show_court: bool | None = None


class EventView(msgspec.Struct, omit_defaults=True):
    id: UUID
    at: datetime
    role: str
    kind: str
    before: str | None = None
    after: str | None = None
    due_before: date | None = None
    due_after: date | None = None
    what: str | None = None
    reason: str | None = None


class LeftCustody(msgspec.Struct, forbid_unknown_fields=True):
    """`left` true: the person is out. False: it is not today."""

    left: bool


def new_plan(data: OpenPlan) -> opening.NewPlan:
    if (data.person is None) == (data.person_id is None):
        raise Unfit("Give either person or person_id.")
    person: opening.NewPerson | UUID
    if data.person is not None:
        person = opening.NewPerson(
            data.person.name,
            data.person.language,
            data.person.birth_date,
            data.person.file_number,
            data.person.id or uuid4(),
        )
    else:
        person = data.person_id or uuid4()
    return opening.NewPlan(
        person=person,
        release_date=data.release_date,
        certainty=data.certainty,
        release_time=data.release_time,
        zone=data.zone,
        supervision=data.supervision,
        template=data.template,
        overlays=data.overlays,
        id=data.id or uuid4(),
    )


async def move_view(actor: Actor, written: Written) -> MoveView:
    found, moved, pinned = await release.read_move(actor, written.id)
    return MoveView(
        written.id,
        written.version,
        [
            MovedRow(r["milestone"], r["code"], r["title"], r["due_before"], r["due_after"])
            for r in moved
        ],
        [PinnedRow(r["milestone"], r["code"], r["title"], r["due_on"]) for r in pinned],
        found["cancelled"],
        found["told"],
    )
