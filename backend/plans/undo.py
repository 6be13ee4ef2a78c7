"""What can be taken back, until when, and what a row is then. No I/O.

An act is taken back by whoever did it, as a whole, while nothing else has happened to its rows.
What its actor is not told of hinders nothing: a refusal would tell them.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from backend.plans import rules

UNDO = timedelta(minutes=10)
UNDONE = "undone"  # the kind of an event that was taken back
TAKEN_BACK = "taken_back"  # why a message or a task that came with it is no more

LATE = "Ten minutes have passed: it can be changed, and not taken back."
OF_ANOTHER = "Whoever did this can take it back, and nobody else."
SINCE = "Something else has happened to it since."
NOTHING = "There is nothing to take back here."
NOT_ALONE = "This came with another step or with a visit: take that back."
STILL = "The plan is not running."
ISSUED = "A court has been given a summary since: open the step again instead."

Row = Mapping[str, Any]


def is_late(at: datetime, now: datetime) -> bool:
    return now - at >= UNDO


def back_to(role: str, row: Row, was: Row) -> dict[str, Any] | None:
    """The columns of a row as they were before an act; None where they were changed since.

    `was` as the event of the act holds it. To who is no worker of the plan only what they are
    shown of a row counts as changed; what else was written since stays as it is.
    """
    before, after = was["before"], was["after"]
    stands = {name for name, value in after.items() if plain(row[name]) == value}
    if not stands.issuperset(after if role in rules.WORKERS else rules.SHOWN):
        return None
    return {name: before[name] if name in stands else plain(row[name]) for name in after}


def as_before(row: Row, was: Row) -> dict[str, Any]:
    """The row with what it was: whether somebody may know of it is judged by that too."""
    return {**row, **{name: was["before"][name] for name in ("state", "cause", "show_court")}}


def plain(value: object) -> object:
    """As it stands in JSON."""
    return value.isoformat() if isinstance(value, date) else value
