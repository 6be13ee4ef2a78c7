"""Appointments: what comes, what became of it, and a new one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor, require
from backend.appointments import rules
from backend.appointments.actions import change_appointment, plan_appointment
from backend.appointments.days import besides, first_week_of
from backend.appointments.reading import get_appointment
from backend.appointments.routes import ChangeAppointment, DateView, PlanAppointment
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.errors import NotFound
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.plan import sheet_of

OUTCOMES = (
    "scheduled",
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
            return await plan_appointment(actor, plan_id, form.read(PlanAppointment).appointment())

        return await _save(request, plan_id, "planAppointment", act)

    @get("/{date_id:uuid}")
    async def chain(
        self, request: HttpRequest, plan_id: FromPath[UUID], date_id: FromPath[UUID]
    ) -> Page:
        """What a date was before, and what it became."""
        actor = actor_of(request)
        async with transaction(actor.id):
            sheet = await sheet_of(actor, plan_id)
            found = DateView.of(await get_appointment(actor, date_id))
        if found.plan != plan_id:
            raise NotFound
        return show(request, "date.html", **sheet.values(), found=found)

    @post("/{date_id:uuid}")
    async def change(
        self, request: HttpRequest, plan_id: FromPath[UUID], date_id: FromPath[UUID]
    ) -> Page:
        """A new state, another time or place, or that one can get there."""

        async def act(actor: Actor, form: Form) -> Written:
            ready = {"place": ""} if form.one("no_place") else {}
            wanted = form.read(ChangeAppointment, **ready).change()
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
    require(actor, "getAppointment")
    async with transaction(actor.id):
        sheet = await sheet_of(actor, plan_id)
        week = await first_week_of(sheet.read.row)
        more = await besides(sheet.read.row)
    held = sheet.view.appointments or []
    comes = {one["id"] for one in more.values() if rules.comes(one["state"], one["stands"])}
    return show(
        request,
        "dates.html",
        tried=tried,
        **sheet.values(),
        saved=saved,
        week=sorted(week.items()),
        more=more,
        coming=[one for one in held if one.id in comes],
        past=[one for one in reversed(held) if one.id not in comes],
        nexts={one.id: _nexts(more[one.id]) for one in held},
        whose=WHOSE if sheet.read.role in rules.EVERYWHERE else (sheet.read.role,),
        steps=[row for row in sheet.view.milestones or [] if row.id in sheet.mine and row.due_on],
    )


def _nexts(date_: Mapping[str, Any]) -> list[str]:
    """What may become of a date now."""
    return [one for one in OUTCOMES if rules.why_not(date_, one, date_["stands"]) is None]
