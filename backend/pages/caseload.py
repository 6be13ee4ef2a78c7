"""The first page: my people. And the form with which a plan begins."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromQuery

from backend import cursors
from backend.access import OPERATIONS, Actor, require
from backend.doors import HttpRequest, actor_of
from backend.errors import Unfit
from backend.once import Written
from backend.pages.agency import AGENCY
from backend.pages.filters import address, choices_for, filters_of, views_of
from backend.pages.forms import Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.reading import office_of, places_of
from backend.plans.actions import caseload, finding, opening, reading
from backend.plans.views import FindPerson, OpenPlan, PersonIn
from backend.templates.rules import OVERLAYS

SIZE = 25


class CaseloadController(Controller):
    @get("/")
    async def caseload(
        self, request: HttpRequest, cursor: FromQuery[str | None] = None, saved: FromQuery[str] = ""
    ) -> Page:
        """By next due date and never by lateness. Who has no people begins with the agency."""
        actor = actor_of(request)
        if actor.role not in OPERATIONS["listPlans"]:
            return go(AGENCY)
        after = cursors.read(cursor, date, UUID) if cursor else None
        asked = filters_of(request)
        lines = await caseload.list_plans(actor, after=after, limit=SIZE, filters=asked)
        last = lines[-1] if len(lines) == SIZE else None
        on = cursors.write(last.next_due_on or reading.LAST, last.id) if last else None
        return show(
            request,
            "caseload.html",
            lines=lines,
            more=address(asked, cursor=on) if on else None,
            first=cursor is None,
            saved=saved,
            asked=asked,
            views=views_of(asked),
            choices=await choices_for(actor),
        )

    @post("/find")
    async def find(self, request: HttpRequest) -> Page:
        """Who of my people has these words; they stand in no address, so they are in no history."""
        form: Form = request.state.form
        lines: Sequence[caseload.CaseloadLine] = ()
        tried = None
        try:
            lines = await finding.find_people(actor_of(request), form.read(FindPerson).words)
        except Unfit as error:
            tried = Attempt(form, error)
        return show(request, "found.html", tried=tried, lines=lines, asked=form.one("words"))

    @get("/new")
    async def new(self, request: HttpRequest) -> Page:
        return await _new(request)

    @post("/new")
    async def open(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await opening.open_plan(actor, _new_plan(form))

        return await submit(
            request,
            "openPlan",
            act,
            lambda written: go(f"/desk/plans/{written.id}?saved=openPlan"),
            lambda tried: _new(request, tried),
        )


async def _new(request: HttpRequest, tried: Attempt | None = None) -> Page:
    require(actor_of(request), "openPlan")
    office = await office_of(actor_of(request))
    return show(
        request,
        "new.html",
        tried=tried,
        office=office,
        overlays=sorted(OVERLAYS),
        places=await places_of(actor_of(request)),
    )


def _new_plan(form: Form) -> opening.NewPlan:
    person, plan = form.read(PersonIn), form.read(OpenPlan, overlays=form.all("overlays"))
    new = opening.NewPlan(
        opening.NewPerson(person.name, person.language, person.birth_date, person.file_number),
        plan.release_date,
        plan.certainty,
    )
    return replace(
        new,
        release_time=plan.release_time,
        zone=plan.zone,
        supervision=plan.supervision,
        template=plan.template,
        overlays=plan.overlays,
        calendar=plan.calendar,
    )
