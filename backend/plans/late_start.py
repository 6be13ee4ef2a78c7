"""What is still worth doing in a plan that begins late: the rights first, and nothing that must be.

`late_start` of a row is its priority: 0 rights, safety, legal position; 1 what must be there on the
day; 2 what the first weeks hang on; 3 all else.
"""

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from backend.plans.template import CRITICAL, TemplateRow


def still_worth(rows: Iterable[TemplateRow], release: date, today: date) -> frozenset[str]:
    """Codes of the rows that a plan which begins today begins with.

    Nothing of priority 0 to 2 is lost, whatever the time left. Of the rest, what can still be on
    time; a row that repeats can be until its last cycle. And what any of these depends on.
    """
    by_code = {row.code: row for row in rows}
    kept = {
        row.code
        for row in by_code.values()
        if row.late_start <= CRITICAL or _last_day(row, release) >= today
    }
    new: Collection[str] = kept
    while new:
        before = {code for one in new for code in by_code[one].depends if code in by_code}
        new = before - kept
        kept |= new
    return frozenset(kept)


def _last_day(row: TemplateRow, release: date) -> date:
    """The last civil day on which it would not be late."""
    last = row.day if row.repeat_until is None else max(row.day, row.repeat_until)
    return release + timedelta(days=last + row.win_after)
