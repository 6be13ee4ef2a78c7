"""What a new release makes of the rows of a plan: what stays, what is asked again, what sleeps.

What was prepared stays done: papers, courses, talks. What belongs to a release itself, from a week
before it on, has not happened for the new one; and what must be there on the day or keeps somebody
safe may not be there any more. A no stays a no. What hangs on a yes, of the person or of somebody
else, sleeps until it is asked again: an old yes was not given for this. And what slept because the
last release left no time for it is looked at as in a late start.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.calendars.rules import OpenDays
from backend.messages.rules import FAMILY_CALL, MILESTONE_ASKS
from backend.plans import rules
from backend.plans.late_start import still_worth
from backend.templates.rules import CRITICAL

WEEK_BEFORE = -7
ASKED_OF_OTHERS = frozenset(ask.on for ask in (*MILESTONE_ASKS, FAMILY_CALL))
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Anew:
    """A row as it is from now on; asleep it has no day."""

    row: Row
    state: str
    due: date | None


@dataclass(frozen=True)
class _Counted:
    """A row of a plan, for `still_worth`."""

    code: str
    day: int
    win_after: int
    repeat_until: int | None
    late_start: int
    depends: Sequence[str]


def rows_anew(
    rows: Iterable[Row], release: date, today: date, days: OpenDays, *, supervision: bool
) -> list[Anew]:
    """The rows that change with a new release; all others are left as they are."""
    of_release = (row for row in rows if row["anchor"] == "release")
    wanted = [row for row in of_release if _is_wanted(row, supervision=supervision)]
    worth = still_worth([counted(row) for row in wanted], release, today)
    anew = (_anew(row, release, today, days, worth) for row in wanted)
    return [one for one in anew if one.state != "dormant" or one.row["state"] != "dormant"]


def _is_wanted(row: Row, *, supervision: bool) -> bool:
    if row["state"] in rules.OPEN:
        return not row["pinned"] or sleeps(row) or belongs(row)
    if row["kind"] == "O" and not supervision:
        return False  # nobody orders it
    return is_asked_again(row) or is_woken(row, supervision=supervision)


def is_woken(row: Row, *, supervision: bool) -> bool:
    """A core or ordered row that sleeps: it could not be on time, or could wait, and was no no."""
    needed = row["kind"] == "C" or (row["kind"] == "O" and supervision)
    return bool(row["state"] == "dormant" and needed and not sleeps(row))


def is_asked_again(row: Row) -> bool:
    """Whether a row that is closed is to be looked at again. Of what was not done: core ones."""
    if row["anchor"] != "release" or not belongs(row):
        return False
    if row["state"] == "done":
        return not row["code"].startswith(rules.NEVER_ROLLED_PREFIX)
    left = row["state"] in rules.CLOSED - {"declined"}
    return bool(left and row["kind"] not in rules.OPTIONAL_KINDS)


def belongs(row: Row) -> bool:
    """What is about one release: a day that a hand set for it is none for the next."""
    return bool(row["late_start"] <= CRITICAL or row["day"] >= WEEK_BEFORE)


def hangs_on_a_yes(row: Row) -> bool:
    """An offer, or something about which somebody of the circle is asked by chat."""
    return bool(row["kind"] == "V" or (row["kind"] == "N" and row["message"] in ASKED_OF_OTHERS))


def sleeps(row: Row) -> bool:
    """What waits for a yes, and the rows of a release at once: one puts them there again."""
    return hangs_on_a_yes(row) or bool(row["code"].startswith(rules.NEVER_ROLLED_PREFIX))


def _anew(row: Row, release: date, today: date, days: OpenDays, worth: Collection[str]) -> Anew:
    late = row["state"] != "in_progress" and row["code"] not in worth
    if late or sleeps(row):
        return Anew(row, "dormant", None)
    due = rules.due_on(row["code"], row["day"], release, days, not_before=today)
    return Anew(row, row["state"] if row["state"] in rules.OPEN else "planned", due)


def counted(row: Row) -> _Counted:
    """A row of a plan, as `late_start` takes it."""
    return _Counted(
        *(row["code"], row["day"], row["win_after"], row["repeat_until"]),
        *(row["late_start"], row["depends"]),
    )
