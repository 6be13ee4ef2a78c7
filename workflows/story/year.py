"""What the steps of the main plan hand on to one another."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from backend.calendars.rules import OpenDays
from backend.plans.rules import due_on
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
    second: Any = None
    third: Any = None
    fourth: Any = None
    fifth: Any = None
    sibling_actor: str = ""
    file: str = ""
    summary: Any = None
    contacts: int = 0  # how many were on record when the mentor fell silent
    family: list[str] = field(default_factory=list)
    stepped: Any = None  # when the plan stepped down

    @property
    def first_date(self) -> date:
        """The release date until it is confirmed."""
        return self.calendar.release - LATER

    def due(self, code: str, day: int, release: date) -> int:
        """The day of the story on which a row of the template falls due."""
        return self.number(due_on(code, day, release, OpenDays(self.calendar.working_days)))

    @property
    def meeting(self) -> int:
        """When mentor and person first meet."""
        return self.due("MEN-03", -90, self.first_date)

    def iso(self, n: int) -> str:
        return self.calendar.day(n).isoformat()

    def number(self, day: str | date) -> int:
        """Which day of the story a date is."""
        found = date.fromisoformat(day) if isinstance(day, str) else day
        return (found - self.calendar.release).days
