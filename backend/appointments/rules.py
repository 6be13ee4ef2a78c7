"""The states of an appointment. What the service cancels never counts as missed."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

COMING = frozenset({"proposed", "scheduled", "confirmed"})
MISSED = frozenset({"missed_with_reason", "missed_no_contact"})
STEPS: Mapping[str, frozenset[str]] = {
    "proposed": frozenset(
        {"scheduled", "confirmed", "cancelled_by_service", "cancelled_by_person"}
    ),
    "scheduled": frozenset(
        {"confirmed", "attended", "cancelled_by_service", "cancelled_by_person"} | MISSED
    ),
    "confirmed": frozenset({"attended", "cancelled_by_service", "cancelled_by_person"} | MISSED),
    # a reason may come later, and a mistake may be put right
    "missed_no_contact": frozenset({"missed_with_reason", "attended", "cancelled_by_service"}),
    "missed_with_reason": frozenset({"attended", "cancelled_by_service"}),
}
FRIENDLY_AFTER = timedelta(hours=2)
FRIENDLY_UNTIL, FRIENDLY_ENDS = time(19), time(20)
CALL_AT = time(10)
A_WEEK, MOST_ON_A_DAY, APART = timedelta(days=7), 2, timedelta(minutes=60)


def may_become(before: str, after: str) -> bool:
    return after in STEPS.get(before, frozenset())


def instant(on: date, at: time, zone: str) -> datetime:
    """The instant of a civil date and time in a zone."""
    return datetime.combine(on, at, ZoneInfo(zone))


def friendly_text_at(missed: datetime, now: datetime, zone: str) -> datetime | None:
    """Two hours after the missed time, not after 19:00 there; None where the day is over by then.

    The text speaks of today: on another day a human calls, and nothing is sent.
    """
    local = max(missed + FRIENDLY_AFTER, now).astimezone(ZoneInfo(zone))
    day = missed.astimezone(ZoneInfo(zone)).date()
    return local if local.date() == day and local.time() <= FRIENDLY_UNTIL else None


def first_week(
    dates: Iterable[Mapping[str, Any]], begins: date, today: date
) -> Mapping[date, frozenset[str]]:
    """What makes a day of the first week hard to keep; `begins` is the day of release.

    More than two dates, less than an hour between two, a way that nobody has looked at. Words for a
    worker, never a refusal. Days that have passed are left alone.
    """
    found: dict[date, frozenset[str]] = {}
    coming = (one for one in dates if max(begins, today) <= one["held_on"] < begins + A_WEEK)
    in_order = sorted(coming, key=itemgetter("held_on", "held_at"))
    for day, of_day in groupby(in_order, key=itemgetter("held_on")):
        every = list(of_day)
        starts = [datetime.combine(day, one["held_at"]) for one in every]
        said = {
            "many_on_a_day": len(every) > MOST_ON_A_DAY,
            "close_together": any(b - a < APART for a, b in pairwise(starts)),
            "travel_unchecked": not all(one["travel_checked"] for one in every),
        }
        if any(said.values()):
            found[day] = frozenset(name for name, holds in said.items() if holds)
    return found
