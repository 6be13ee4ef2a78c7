"""On which days the offices of a place are open. No I/O."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cached_property
from itertools import pairwise
from operator import attrgetter
from typing import Any

import msgspec

A_DAY = timedelta(days=1)
EVERY_DAY = frozenset(range(1, 8))
LONGEST = 30  # closed days in a row; what looks for an open day looks so far, here and in SQL
MOST_SEASONS = 12
MOST = 400  # single days of a calendar
AHEAD = timedelta(days=120)  # so far the days are to be confirmed
FURTHEST = timedelta(days=2 * 366)


@dataclass(frozen=True)
class OpenDays:
    """`week` are ISO weekdays, each one where none is one; `closed` are single days."""

    week: Collection[int] = ()
    closed: Collection[date] = ()

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and day.isoweekday() in self._open and day not in self._closed

    @cached_property
    def _open(self) -> Collection[int]:
        return frozenset(self.week) & EVERY_DAY or EVERY_DAY

    @cached_property
    def _closed(self) -> Collection[date]:
        return frozenset(self.closed)

    def back(self, day: date) -> date:
        """The day itself, or the open day before it."""
        while day not in self:
            day -= A_DAY
        return day

    def on(self, day: date) -> date:
        """The day itself, or the open day after it."""
        while day not in self:
            day += A_DAY
        return day

    def after(self, day: date, number: int = 1) -> date:
        """The day on which so many open days have passed since a day."""
        for _ in range(number):
            day = self.on(day + A_DAY)
        return day


def open_days(of: Mapping[str, Any]) -> OpenDays:
    """Of a row that carries the `working_days` and `closed` days of its place."""
    return OpenDays(of["working_days"], of["closed"])


def too_long(days: OpenDays) -> bool:
    """Whether offices would be closed for so long in a row that no open day is found."""
    if not days.closed:
        return False
    day, last, run = min(days.closed) - 7 * A_DAY, max(days.closed) + 7 * A_DAY, 0
    while day <= last and run <= LONGEST:
        run = 0 if day in days else run + 1
        day += A_DAY
    return run > LONGEST


@dataclass(frozen=True)
class Season:
    """Days, both counted, on which offices keep these hours. Why, is said nowhere."""

    first: date
    last: date
    opens: time
    closes: time


def seasons_of(calendar: Mapping[str, Any]) -> list[Season]:
    """Of a row that carries the `seasons` of its place."""
    return msgspec.json.decode(calendar["seasons"], type=list[Season])


def written(seasons: Iterable[Season], today: date) -> str:
    """As a calendar keeps them, in their order. What is over is not kept: no date comes then."""
    coming = (one for one in seasons if one.last >= today)
    return msgspec.json.encode(sorted(coming, key=attrgetter("first"))).decode()


def season_on(day: date, seasons: Iterable[Season]) -> Season | None:
    return next((one for one in seasons if one.first <= day <= one.last), None)


def why_no_seasons(seasons: Collection[Season], today: date) -> str | None:
    """Why these can be no seasons of a calendar; None where they can."""
    if len(seasons) > MOST_SEASONS:
        return f"A calendar has up to {MOST_SEASONS} seasons."
    in_order = sorted(seasons, key=attrgetter("first"))
    if any(one.first > one.last for one in seasons):
        return "A season ends after it begins."
    if any(one.opens >= one.closes for one in seasons):
        return "Offices open before they close."
    if any(a.last >= b.first for a, b in pairwise(in_order)):
        return "Two seasons hold the same day."
    if any(one.last > today + FURTHEST for one in seasons):
        return "A season ends within the next two years."
    return None


def unconfirmed(calendar: Mapping[str, Any], today: date) -> bool:
    """Whether somebody has to look which of the next days are closed."""
    until: date | None = calendar["confirmed_until"]
    return until is None or until < today + AHEAD


def kept_with(closed: Iterable[date], before: Iterable[date], today: date) -> list[date]:
    """The days from today on as said now; those before as they were, for terms that run."""
    past = {day for day in before if day < today}
    return sorted(past | {day for day in closed if day >= today})
