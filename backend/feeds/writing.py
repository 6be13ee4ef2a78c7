"""Dates as iCalendar (RFC 5545): that somebody has one, with an alias, and when. No I/O."""

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from backend.appointments.rules import CALLED_OFF

NAME = "Dates"  # in an app it stands between the holder's other calendars
UNNAMED = "Date"  # for a role that is given no alias
TYPE = "text/calendar"
OFF = CALLED_OFF | {"rescheduled"}
EVERY = timedelta(hours=1)  # how often an app is asked to look
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Entry:
    """One date of a calendar, which starts in the zone of its plan; `sequence` grows with it."""

    uid: UUID
    sequence: int
    starts: datetime
    status: str
    summary: str


def status_of(state: str) -> str:
    """What was kept, was missed and is to come look alike to whoever finds the calendar."""
    if state == "proposed":
        return "TENTATIVE"
    return "CANCELLED" if state in OFF else "CONFIRMED"


def tag(entries: Sequence[Entry]) -> str:
    """The ETag of what a calendar says, whenever it was written."""
    said = [(*map(str, astuple(one)), str(one.starts.tzinfo)) for one in entries]
    return f'W/"{hashlib.sha256(repr(said).encode()).hexdigest()[:32]}"'


def write(entries: Sequence[Entry], now: datetime) -> bytes:
    """A calendar with the time zones of its own days alone."""
    from icalendar import Calendar, Event, Timezone  # noqa: PLC0415 - slow, and needed by one route

    calendar = Calendar()
    calendar.add("prodid", f"-//{NAME}//EN")
    calendar.add("version", "2.0")
    for name in ("name", "x-wr-calname"):
        calendar.add(name, NAME)
    calendar.add("refresh-interval", EVERY, parameters={"VALUE": "DURATION"})
    for zone in sorted({str(one.starts.tzinfo) for one in entries}):
        days = [one.starts.date() for one in entries if str(one.starts.tzinfo) == zone]
        made = Timezone.from_tzid(
            zone, first_date=min(days) - A_DAY, last_date=max(days) + 2 * A_DAY
        )
        made.pop("comment", None)
        calendar.add_component(made)
    for one in entries:
        event = Event()
        event.add("uid", str(one.uid))
        event.add("sequence", one.sequence)
        event.add("dtstamp", now)
        event.add("dtstart", one.starts)
        event.add("summary", one.summary)
        event.add("status", one.status)
        event.add("class", "PRIVATE")
        calendar.add_component(event)
    return bytes(calendar.to_ical())
