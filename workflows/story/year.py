"""What the steps of the main plan hand on to one another."""

from dataclasses import dataclass
from datetime import date, timedelta

from workflows.story.calendar import Calendar
from workflows.story.cast import Handset
from workflows.story.plans import Plan

LATER = timedelta(days=12)  # by how much the date moved in the end


@dataclass
class Year:
    """The main plan, its people and their phones, as they come on."""

    calendar: Calendar
    plan: Plan = None  # type: ignore[assignment]  # until W-01
    sibling: Handset = None  # type: ignore[assignment]  # until W-05
    mentor: Handset = None  # type: ignore[assignment]  # until W-11
    person: Handset = None  # type: ignore[assignment]  # until W-32
    sibling_actor: str = ""

    @property
    def first_date(self) -> date:
        """The release date until it is confirmed."""
        return self.calendar.release - LATER

    def number(self, day: str | date) -> int:
        """Which day of the story a date is."""
        found = date.fromisoformat(day) if isinstance(day, str) else day
        return (found - self.calendar.release).days
