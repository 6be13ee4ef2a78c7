from collections.abc import Sequence
from datetime import date, time
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from backend.calendars import actions, rules
from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain, write
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
from backend.words import END, Place

WRITE = (KeyMissing, KeyReused, NotYourRole, Unfit)
Weekday = Annotated[int, msgspec.Meta(ge=1, le=7)]
Week = Annotated[list[Weekday], msgspec.Meta(min_length=1, max_length=7)]
Hour = Annotated[time, msgspec.Meta(tz=False)]
Country = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}" + END)]
Part = Annotated[str, msgspec.Meta(min_length=1, max_length=10, pattern=r"^[\w -]+" + END)]


class AddCalendar(msgspec.Struct, forbid_unknown_fields=True):
    """`working_days`: 1 is Monday. `country` and `part` are ISO 3166 codes."""

    name: Place
    working_days: Week
    country: Country | None = None
    part: Part | None = None
    id: UUID | None = None

    def calendar(self) -> actions.NewCalendar:
        return actions.NewCalendar(
            self.name, self.working_days, self.country, self.part, self.id or uuid4()
        )


class SeasonOf(msgspec.Struct, forbid_unknown_fields=True):
    """Days from `first` to `last`, both counted, on which offices are open from and to an hour."""

    first: date
    last: date
    opens: Hour
    closes: Hour

    def season(self) -> rules.Season:
        opens, closes = (one.replace(second=0, microsecond=0) for one in (self.opens, self.closes))
        return rules.Season(self.first, self.last, opens, closes)


Seasons = Annotated[list[SeasonOf], msgspec.Meta(max_length=rules.MOST_SEASONS)]


class ConfirmDays(msgspec.Struct, forbid_unknown_fields=True):
    """All days until `until` on which offices are closed, besides those of each week.

    Without `until` nothing is confirmed yet, and `closed` is empty. `seasons` are all days with
    other hours than the agency's; left out, they stay as they are. Why they are is said nowhere.
    """

    name: Place
    working_days: Week
    closed: Annotated[list[date], msgspec.Meta(max_length=rules.MOST)]
    until: date | None = None
    country: Country | None = None
    part: Part | None = None
    seasons: Seasons | None = None

    def days(self) -> actions.Days:
        return actions.Days(
            self.name,
            self.working_days,
            self.closed,
            self.until,
            self.country,
            self.part,
            None if self.seasons is None else [one.season() for one in self.seasons],
        )


class CalendarView(msgspec.Struct):
    """When offices of a place are open. `own` is the agency's, for plans that name no other."""

    id: UUID
    version: int
    name: str
    own: bool
    working_days: list[int]
    closed: list[date]
    country: str | None
    part: str | None
    confirmed_until: date | None
    seasons: list[SeasonOf]

    @classmethod
    def of(cls, row: Any) -> "CalendarView":
        return cls(
            row["id"],
            row["version"],
            row["name"],
            row["id"] == row["agency"],
            row["working_days"],
            row["closed"],
            row["country"],
            row["part"],
            row["confirmed_until"],
            [SeasonOf(one.first, one.last, one.opens, one.closes) for one in rules.seasons_of(row)],
        )


class ProposalView(msgspec.Struct):
    """`estimated`: it hangs on the moon, and may come a day sooner or later."""

    day: date
    name: str
    estimated: bool


class CalendarController(Controller):
    path = "/calendars"
    tags = ["agency"]  # noqa: RUF012 - Litestar declares it so

    @get("/", operation_id="listCalendars", responses=documented(NotYourRole))
    async def list_calendars(self, request: HttpRequest) -> Response[list[CalendarView]]:
        """The places of the agency, and on which days their offices are closed."""
        rows = await actions.list_calendars(actor_of(request))
        return Response([CalendarView.of(row) for row in rows], headers=NO_STORE)

    @post("/", operation_id="addCalendar", responses=documented(*WRITE, Taken, NotFromThisState))
    async def add(self, request: HttpRequest, data: JSONBody[AddCalendar]) -> WrittenReply:
        """Add a place whose offices are open on other days than the agency's own."""
        new = data.calendar()
        return plain(
            await write(request, "addCalendar", lambda actor: actions.add_calendar(actor, new))
        )

    @put(
        "/{calendar_id:uuid}",
        operation_id="changeCalendar",
        responses=documented(*WRITE, NotFound, VersionMissing, VersionStale),
    )
    async def confirm(
        self, request: HttpRequest, calendar_id: FromPath[UUID], data: JSONBody[ConfirmDays]
    ) -> WrittenReply:
        """Confirm the closed days of a place; steps that stand on one move within minutes."""
        days = data.days()
        return plain(
            await change(
                request,
                "changeCalendar",
                lambda actor, seen: actions.change_calendar(actor, calendar_id, seen, days),
            )
        )

    @get(
        "/{calendar_id:uuid}/proposals",
        operation_id="proposeDays",
        responses=documented(NotYourRole, NotFound, Unfit),
    )
    async def propose(
        self, request: HttpRequest, calendar_id: FromPath[UUID], until: FromQuery[date]
    ) -> Response[Sequence[ProposalView]]:
        """Holidays of its country from today until a day. None counts before it is confirmed."""
        found = await actions.propose_days(actor_of(request), calendar_id, until)
        views = [ProposalView(one.day, one.name, one.estimated) for one in found]
        return Response(views, headers=NO_STORE)
