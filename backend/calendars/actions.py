"""The calendars of an agency's places, and who says on which days offices are closed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, require
from backend.audit.actions import record
from backend.calendars import rules
from backend.calendars.proposals import Proposal, check_place, propose
from backend.calendars.rules import OpenDays, Season, open_days
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Taken, Unfit
from backend.once import Written

MOST_PLACES = 50


@dataclass(frozen=True)
class NewCalendar:
    """A place with offices: its weekdays (1 is Monday), and whose holidays are proposed for it."""

    name: str
    working_days: Sequence[int]
    country: str | None = None
    part: str | None = None
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Days:
    """What a human confirms: the place, its weekdays, all single days until `until`, and all
    `seasons` with hours of their own; None leaves the seasons as they are.
    """

    name: str
    working_days: Sequence[int]
    closed: Sequence[date]
    until: date | None = None
    country: str | None = None
    part: str | None = None
    seasons: Sequence[Season] | None = None


async def list_calendars(actor: Actor) -> Sequence[Any]:
    """Those of the actor's agency, its own first."""
    require(actor, "listCalendars")
    async with transaction(actor.id) as held:
        await record(actor, "listCalendars", thing=actor.agency)
        rows: Sequence[Any] = await held.fetch(
            "SELECT * FROM calendar WHERE agency = $1 ORDER BY id <> agency, name, id",
            actor.agency,
        )
        return rows


async def add_calendar(actor: Actor, new: NewCalendar) -> Written:
    """Add a place whose offices are open on other days. Raises Unfit, Taken, NotFromThisState."""
    require(actor, "addCalendar")
    await _check(OpenDays(new.working_days), new.country, new.part)
    async with transaction(actor.id) as held:
        if await held.fetchval("SELECT 1 FROM calendar WHERE id = $1", new.id):
            raise Taken
        there = await held.fetchval("SELECT count(*) FROM calendar WHERE agency = $1", actor.agency)
        if there >= MOST_PLACES:
            raise NotFromThisState(f"An agency has up to {MOST_PLACES} calendars.")
        await held.execute(
            "INSERT INTO calendar (id, agency, version, name, country, part, working_days, closed,"
            " changed_by, changed_at, rolled_version)"
            " VALUES ($1, $2, 1, $3, $4, $5, $6, '{}', $7, $8, 1)",
            new.id,
            actor.agency,
            new.name,
            new.country,
            new.part,
            sorted(set(new.working_days)),
            actor.id,
            clock.now(),
        )
        await record(actor, "addCalendar", thing=new.id)
        return Written(new.id, 1, 201)


async def change_calendar(actor: Actor, id_: UUID, seen: int, days: Days) -> Written:
    """Confirm on which days the offices of a place are closed, until a day.

    Days that have passed stay as they were: terms that run still count by them. Steps that stand
    on a day that closes are moved by a job (`workflows/calendars.py`). Raises NotFound,
    VersionStale, Unfit.
    """
    require(actor, "changeCalendar")
    await _check(OpenDays(days.working_days, days.closed), days.country, days.part)
    async with transaction(actor.id) as held:
        row = await held.fetchrow(
            "SELECT c.*, a.zone FROM calendar c JOIN agency a ON a.id = c.agency"
            " WHERE c.id = $1 AND c.agency = $2 FOR UPDATE OF c",
            id_,
            actor.agency,
        )
        check_version(row, seen)
        today = clock.today(row["zone"])
        _check_days(days, today, row["confirmed_until"])
        seasons = rules.seasons_of(row) if days.seasons is None else days.seasons
        if (why := rules.why_no_seasons(seasons, today)) is not None:
            raise Unfit(why, field="seasons")
        version: int = await held.fetchval(
            "UPDATE calendar SET name = $2, country = $3, part = $4, working_days = $5,"
            " closed = $6, confirmed_until = $7, changed_by = $8, changed_at = $9, seasons = $10,"
            " version = version + 1 WHERE id = $1 RETURNING version",
            id_,
            days.name,
            days.country,
            days.part,
            sorted(set(days.working_days)),
            rules.kept_with(days.closed, row["closed"], today),
            days.until,
            actor.id,
            clock.now(),
            rules.written(seasons, today),
        )
        await record(actor, "changeCalendar", thing=id_)
        return Written(id_, version)


async def _check(days: OpenDays, country: str | None, part: str | None) -> None:
    if not days.week or not rules.EVERY_DAY.issuperset(days.week):
        raise Unfit("working_days are some of 1 (Monday) to 7.", field="working_days")
    if country is not None:
        await check_place(country, part)
    elif part is not None:
        raise Unfit("A part belongs to a country.", field="part")
    if rules.too_long(days):
        raise Unfit(f"Offices are closed for up to {rules.LONGEST} days in a row.", field="closed")


def _check_days(days: Days, today: date, before: date | None) -> None:
    """A day that was said before stands, also when it has passed: a place may get another name."""
    new = days.until is not None and days.until != before
    if new and not today <= (days.until or today) <= today + rules.FURTHEST:
        raise Unfit("Days are confirmed until a day of the next two years.", field="until")
    if days.closed and max(days.closed) > max(days.until or today, today):
        raise Unfit("A closed day lies after the last that is confirmed.", field="until")


async def propose_days(actor: Actor, id_: UUID, until: date) -> list[Proposal]:
    """Public holidays of the calendar's country from today on; none counts before it is confirmed.

    Raises NotFound, Unfit for a day too far, or where the calendar names no country.
    """
    require(actor, "proposeDays")
    async with transaction(actor.id) as held:
        row = await held.fetchrow(
            "SELECT c.*, a.zone FROM calendar c JOIN agency a ON a.id = c.agency"
            " WHERE c.id = $1 AND c.agency = $2",
            id_,
            actor.agency,
        )
        if row is None:
            raise NotFound
        await record(actor, "proposeDays", thing=id_)
    today = clock.today(row["zone"])
    if not today <= until <= today + rules.FURTHEST:
        raise Unfit("Days are proposed until a day of the next two years.", field="until")
    if row["country"] is None:
        return []
    return await propose(row["country"], row["part"], today, until)


async def find_days(agency: UUID, calendar: UUID | None) -> OpenDays:
    """Of a place of an agency; its own where none is named. Raises Unfit for a place of another."""
    row = await connection().fetchrow(
        "SELECT * FROM calendar WHERE id = $1 AND agency = $2", calendar or agency, agency
    )
    if row is None:
        raise Unfit("There is no such calendar here.", field="calendar")
    return open_days(row)
