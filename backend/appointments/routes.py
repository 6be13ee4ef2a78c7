from datetime import date, time
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, patch, post
from litestar.params import FromPath, JSONBody

from backend.appointments import actions
from backend.doors import HttpRequest, WrittenReply, change, plain, write
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
    """Either a state, or a new date with who asked for the move (service or person)."""

    state: str | None = None
    held_on: date | None = None
    held_at: time | None = None
    by: str = "service"
    new_id: UUID | None = None


class AppointmentController(Controller):
    tags = ["appointments"]  # noqa: RUF012 - Litestar declares it so

    @post(
        "/plans/{plan_id:uuid}/appointments",
        operation_id="planAppointment",
        responses=documented(*WRITE),
    )
    async def plan(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[PlanAppointment]
    ) -> WrittenReply:
        """Put a date with a service into the plan."""
        new = actions.NewAppointment(
            data.role, data.held_on, data.held_at, data.milestone, data.place, data.id or uuid4()
        )
        return plain(
            await write(
                request,
                "planAppointment",
                lambda actor: actions.plan_appointment(actor, plan_id, new),
            )
        )

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
    ) -> WrittenReply:
        """Confirm, attend, miss, cancel or move it; a move answers with the new appointment."""
        values = {**msgspec.structs.asdict(data), "new_id": data.new_id or uuid4()}
        wanted = actions.AppointmentChange(**values)
        return plain(
            await change(
                request,
                "changeAppointment",
                lambda actor, seen: actions.change_appointment(actor, appointment_id, seen, wanted),
            )
        )
