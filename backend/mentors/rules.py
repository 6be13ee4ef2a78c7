"""Whom a mentor may be given. No I/O. The database asks the same (`keep_mentor_room`)."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

MOST = 3  # people at a time
HOLDS = timedelta(days=730)  # for so long a vetting that was passed
ASK_BEFORE = timedelta(days=30)
PASSED = "passed"
RESULTS = frozenset({PASSED, "not_passed"})


def valid_until(result: str, on: date) -> date | None:
    """The last day on which a vetting holds; none for one that was not passed."""
    return on + HOLDS if result == PASSED else None


def is_free(mentor: Mapping[str, Any], people: int, today: date) -> bool:
    """Whether they may be given somebody: their vetting holds, and they have room."""
    vetted = mentor["valid_until"] is not None and today <= mentor["valid_until"]
    return vetted and people < MOST
