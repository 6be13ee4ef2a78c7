from datetime import date, time
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, patch, post
from litestar.params import FromPath, JSONBody

from backend.appointments import actions
from backend.doors import HttpRequest, actor_of, answer, change, write
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
from backend.words import Name, RoleCode

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound, Unfit, Taken)


class PlanAppointment(msgspec.Struct, forbid_unknown_fields=True):
    """The time is civil time in the plan's zone."""

    role: RoleCode
    held_on: date
    held_at: time
    milestone: UUID | None = None
    place: Name | None = None
    id: UUID | None = None


class ChangeAppointment(msgspec.Struct, forbid_unknown_fields=True):
    """A state, a new date with who asked for the move (service or person), or `travel_checked`."""

    state: str | None = None
    held_on: date | None = None
    held_at: time | None = None
    by: str = "service"
    new_id: UUID | None = None
    travel_checked: bool | None = None


class DateWritten(msgspec.Struct):
    """The row and its version; what to think of on its day, where it is in the first week.

    `cautions` are some of many_on_a_day (more than two), close_together (less than an hour between
    two), travel_unchecked.
    """

    id: UUID
    version: int
    cautions: list[str]


async def _reply(request: HttpRequest, written: Written) -> Response[DateWritten]:
    cautions = await actions.day_of(actor_of(request), written.id)
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
        """Put a date with a service into the plan."""
        new = actions.NewAppointment(
            data.role, data.held_on, data.held_at, data.milestone, data.place, data.id or uuid4()
        )
        written = await write(
            request, "planAppointment", lambda actor: actions.plan_appointment(actor, plan_id, new)
        )
        return await _reply(request, written)

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
        """Confirm, attend, miss, cancel or move it; a move answers with the new appointment."""
        values = {**msgspec.structs.asdict(data), "new_id": data.new_id or uuid4()}
        wanted = actions.AppointmentChange(**values)
        written = await change(
            request,
            "changeAppointment",
            lambda actor, seen: actions.change_appointment(actor, appointment_id, seen, wanted),
        )
        return await _reply(request, written)
