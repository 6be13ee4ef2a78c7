"""Plans and milestones over HTTP: translate, call, translate."""

from datetime import date, datetime, time
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend import cursors
from backend.doors import (
    NO_STORE,
    HttpRequest,
    WrittenReply,
    actor_of,
    answer,
    change,
    plain,
    write,
)
from backend.errors import (
    BadInput,
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    PlanAlreadyOpen,
    Taken,
    Unfit,
    VersionMissing,
    VersionStale,
)
from backend.once import Written
from backend.plans import rules
from backend.plans.actions import milestones, opening, reading, release
from backend.problems import documented
from backend.words import Line, Name, Note

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound, Unfit)
CHANGE = (*WRITE, VersionMissing, VersionStale, NotFromThisState)
Limit = Annotated[int, QueryParameter(ge=1, le=100)]


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
        if plan.role in reading.WORKERS:
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
        if plan.role in reading.WORKERS | {"PO"}:
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

    plans: list[reading.CaseloadLine]
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


class PlanController(Controller):
    path = "/plans"
    tags = ["plans"]  # noqa: RUF012 - Litestar declares it so

    @post("/", operation_id="openPlan", responses=documented(*WRITE, PlanAlreadyOpen, Taken))
    async def open(self, request: HttpRequest, data: JSONBody[OpenPlan]) -> WrittenReply:
        """Open a plan for a person who has none open."""
        new = _new_plan(data)
        return plain(await write(request, "openPlan", lambda actor: opening.open_plan(actor, new)))

    @get("/", operation_id="listPlans", responses=documented(NotYourRole, BadInput))
    async def list_plans(
        self, request: HttpRequest, cursor: FromQuery[str | None] = None, limit: Limit = 50
    ) -> Response[CaseloadView]:
        """My caseload by next due date, keyset pages."""
        after = cursors.read(cursor, date, UUID) if cursor else None
        lines = await reading.list_plans(actor_of(request), after=after, limit=limit)
        last = lines[-1] if len(lines) == limit else None
        following = cursors.write(last.next_due_on or reading.LAST, last.id) if last else None
        return Response(CaseloadView(list(lines), following), headers=NO_STORE)

    @get("/{plan_id:uuid}", operation_id="getPlan", responses=documented(NotYourRole, NotFound))
    async def get_plan(
        self, request: HttpRequest, plan_id: FromPath[UUID], show: FromQuery[str] = "soon"
    ) -> Response[PlanView]:
        """A plan cut to what you may see: the next two weeks, or every row with show=all."""
        read = await reading.get_plan(actor_of(request), plan_id, everything=show == "all")
        return Response(PlanView.of(read), headers={**NO_STORE, "ETag": f'"{read.row["version"]}"'})

    @post("/{plan_id:uuid}/state", operation_id="changePlanState", responses=documented(*CHANGE))
    async def change_state(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[PlanState]
    ) -> WrittenReply:
        """Pause, step down, close or go on; pausing mutes every chat at once."""
        return plain(
            await change(
                request,
                "changePlanState",
                lambda actor, seen: release.change_plan_state(actor, plan_id, seen, data.state),
            )
        )

    @post(
        "/{plan_id:uuid}/release-date",
        operation_id="moveReleaseDate",
        responses=documented(*CHANGE),
    )
    async def move(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[MoveRelease]
    ) -> Response[MoveView]:
        """Move the release date or its certainty; answers what moved."""
        to = release.Release(data.release_date, data.certainty, data.release_time)
        written = await change(
            request,
            "moveReleaseDate",
            lambda actor, seen: release.move_release_date(actor, plan_id, seen, to),
        )
        return answer(written, await _move_view(request, written))

    @post(
        "/{plan_id:uuid}/left-custody",
        operation_id="recordLeftCustody",
        responses=documented(*CHANGE),
    )
    async def left_custody(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[LeftCustody]
    ) -> WrittenReply:
        """Record that the person has left custody, or that it is not today."""
        return plain(
            await change(
                request,
                "recordLeftCustody",
                lambda actor, seen: release.record_left_custody(
                    actor, plan_id, seen, left=data.left
                ),
            )
        )


class MilestoneController(Controller):
    path = "/milestones"
    tags = ["plans"]  # noqa: RUF012

    @patch("/{milestone_id:uuid}", operation_id="changeMilestone", responses=documented(*CHANGE))
    async def change(
        self, request: HttpRequest, milestone_id: FromPath[UUID], data: JSONBody[ChangeMilestone]
    ) -> WrittenReply:
        """Change the state or the date of a row, or the person's tick for the court."""
        wanted = milestones.MilestoneChange(**msgspec.structs.asdict(data))
        return plain(
            await change(
                request,
                "changeMilestone",
                lambda actor, seen: milestones.change_milestone(actor, milestone_id, seen, wanted),
            )
        )

    @get(
        "/{milestone_id:uuid}/history",
        operation_id="milestoneHistory",
        responses=documented(NotYourRole, NotFound),
    )
    async def history(
        self, request: HttpRequest, milestone_id: FromPath[UUID]
    ) -> Response[list[EventView]]:
        """What happened to a row, oldest first."""
        events = await milestones.milestone_history(actor_of(request), milestone_id)
        return Response([EventView(**event) for event in events], headers=NO_STORE)


def _new_plan(data: OpenPlan) -> opening.NewPlan:
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


async def _move_view(request: HttpRequest, written: Written) -> MoveView:
    found, moved, pinned = await release.read_move(actor_of(request), written.id)
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
