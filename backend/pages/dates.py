"""Appointments: what comes, what became of it, and a new one."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor, require
from backend.appointments import rules
from backend.appointments.actions import (
    EVERYWHERE,
    AppointmentChange,
    NewAppointment,
    change_appointment,
    first_week_of,
    plan_appointment,
    ways_known,
)
from backend.appointments.routes import ChangeAppointment, PlanAppointment
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.plan import sheet_of

OUTCOMES = (
    "confirmed",
    "attended",
    "missed_with_reason",
    "missed_no_contact",
    "cancelled_by_service",
    "cancelled_by_person",
)
WHOSE = ("SW", "PO", "CP", "TR", "PS")


class DatesController(Controller):
    path = "/plans/{plan_id:uuid}/dates"

    @get("/")
    async def dates(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _dates(request, plan_id, saved=saved)

    @post("/")
    async def plan(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(PlanAppointment)
            new = NewAppointment(
                given.role, given.held_on, given.held_at, given.milestone, given.place
            )
            return await plan_appointment(actor, plan_id, new)

        return await _save(request, plan_id, "planAppointment", act)

    @post("/{date_id:uuid}")
    async def change(
        self, request: HttpRequest, plan_id: FromPath[UUID], date_id: FromPath[UUID]
    ) -> Page:
        """A new state, or another day."""

        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(ChangeAppointment)
            wanted = AppointmentChange(
                given.state,
                given.held_on,
                given.held_at,
                given.by,
                travel_checked=given.travel_checked,
            )
            return await change_appointment(actor, date_id, form.seen, wanted)

        return await _save(request, plan_id, "changeAppointment", act)


async def _save(request: HttpRequest, plan_id: UUID, operation: str, act: Act) -> Page:
    return await submit(
        request,
        operation,
        act,
        lambda _: go(f"/desk/plans/{plan_id}/dates?saved={operation}"),
        lambda tried: _dates(request, plan_id, tried),
    )


async def _dates(
    request: HttpRequest, plan_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    require(actor, "planAppointment")
    async with transaction(actor.id):
        sheet = await sheet_of(actor, plan_id)
        week = await first_week_of(sheet.read.row)
        known = await ways_known(plan_id)
    held = sheet.view.appointments or []
    return show(
        request,
        "dates.html",
        tried=tried,
        **sheet.values(),
        saved=saved,
        week=sorted(week.items()),
        known=known,
        coming=[one for one in held if one.state in rules.COMING],
        past=[one for one in reversed(held) if one.state not in rules.COMING],
        nexts={
            one.id: [state for state in OUTCOMES if rules.may_become(one.state, state)]
            for one in held
        },
        whose=WHOSE if sheet.read.role in EVERYWHERE else (sheet.read.role,),
        steps=[row for row in sheet.view.milestones or [] if row.id in sheet.mine and row.due_on],
    )
