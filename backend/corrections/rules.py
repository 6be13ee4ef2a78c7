"""By when somebody hears whether what they called wrong is put right. No I/O."""

from datetime import date

from backend.calendars.rules import OpenDays

WORKING_DAYS = 10
ANSWERS = frozenset({"accepted", "refused"})


def due_on(asked: date, days: OpenDays) -> date:
    """The tenth working day after the day on which it was asked."""
    return days.after(asked, WORKING_DAYS)
