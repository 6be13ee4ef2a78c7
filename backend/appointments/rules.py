"""The states of an appointment. What the service cancels never counts as missed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from backend.calendars.rules import OpenDays, Season, season_on

EVERYWHERE = frozenset({"SW", "CO"})  # whose are all dates of a plan, not their own alone
COMING = frozenset({"proposed", "scheduled", "confirmed"})
PLANNED = COMING - {"proposed"}  # nobody is told of a proposal: it is no date yet
MISSED = frozenset({"missed_with_reason", "missed_no_contact"})
CALLED_OFF = frozenset({"cancelled_by_service", "cancelled_by_person"})
STEPS: Mapping[str, frozenset[str]] = {
    "proposed": frozenset({"scheduled", "confirmed"} | CALLED_OFF),
    "scheduled": frozenset({"confirmed", "attended"} | CALLED_OFF | MISSED),
    "confirmed": frozenset({"scheduled", "attended"} | CALLED_OFF | MISSED),
    # a reason may come later, and a mistake may be put right
    "missed_no_contact": frozenset({"missed_with_reason", "attended"} | CALLED_OFF),
    "missed_with_reason": frozenset({"missed_no_contact", "attended"} | CALLED_OFF),
    "attended": MISSED | CALLED_OFF,
    # what was called off cannot have been missed
    "cancelled_by_service": frozenset({"scheduled", "attended", "cancelled_by_person"}),
    "cancelled_by_person": frozenset({"scheduled", "attended", "cancelled_by_service"}),
    "rescheduled": frozenset({"cancelled_by_service"}),  # it was the service that moved it
}
# What a move makes of a coming date, by who asked for it; what did not happen stays as it is.
MOVED: Mapping[str, str] = {
    "service": "cancelled_by_service",
    "person": "rescheduled",
    "circle": "rescheduled",
}
GETS_ANOTHER_TIME = COMING | MISSED | CALLED_OFF
PROPOSED, NOT_AGREED = "date-proposed", "date-not-agreed"
# What somebody is asked to do because of a date.
BEFORE_A_DATE = ("appointment-in-doubt", "travel-unclear", PROPOSED)
ASKED_OF_A_DATE = (*BEFORE_A_DATE, NOT_AGREED, "cant", "new-time")
FRIENDLY_AFTER = timedelta(hours=2)
FRIENDLY_UNTIL, FRIENDLY_ENDS = time(19), time(20)
CALL_AT = time(10)
A_WEEK, MOST_ON_A_DAY, APART = timedelta(days=7), 2, timedelta(minutes=60)


def may_become(before: str, after: str) -> bool:
    return after in STEPS.get(before, frozenset())


@dataclass(frozen=True)
class Standing:
    """Whether a date's plan is `over`, it was `moved`, its hour has `passed`, and the yes that it
    waits for is that of whoever asks (`may_agree`).
    """

    over: bool
    moved: bool
    passed: bool
    may_agree: bool


def why_not(date_: Mapping[str, Any], after: str, stands: Standing) -> str | None:
    """Why a date cannot become this now; None where it can."""
    before = date_["state"]
    if not may_become(before, after):
        return f"An appointment that is {before} cannot become that."
    if before == "attended" and stands.over:
        return "The plan is over: what was done in it stays."
    if before in CALLED_OFF and after == "scheduled":
        return _why_not_again(date_, stands)
    if before == "proposed" and after in PLANNED:
        if stands.passed:
            return "Its hour has passed: propose another time."
        return None if stands.may_agree else "It waits for the other side's yes."
    return None


def comes(state: str, stands: Standing) -> bool:
    """Whether a date is still to come, or to be told of; a proposal falls away by its hour."""
    return state in COMING and not (state == "proposed" and stands.passed)


def _why_not_again(date_: Mapping[str, Any], stands: Standing) -> str | None:
    """What was called off by mistake holds again, as long as it can."""
    if stands.over:
        return "The plan is over."
    if date_["waits_for"] is not None:
        return "Nobody had agreed to it: propose it again."
    if stands.passed:
        return "Its hour has passed."
    return "It has got another time: change that one." if stands.moved else None


def whose_yes(proposer: str, role: str) -> str:
    """Which role answers a proposal for a date with `role`: the other side.

    A social worker's own date waits for the person, whose yes the worker writes down.
    """
    return "SW" if proposer == role else role


def who_proposed(role: str, waits_for: str) -> str:
    """Which role proposed a date with `role`, or the social worker for it."""
    return role if waits_for == "SW" else "SW"


def chain(dates: Iterable[Mapping[str, Any]], one: UUID) -> list[Mapping[str, Any]]:
    """What a date was before and became, from the first on; itself among them."""
    by_id = {each["id"]: each for each in dates}
    after = {each["moved_from"]: each for each in by_id.values() if each["moved_from"]}
    first = by_id[one]
    while first["moved_from"] in by_id:
        first = by_id[first["moved_from"]]
    found = [first]
    while found[-1]["id"] in after:
        found.append(after[found[-1]["id"]])
    return found


@dataclass(frozen=True)
class Offices:
    """When those of a place are open: its days, the hours, and seasons with hours of their own."""

    days: OpenDays
    opens: time
    closes: time
    seasons: Sequence[Season] = ()


def unusual(on: date, at: time, offices: Offices) -> frozenset[str]:
    """What is unusual about a day and an hour where the date is held. Words, never a refusal."""
    hours = season_on(on, offices.seasons) or offices
    said = {
        "closed_day": on not in offices.days,
        "outside_hours": not hours.opens <= at < hours.closes,
        "reduced_hours": hours.opens > offices.opens or hours.closes < offices.closes,
    }
    return frozenset(name for name, holds in said.items() if holds)


def instant(on: date, at: time, zone: str) -> datetime:
    """The instant of a civil date and time in a zone."""
    return datetime.combine(on, at, ZoneInfo(zone))


def has_passed(on: date, at: time, zone: str, now: datetime, *, proposed: bool) -> bool:
    """Whether a new date can no longer be planned in this zone: its day is over.

    What was agreed for this morning may be written down at noon; a proposal needs its hour, before
    which somebody says yes.
    """
    if proposed:
        return instant(on, at, zone) <= now
    return on < now.astimezone(ZoneInfo(zone)).date()


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
