"""By when somebody hears whether what they called wrong is put right. No I/O."""

from collections.abc import Collection
from datetime import date, timedelta

WORKING_DAYS = 10
ANSWERS = frozenset({"accepted", "refused"})
A_DAY = timedelta(days=1)


def due_on(asked: date, working: Collection[int]) -> date:
    """The tenth working day after the day on which it was asked; 1 is Monday.

    Where an agency has no working week, every day counts.
    """
    found, left = asked, WORKING_DAYS
    while left:
        found += A_DAY
        if not working or found.isoweekday() in working:
            left -= 1
    return found
