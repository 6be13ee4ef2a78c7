"""What a review may hold of each area of life, and which row it settles. No I/O.

The words of status are in no order: nothing here, and nothing else, counts or compares them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from backend.errors import Unfit
from backend.plans.rules import OPEN

# The last one is there where the person wants it.
AREAS = (
    *("home", "papers", "money", "health", "learning", "work"),
    *("family", "people", "balance", "safety", "substances"),
)
STATUSES = (
    *("going_well", "some_support_wanted", "support_wanted_now"),
    *("not_discussed", "prefer_not_to_say"),
)
SINCE = ("better", "same", "harder", "n/a")
PERSON, DOCUMENT, SOMEBODY = "told_by_person", "seen_document", "told_by"
SOURCES = (PERSON, DOCUMENT, SOMEBODY)
MAY_HAVE_TOLD = ("CO", "PO", "PS", "TR", "CP", "ME", "FA")
MOST_STRENGTHS = 5
MOST_STEPS = 3  # of a short review
HEALTH, PEOPLE, BALANCE = "health", "people", "balance"
# Rows of a plan that ask for a review: at the beginning, at T-84, T+30 and T+90; and in a week.
ASKED_BY = ("PLN-03", "PLN-06", "PLN-10", "PLN-11", "UNP-03")
CHANGES = ("housing_lost", "job_lost", "job_found", "child_born", "violence", "asked")
# What is written with a capital within a sentence and names nobody.
_CAPITALS = frozenset(
    {"I", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
    | {"January", "February", "March", "April", "May", "June", "July", "August"}
    | {"September", "October", "November", "December"}
)
_NUMBER_OR_SIGN = re.compile(r"\d{4,}|@\w")
_INSIDE = re.compile(r"(?<![.!?:;])\s(\w+)")


@dataclass(frozen=True)
class Column:
    """What one of the two says of an area; `treatment` is whether one goes on, and no more.

    `source` and `told_by` (a role) are the worker's; `released`: the person let that role tell it.
    """

    status: str = "not_discussed"
    strengths: Sequence[str] = ()
    what_helps: str | None = None
    wish: str | None = None
    since_last_time: str | None = None
    treatment: bool | None = None
    source: str | None = None
    told_by: str | None = None
    released: bool = False

    @property
    def words(self) -> list[str]:
        return [one for one in (*self.strengths, self.what_helps, self.wish) if one]


def check_named(areas: Sequence[str]) -> None:
    """The areas that were spoken of in a short review. Raises Unfit."""
    if not set(areas) <= set(AREAS):
        raise Unfit(f"area is one of {', '.join(AREAS)}.", field="areas")
    if len(set(areas)) < len(areas):
        raise Unfit("Each area stands there once.", field="areas")


def check_own(area: str, column: Column) -> None:
    """The person's column. Raises Unfit."""
    _check(area, column)
    if column.source or column.told_by or column.released:
        raise Unfit("A source belongs to the worker's column.", field="source")


def check_view(area: str, column: Column) -> None:
    """The worker's column. Raises Unfit."""
    _check(area, column)
    if column.wish is not None:
        raise Unfit("A wish is the person's.", field="wish")
    if area == BALANCE and (column.words or column.since_last_time or column.source):
        raise Unfit("Here your own column holds the word alone.", field="view")
    if column.source is not None and column.source not in SOURCES:
        raise Unfit(f"source is one of {', '.join(SOURCES)}.", field="source")
    if (column.source == SOMEBODY) != (column.told_by is not None):
        raise Unfit("Say who told it, where somebody did.", field="told_by")
    if column.told_by is not None and column.told_by not in MAY_HAVE_TOLD:
        raise Unfit(f"told_by is one of {', '.join(MAY_HAVE_TOLD)}.", field="told_by")
    if column.told_by is not None and not column.released:
        raise Unfit("What somebody told is written down if the person lets them.", field="released")


def _check(area: str, column: Column) -> None:
    if column.status not in STATUSES:
        raise Unfit(f"status is one of {', '.join(STATUSES)}.", field="status")
    if column.since_last_time is not None and column.since_last_time not in SINCE:
        raise Unfit(f"since_last_time is one of {', '.join(SINCE)}.", field="since_last_time")
    if len(column.strengths) > MOST_STRENGTHS:
        raise Unfit(f"At most {MOST_STRENGTHS} strengths.", field="strengths")
    if area == HEALTH and column.words:
        raise Unfit("Here is no place for words: whether a treatment goes on, and no more.")
    if area != HEALTH and column.treatment is not None:
        raise Unfit("A treatment belongs to health.", field="treatment")
    if area == PEOPLE and any(map(names_somebody, column.words)):
        raise Unfit("Say it without names, numbers or groups: a friend, a neighbour.")


def names_somebody(text: str) -> bool:
    """Whether a text looks as if it named somebody: a capital within a sentence, a number, a sign.

    A net and not a wall: scripts without capitals pass, and a human reads what is written.
    """
    inside = _INSIDE.findall(text.strip())
    named = any(word[0].isupper() and word not in _CAPITALS for word in inside)
    return named or bool(_NUMBER_OR_SIGN.search(text))


def settled_by(held_on: date, rows: Iterable[Mapping[str, Any]], *, left: bool) -> Any:
    """Which open row asked for a review held on that day: the nearest whose time has come."""
    asking = [
        row
        for row in rows
        if row["code"] in ASKED_BY
        and row["state"] in OPEN
        and row["due_on"] is not None
        and (row["day"] <= 0 or left)
        and held_on >= row["due_on"] - timedelta(days=row["win_before"])
    ]
    return min(asking, key=lambda row: abs(row["due_on"] - held_on), default=None)
