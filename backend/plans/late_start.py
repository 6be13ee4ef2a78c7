"""What is still worth doing in a plan that begins late: the rights first, and nothing that must be.

`late_start` of a row is its priority: 0 rights, safety, legal position; 1 what must be there on the
day; 2 what the first weeks hang on; 3 all else.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Protocol

from backend.plans.rules import NEVER_ROLLED_PREFIX
from backend.templates.rules import CRITICAL

FIRST_NIGHT = "HOU-05"


class Counted(Protocol):
    """What of a row says whether it is still worth beginning."""

    @property
    def code(self) -> str: ...
    @property
    def day(self) -> int: ...
    @property
    def win_after(self) -> int: ...
    @property
    def repeat_until(self) -> int | None: ...
    @property
    def late_start(self) -> int: ...
    @property
    def depends(self) -> Collection[str]: ...


def still_worth(rows: Iterable[Counted], release: date, today: date) -> frozenset[str]:
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
    return _with_what_they_need(kept, by_code)


def critical(rows: Iterable[Counted]) -> frozenset[str]:
    """Codes of the rows that a plan shrinks to where somebody is let go at once.

    What may not be lost at any start, a bed for the first night, and what these depend on.
    """
    by_code = {row.code: row for row in rows}
    kept = {
        row.code
        for row in by_code.values()
        if row.late_start <= CRITICAL
        or row.code == FIRST_NIGHT
        or row.code.startswith(NEVER_ROLLED_PREFIX)
    }
    return _with_what_they_need(kept, by_code)


def _with_what_they_need(kept: set[str], by_code: Mapping[str, Counted]) -> frozenset[str]:
    new: Collection[str] = kept
    while new:
        before = {code for one in new for code in by_code[one].depends if code in by_code}
        new = before - kept
        kept |= new
    return frozenset(kept)


def _last_day(row: Counted, release: date) -> date:
    """The last civil day on which it would not be late."""
    last = row.day if row.repeat_until is None else max(row.day, row.repeat_until)
    return release + timedelta(days=last + row.win_after)
