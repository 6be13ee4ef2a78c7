"""The days on which offices are closed: who confirms them sees what a library proposes."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from babel import Locale
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend import clock
from backend.access import OPERATIONS, Actor
from backend.calendars import actions, proposals, rules
from backend.calendars.routes import AddCalendar, ConfirmDays
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.errors import NotFound, Unfit
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import LANGUAGE, Page, go, show
from backend.pages.reading import office_of

HERE = "/desk/calendars"
A_YEAR = timedelta(days=365)
SEASON = ("first", "last", "opens", "closes")
MORE = 2  # empty lines for seasons
OTHERS = 4  # days of its own that a form takes at once


class CalendarPageController(Controller):
    path = "/calendars"

    @get("/")
    async def calendars(self, request: HttpRequest, saved: FromQuery[str] = "") -> Page:
        return await _all(request, saved=saved)

    @post("/")
    async def add(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            new = form.read(AddCalendar, working_days=form.all("working_days"))
            return await actions.add_calendar(actor, new.calendar())

        return await submit(
            request,
            "addCalendar",
            act,
            lambda written: go(f"{HERE}/{written.id}?saved=addCalendar"),
            lambda tried: _all(request, tried),
        )

    @get("/{calendar_id:uuid}")
    async def calendar(
        self, request: HttpRequest, calendar_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _one(request, calendar_id, saved=saved)

    @post("/{calendar_id:uuid}/place")
    async def place(self, request: HttpRequest, calendar_id: FromPath[UUID]) -> Page:
        """Its name, its week and its country; the confirmed days stay."""

        async def act(actor: Actor, form: Form) -> Written:
            row = await _find(actor, calendar_id)
            days = form.read(
                ConfirmDays,
                working_days=form.all("working_days"),
                closed=await _coming(actor, row),
                until=row["confirmed_until"],
            ).days()
            return await actions.change_calendar(actor, calendar_id, form.seen, days)

        return await self._save(request, calendar_id, act)

    @post("/{calendar_id:uuid}/days")
    async def days(self, request: HttpRequest, calendar_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            row = await _find(actor, calendar_id)
            closed = {day for day in (*form.all("closed"), *form.all("other")) if day}
            same = {name: row[name] for name in ("name", "working_days", "country", "part")}
            given = form.read(ConfirmDays, closed=sorted(closed), **same)
            if given.until is None:
                raise Unfit("Say until which day these are all.", field="until")
            return await actions.change_calendar(actor, calendar_id, form.seen, given.days())

        return await self._save(request, calendar_id, act)

    @post("/{calendar_id:uuid}/seasons")
    async def seasons(self, request: HttpRequest, calendar_id: FromPath[UUID]) -> Page:
        """All of them; one whose days are empty is none any more."""

        async def act(actor: Actor, form: Form) -> Written:
            row = await _find(actor, calendar_id)
            same = {name: row[name] for name in ("name", "working_days", "country", "part")}
            days = form.read(
                ConfirmDays,
                closed=await _coming(actor, row),
                until=row["confirmed_until"],
                seasons=_typed(form),
                **same,
            ).days()
            return await actions.change_calendar(actor, calendar_id, form.seen, days)

        return await self._save(request, calendar_id, act)

    async def _save(self, request: HttpRequest, calendar: UUID, act: Act) -> Page:
        return await submit(
            request,
            "changeCalendar",
            act,
            lambda _: go(f"{HERE}/{calendar}?saved=changeCalendar"),
            lambda tried: _one(request, calendar, tried),
        )


def _typed(form: Form) -> list[dict[str, str]]:
    """Raises Unfit where a line is filled in by half."""
    lines = zip(*(form.all(name) for name in SEASON), strict=False)
    found = [dict(zip(SEASON, line, strict=True)) for line in lines if line[0] or line[1]]
    if any(not all(one.values()) for one in found):
        raise Unfit("A season has two days and two hours.", field="seasons")
    for one in found:
        for name in ("opens", "closes"):
            one[name] += ":00" if len(one[name]) == len("08:00") else ""
    return found


async def _find(actor: Actor, id_: UUID) -> Mapping[str, Any]:
    """Raises NotFound."""
    for row in await actions.list_calendars(actor):
        if row["id"] == id_:
            return dict(row)
    raise NotFound


async def _coming(actor: Actor, row: Mapping[str, Any]) -> list[date]:
    today = clock.today((await office_of(actor)).zone)
    return [day for day in row["closed"] if day >= today]


async def _all(request: HttpRequest, tried: Attempt | None = None, *, saved: str = "") -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        rows = await actions.list_calendars(actor)
        today = clock.today((await office_of(actor)).zone)
    known = await proposals.places()
    return show(
        request,
        "calendars.html",
        tried=tried,
        calendars=[(row, rules.unconfirmed(row, today)) for row in rows],
        countries=_countries(known),
        today=today,
        saved=saved,
    )


async def _one(
    request: HttpRequest, id_: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        row = await _find(actor, id_)
        today = clock.today((await office_of(actor)).zone)
        until = max(today + A_YEAR, row["confirmed_until"] or today)
        proposed = []
        if actor.role in OPERATIONS["proposeDays"]:
            proposed = await actions.propose_days(actor, id_, until)
    known = await proposals.places()
    return show(
        request,
        "calendar.html",
        tried=tried,
        calendar=row,
        days=_days(row, proposed, today),
        until=until,
        unconfirmed=rules.unconfirmed(row, today),
        countries=_countries(known),
        parts=known.get(row["country"], ()),
        today=today,
        others=range(OTHERS),
        seasons=_lines(row, tried),
        saved=saved,
    )


def _lines(row: Mapping[str, Any], tried: Attempt | None) -> list[tuple[str, ...]]:
    """What stands in each line of the form of the seasons: what was typed, or what is known."""
    given = tried.form if tried and tried.form.path.endswith("/seasons") else None
    if given is not None:
        return list(zip(*(given.all(name) for name in SEASON), strict=False))
    known = [
        (str(one.first), str(one.last), f"{one.opens:%H:%M}", f"{one.closes:%H:%M}")
        for one in rules.seasons_of(row)
    ]
    return [*known, *[("",) * len(SEASON)] * MORE]


def _days(
    row: Mapping[str, Any], proposed: list[proposals.Proposal], today: date
) -> list[tuple[proposals.Proposal, bool]]:
    """Each day with whether it is ticked: as confirmed, and after that as proposed.

    A proposal on a day that is closed each week anyhow changes nothing, and is left out.
    """
    week = rules.OpenDays(row["working_days"])
    found = {one.day: one for one in proposed if one.day in week}
    own = (proposals.Proposal(day, "", estimated=False) for day in row["closed"] if day >= today)
    found |= {one.day: replace(found.get(one.day, one)) for one in own}
    until = row["confirmed_until"]
    return [
        (one, day in row["closed"] or until is None or day > until)
        for day, one in sorted(found.items())
    ]


def _countries(known: Iterable[str]) -> list[tuple[str, str]]:
    names = Locale.parse(LANGUAGE).territories
    return sorted(
        ((code, names[code]) for code in known if code in names),
        key=lambda pair: pair[1],
    )
