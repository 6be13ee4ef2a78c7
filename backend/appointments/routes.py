from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from backend.appointments.actions import change_appointment, plan_appointment
from backend.appointments.days import day_of
from backend.appointments.moving import AppointmentChange
from backend.appointments.reading import DateRead, get_appointment
from backend.appointments.writing import NewAppointment
from backend.doors import NO_STORE, HttpRequest, actor_of, answer, change, write
from backend.errors import (
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    Taken,
    Unfit,
    VersionMissing,
    VersionStale,
)
from backend.once import Written
from backend.problems import documented
from backend.words import Line, Name, NameOrEmpty, RoleCode

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound, Unfit, Taken)


class PlanAppointment(msgspec.Struct, forbid_unknown_fields=True):
    """The time is civil time in the plan's zone. `proposed`: it waits for the other side's yes."""

    role: RoleCode
    held_on: date
    held_at: time
    milestone: UUID | None = None
    place: Name | None = None
    id: UUID | None = None
    proposed: bool = False

    def appointment(self) -> NewAppointment:
        return NewAppointment(
            self.role,
            self.held_on,
            self.held_at,
            self.milestone,
            self.place,
            self.id or uuid4(),
            self.proposed,
        )


class ChangeAppointment(msgspec.Struct, forbid_unknown_fields=True):
    """A state, another time with who asked for it, another `place` (alone or with another time),
    or `travel_checked`. An empty place takes away the one that is there.

    `by` is service, person, or circle (somebody of it, through the worker); `why` is for the
    plan's workers, who alone write it, and for the person.
    """

    state: str | None = None
    held_on: date | None = None
    held_at: time | None = None
    by: str = "service"
    new_id: UUID | None = None
    travel_checked: bool | None = None
    why: Line | None = None
    place: NameOrEmpty | None = None

    def change(self) -> AppointmentChange:
        values = {**msgspec.structs.asdict(self), "new_id": self.new_id or uuid4()}
        return AppointmentChange(**values)


class DateWritten(msgspec.Struct):
    """The row and its version; what to think of on its day.

    `cautions` are some of closed_day (of the plan's place), outside_hours (of its agency, or of a
    season at that place), reduced_hours (a season in which offices are open for a shorter time),
    and in the first week many_on_a_day (more than two), close_together (less than an hour between
    two), travel_unchecked.
    """

    id: UUID
    version: int
    cautions: list[str]


class ChainedDate(msgspec.Struct, omit_defaults=True):
    """A date of a chain. `asked_by`, `why` and `moved_at` say how it came of the one before."""

    id: UUID
    held_on: date
    held_at: time
    state: str
    asked_by: str | UnsetType = UNSET
    why: str | UnsetType = UNSET
    moved_at: datetime | UnsetType = UNSET


class DateView(msgspec.Struct, omit_defaults=True):
    """A date, and all that it was before and became, from the first on; itself among them.

    `waits_for` is the role whose yes a proposal needs, or never got.
    """

    id: UUID
    plan: UUID
    version: int
    role: str
    held_on: date
    held_at: time
    zone: str
    state: str
    travel_checked: bool
    chain: list[ChainedDate]
    place: str | UnsetType = UNSET
    milestone: UUID | UnsetType = UNSET
    waits_for: str | UnsetType = UNSET

    @classmethod
    def of(cls, read: DateRead) -> "DateView":
        row = read.date
        plain = ("id", "plan", "version", "role", "held_on", "held_at", "zone", "state")
        return cls(
            **{name: row[name] for name in plain},
            travel_checked=row["travel_checked"],
            chain=[_chained(one, read) for one in read.chain],
            place=read.place or UNSET,
            milestone=read.milestone or UNSET,
            waits_for=row["waits_for"] or UNSET,
        )


def _chained(one: Mapping[str, Any], read: DateRead) -> ChainedDate:
    view = ChainedDate(one["id"], one["held_on"], one["held_at"], one["state"])
    if (move := read.moves.get(one["id"])) is not None:
        view.asked_by, view.moved_at = move["asked_by"], move["at"]
        view.why = move["why"] or UNSET
    return view


async def _reply(request: HttpRequest, written: Written) -> Response[DateWritten]:
    cautions = await day_of(actor_of(request), written.id)
    return answer(written, DateWritten(written.id, written.version, sorted(cautions)))


class AppointmentController(Controller):
    tags = ["appointments"]  # noqa: RUF012 - Litestar declares it so

    @post(
        "/plans/{plan_id:uuid}/appointments",
        operation_id="planAppointment",
        responses=documented(*WRITE),
    )
    async def plan(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[PlanAppointment]
    ) -> Response[DateWritten]:
        """Put a date with a service into the plan, or propose one to the other side."""
        new = data.appointment()
        written = await write(
            request, "planAppointment", lambda actor: plan_appointment(actor, plan_id, new)
        )
        return await _reply(request, written)

    @get(
        "/appointments/{appointment_id:uuid}",
        operation_id="getAppointment",
        responses=documented(NotYourRole, NotFound),
    )
    async def read(
        self, request: HttpRequest, appointment_id: FromPath[UUID]
    ) -> Response[DateView]:
        """A date, what it was before and what became of it; who asked, and why, to workers."""
        found = await get_appointment(actor_of(request), appointment_id)
        return Response(DateView.of(found), headers=NO_STORE)

    @patch(
        "/appointments/{appointment_id:uuid}",
        operation_id="changeAppointment",
        responses=documented(*WRITE, VersionMissing, VersionStale, NotFromThisState),
    )
    async def change(
        self,
        request: HttpRequest,
        appointment_id: FromPath[UUID],
        data: JSONBody[ChangeAppointment],
    ) -> Response[DateWritten]:
        """Confirm, attend, miss or cancel it, put a mistake right, give it another place or time.

        Another time answers with the new appointment, which knows what it was before.
        """
        wanted = data.change()
        written = await change(
            request,
            "changeAppointment",
            lambda actor, seen: change_appointment(actor, appointment_id, seen, wanted),
        )
        return await _reply(request, written)
