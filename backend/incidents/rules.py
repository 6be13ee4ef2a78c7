"""Decisions about incidents that need no database."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from backend.agencies.countries import Profile
from backend.calendars.rules import OpenDays

KINDS = (
    "lost_device",
    "lost_paper",
    "lost_backup",
    "wrong_recipient",
    "account_taken",
    "looked_without_need",
    "data_altered",
    "data_lost",
    "supplier",
    "other",
)
ADDRESSEES = ("authority", "people")
HOW = ("sent", "not_owed")
WHEN_AT_ONCE = timedelta(hours=4)  # then the others are asked too
MOST_TOUCHED = 500


def due_of(incident: Mapping[str, Any], profile: Profile) -> datetime | None:
    """Until when the next notice is to be out; None where none is left.

    The people are told by the same clock as the authority: no later is safe everywhere.
    """
    if incident["closed_at"] or (incident["authority_how"] and incident["people_how"]):
        return None
    days = OpenDays(incident["working_days"])  # what the agency closes is no holiday by law
    return profile.due(incident["noticed_at"], zone=incident["zone"], days=days)


def is_overdue(due: datetime | None, now: datetime) -> bool:
    return due is not None and due < now


def steps(noticed: datetime, due: datetime) -> Sequence[tuple[str, datetime]]:
    """What a task is opened for as the clock runs out; at `late` everybody who could do it."""
    whole = due - noticed
    if not whole:
        return (("now", noticed), ("late", noticed + WHEN_AT_ONCE))
    return (("now", noticed), ("half", due - whole / 2), ("last", due - whole / 8), ("late", due))


def step_at(now: datetime, noticed: datetime, due: datetime) -> str | None:
    """The step that has been reached; a round that was missed is not made up for."""
    reached = [step for step, at in steps(noticed, due) if at <= now]
    return reached[-1] if reached else None
