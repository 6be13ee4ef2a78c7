"""The days of the story, counted from the day of release, and which of them are working days."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FRIDAY = 5


@dataclass(frozen=True)
class Calendar:
    """Civil days in one zone. `release` is day 0; people of the agency work on open days."""

    release: date
    zone: str
    working_days: Collection[int] = (1, 2, 3, 4, 5)

    def day(self, n: int) -> date:
        return self.release + timedelta(days=n)

    def at(self, n: int, hour: int, minute: int = 0) -> datetime:
        """An instant, by the clock on the wall there."""
        return self.instant(self.day(n), time(hour, minute))

    def instant(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, ZoneInfo(self.zone)).astimezone(ZoneInfo("UTC"))

    def is_open(self, n: int) -> bool:
        return self.day(n).isoweekday() in self.working_days

    def open(self, n: int) -> int:
        """The day itself, or the open day before it until release, after it from then on."""
        step = -1 if n < 0 else 1
        while not self.is_open(n):
            n += step
        return n

    def open_before(self, n: int) -> int:
        while not self.is_open(n):
            n -= 1
        return n

    def friday(self, n: int) -> int:
        """The last Friday up to a day."""
        return n - (self.day(n).isoweekday() - FRIDAY) % 7

    def number(self, moment: datetime) -> int:
        """Which day of the story an instant falls on."""
        return (moment.astimezone(ZoneInfo(self.zone)).date() - self.release).days

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.zone))
