"""The states of an appointment. What the service cancels never counts as missed."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
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
