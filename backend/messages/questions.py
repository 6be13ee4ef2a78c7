"""On which days a plan's questions are put, before and after a move of its release date."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from backend.messages.rules import GATE_ASKS, MILESTONE_ASKS

# The release date that a plan `p` had at an instant. A question that was made then is about that
# date, and so is its answer, whenever it comes.
RELEASE_AT = """coalesce((SELECT v.date_before FROM release_move v WHERE v.plan = p.id
       AND v.at > {at} ORDER BY v.at LIMIT 1), p.release_date)"""


@dataclass(frozen=True)
class Question:
    """`key` is the text; `role` whose question it is, or "" for whoever has gate duty.

    Civil days of the plan's zone; None where it was, or will be, put on no day.
    """

    key: str
    role: str
    before: date | None
    after: date | None


def questions_of_rows(moved: Iterable[Mapping[str, Any]]) -> Iterator[Question]:
    """What is asked about rows that moved, with their days before and after."""
    for row in moved:
        for ask in MILESTONE_ASKS:
            if ask.on == row["message"]:
                days = timedelta(days=ask.days)
                before = row["due_before"] and row["due_before"] + days
                after = row["due_after"] and row["due_after"] + days
                yield Question(ask.key, ask.role, before, after)


def questions_of_the_gate(
    plan: Mapping[str, Any], release: date, certainty: str
) -> Iterator[Question]:
    """What is asked before the day itself: of a date that is confirmed, and of no other."""
    for ask in GATE_ASKS:
        days = timedelta(days=ask.days)
        before = plan["release_date"] + days if plan["certainty"] == "confirmed" else None
        after = release + days if certainty == "confirmed" else None
        if before != after:
            yield Question(ask.key, ask.role, before, after)
