"""Decisions about complaints that need no database."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from backend.agencies.countries import working_day_after

BY = ("PE", "FA", "ME")
SOON = timedelta(days=3)


def due_of(complaint: Mapping[str, Any]) -> datetime | None:
    """The end of the last working day for its answer; None where it has one."""
    if complaint["answered_at"]:
        return None
    days, working = complaint["complaint_days"], complaint["working_days"]
    day = working_day_after(complaint["received_on"], days, working)
    due = datetime.combine(day, complaint["closes"], ZoneInfo(complaint["zone"]))
    return due.astimezone(UTC)


def is_overdue(due: datetime | None, now: datetime) -> bool:
    return due is not None and due < now


def step_at(now: datetime, due: datetime) -> str:
    """What a task is opened for by now; at `late` all who could answer it are asked."""
    if now >= due:
        return "late"
    return "soon" if now >= due - SOON else "new"
