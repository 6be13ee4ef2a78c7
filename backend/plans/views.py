"""What a client sends about plans and what it gets: wire types, written by hand."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET, UnsetType

from backend.errors import Unfit
from backend.matrix import cut, of
from backend.plans import rules
from backend.plans.actions import caseload, opening, reading
from backend.plans.actions.pathways import Bar
from backend.words import Language, Line, Name, Note

DETAIL, RELEASE = of("milestone detail"), of("release date")
RELEASE_SHORT = of("release date", short=True)


class PersonIn(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    language: Language
    birth_date: date | None = None
    file_number: Line | None = None
    id: UUID | None = None


class OpenPlan(msgspec.Struct, forbid_unknown_fields=True):
    """`person` is somebody new; `person_id` is somebody whose earlier plan is over.

    `calendar` is that of the place of release; without one it is the agency's own.
    """

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
    calendar: UUID | None = None
    id: UUID | None = None


class MilestoneView(msgspec.Struct, omit_defaults=True):
    """A row that its reader may know of (plans/rules.py says which).

    What is false, or of which there is nothing to say, is not there: a plan has a hundred rows, and
    its reader a poor network. `turn` is said of what is near: now (it is yours), waiting (for
    others) or next (in two weeks).
    """

    id: UUID
    version: int
    code: str
    pathway: str
    title: str
    owner: str
    state: str
    due_on: date | UnsetType | None = UNSET
    overdue: bool | UnsetType = UNSET
    turn: str | UnsetType = UNSET
    done_on: date | UnsetType = UNSET
    kind: Annotated[str | UnsetType, DETAIL] = UNSET
    pinned: Annotated[bool | UnsetType, DETAIL] = UNSET
    said_by: Annotated[str | UnsetType, DETAIL] = UNSET
    show_court: Annotated[bool | UnsetType, DETAIL] = UNSET
    cause: Annotated[str | UnsetType, DETAIL] = UNSET

    @classmethod
    def of(cls, row: Any, plan: reading.PlanRead) -> "MilestoneView":
        view = cls(
            row["id"],
            rules.version_for(plan.role, row),
            row["code"],
            row["pathway"],
            row["title"],
            row["owner"],
            row["state"],
            due_on=row["due_on"],
            overdue=_is_late(row, plan) or UNSET,
            turn=_turn(row, plan),
            done_on=row["done_on"] or UNSET,
            kind=row["kind"],
            pinned=row["pinned"] or UNSET,
            said_by=row["said_by"] or UNSET,
            show_court=row["show_court"] or UNSET,
            cause=row["cause"] or UNSET,
        )
        return cut(view, plan.role, plan.groups)


def _is_late(row: Any, plan: reading.PlanRead) -> bool:
    late = rules.is_overdue(row, plan.today, left_custody=plan.left_custody)
    return late and not rules.stands_still(plan.row["state"])


def _turn(row: Any, plan: reading.PlanRead) -> str | UnsetType:
    if not rules.is_soon(row, plan.today, left_custody=plan.left_custody):
        return UNSET
    return rules.turn(plan.role, row, plan.today)


class IdentityView(msgspec.Struct):
    name: str
    language: str
    birth_date: date | None = None
    file_number: str | None = None


class MemberView(msgspec.Struct):
    """Somebody in the circle: `actor` acts, under `mandate`; `link` is their chat."""

    actor: UUID
    mandate: UUID
    role: str
    mandate_version: int | UnsetType = UNSET
    name: str | UnsetType = UNSET
    alias: str | UnsetType = UNSET
    gate: str | UnsetType = UNSET
    link: UUID | UnsetType = UNSET
    link_version: int | UnsetType = UNSET
    link_state: str | UnsetType = UNSET

    @classmethod
    def of(cls, one: dict[str, Any], plan: reading.PlanRead) -> "MemberView":
        """A name where the reader is given it; chats are their worker's."""
        view = cls(one["actor"], one["mandate"], one["role"])
        if "name" in one:
            view.name = one["name"]
        if plan.role in rules.WORKERS:
            view.mandate_version = one["version"]
            for name in ("alias", "gate", "link", "link_version", "link_state"):
                if one[name] is not None:
                    setattr(view, name, one[name])
        return view


class AppointmentView(msgspec.Struct):
    id: UUID
    version: int
    role: str
    held_on: date
    held_at: time
    state: str
    place: str | UnsetType = UNSET
    milestone: UUID | UnsetType = UNSET


