"""Decisions about walls and broken glass that need no database."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

KINDS = frozenset({"excluded", "admitted"})
LASTS = timedelta(hours=4)
WAITS = timedelta(hours=24)
A_DAY = 3  # wishes of one person within WAITS


def is_open(wish: Mapping[str, Any], now: datetime) -> bool:
    """Whether a second person may still let it."""
    unanswered = wish["let_at"] is None and wish["ended_at"] is None
    return unanswered and now - wish["asked_at"] < WAITS
