"""Decisions about complaints that need no database."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from backend.calendars.rules import open_days

BY = ("PE", "FA", "ME")
SOON = timedelta(days=3)
ALIKE = 0.75  # of two words, as difflib counts: one letter of four that is wrong


def meant_by(typed: str, colleagues: Sequence[Mapping[str, Any]]) -> UUID | None:
    """Whose login or alias was typed, or else whose is nearest to it; None where none is near.

    A slip must not hand a complaint to the very one whom it names.
    """
    names: dict[str, UUID] = {}
    for name in ("alias", "login"):
        names |= {row[name].casefold(): row["id"] for row in colleagues}
    nearest = get_close_matches(typed.strip().casefold(), names, n=1, cutoff=ALIKE)
    return names[nearest[0]] if nearest else None


def due_of(complaint: Mapping[str, Any]) -> datetime | None:
    """The end of the last working day for its answer; None where it has one."""
    if complaint["answered_at"]:
        return None
    day = open_days(complaint).after(complaint["received_on"], complaint["complaint_days"])
    due = datetime.combine(day, complaint["closes"], ZoneInfo(complaint["zone"]))
    return due.astimezone(UTC)


def is_overdue(due: datetime | None, now: datetime) -> bool:
    return due is not None and due < now


def step_at(now: datetime, due: datetime) -> str:
    """What a task is opened for by now; at `late` all who could answer it are asked."""
    if now >= due:
        return "late"
    return "soon" if now >= due - SOON else "new"