class PlanView(msgspec.Struct, omit_defaults=True):
    """A plan; each reader is given the keys of their groups and no other.

    Whoever is given the release date in short form hears the month (YYYY-MM), and whether
    the person is inside or outside.
    """

    id: UUID
    milestones: Annotated[list[MilestoneView] | UnsetType, of("milestones")] = UNSET
    version: Annotated[int | UnsetType, RELEASE] = UNSET
    alias: Annotated[str | UnsetType, of("alias")] = UNSET
    state: Annotated[str | UnsetType, RELEASE] = UNSET
    zone: Annotated[str | UnsetType, RELEASE] = UNSET
    release_date: Annotated[date | UnsetType, RELEASE] = UNSET
    certainty: Annotated[str | UnsetType, RELEASE] = UNSET
    release_time: Annotated[time | UnsetType | None, RELEASE] = UNSET
    left_custody_at: Annotated[datetime | UnsetType | None, RELEASE] = UNSET
    release_month: Annotated[str | UnsetType, RELEASE_SHORT] = UNSET
    phase: Annotated[str | UnsetType, RELEASE_SHORT] = UNSET
    supervision: Annotated[bool | UnsetType, of("conditions")] = UNSET
    person: Annotated[IdentityView | UnsetType, of("identity")] = UNSET
    overlays: Annotated[list[str] | UnsetType, of("offers")] = UNSET
    offers: Annotated[dict[str, list[str]] | UnsetType, of("offers")] = UNSET
    circle: list[MemberView] | UnsetType = UNSET
    appointments: Annotated[list[AppointmentView] | UnsetType, of("appointments")] = UNSET

    @classmethod
    def of(cls, plan: reading.PlanRead) -> "PlanView":
        row = plan.row
        view = cls(
            row["id"],
            milestones=[MilestoneView.of(one, plan) for one in plan.milestones],
            version=row["version"],
            alias=row["alias"],
            state=row["state"],
            zone=row["zone"],
            release_date=row["release_date"],
            certainty=row["certainty"],
            release_time=row["release_time"],
            left_custody_at=row["left_custody_at"],
            release_month=f"{row['release_date']:%Y-%m}",
            phase="outside" if plan.left_custody else "inside",
            supervision=row["supervision"],
            overlays=list(row["overlays"]),
            offers=plan.offers,
            appointments=[AppointmentView(**one) for one in plan.appointments],
        )
        if plan.identity is not None:
            view.person = msgspec.convert(plan.identity, IdentityView)
        if plan.circle is not None:
            view.circle = [MemberView.of(one, plan) for one in plan.circle]
        return cut(view, plan.role, plan.groups)


class PathwayView(msgspec.Struct, omit_defaults=True):
    """Of `all` rows that are open or done, how many are done, and how many late.

    `name` is there where the pathway is the agency's own.
    """

    pathway: Annotated[str, DETAIL]
    done: Annotated[int, DETAIL]
    all: Annotated[int, DETAIL]
    late: Annotated[int, DETAIL]
    name: Annotated[str | UnsetType, DETAIL] = UNSET


class PathwaysView(msgspec.Struct):
    """In the order in which plans show them."""

    pathways: list[PathwayView]

    @classmethod
    def of(cls, found: Iterable[Bar]) -> "PathwaysView":
        return cls(
            [
                PathwayView(one.pathway, one.done, one.all, one.late, one.name or UNSET)
                for one in found
            ]
        )


class FindPerson(msgspec.Struct, forbid_unknown_fields=True):
    """Whole words, in any order; case, accents and signs do not count."""

    words: Name


class CaseloadView(msgspec.Struct):
    """A page of the caseload; `next` is the cursor of the page after it."""

    plans: list[caseload.CaseloadLine]
    next: str | None = None


class PlanState(msgspec.Struct, forbid_unknown_fields=True):
    state: str


class ChangeMilestone(msgspec.Struct, forbid_unknown_fields=True):
    """`known` is how it is known that it happened: act, document or provider.

    `happened` answers what somebody said of the row: false, not yet; true, it did all the same.
    `person_asks`: the person wants again what they declined less than sixty days ago.
    """

    state: str | None = None
    due_on: date | None = None
    cause: str | None = None
    reason: Note | None = None
    done_on: date | None = None
    show_court: bool | None = None
    known: str | None = None
    happened: bool | None = None
    person_asks: bool = False


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
        calendar=data.calendar,
        id=data.id or uuid4(),
    )
