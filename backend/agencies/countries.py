"""What a country's law changes, as data; and the clocks that an agency's duties run by."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from backend.calendars.rules import OpenDays
from backend.errors import Unfit

STRICTEST = "strictest"


@dataclass(frozen=True)
class Term:
    """For how many days after a plan's closing, and between what an agency may choose."""

    days: int
    floor: int
    ceiling: int

    def chosen(self, own: int | None) -> int:
        """The agency's own, within what its country allows; its country may have changed since."""
        return self.days if own is None else min(max(own, self.floor), self.ceiling)


@dataclass(frozen=True)
class Profile:
    """`hours` or `working_days` after noticing the authority is told; 0 hours is at once."""

    code: str
    name: str
    authority: str
    hours: int
    working_days: int
    must_stay: bool
    majority: int
    language: str
    keep: Mapping[str, Term]
    minors: Mapping[str, int]
    ask_counsel: Collection[str]

    def due(self, noticed: datetime, *, zone: str, days: OpenDays) -> datetime:
        """Until when the authority is told; without holidays in `days` it is rather too soon."""
        if not self.working_days:
            return noticed + timedelta(hours=self.hours)
        local = noticed.astimezone(ZoneInfo(zone))
        day = days.after(local.date(), self.working_days)
        return datetime.combine(day, local.time(), ZoneInfo(zone)).astimezone(UTC)

    @property
    def clock(self) -> str:
        """In words."""
        if self.working_days:
            return f"{self.working_days} working day{'s' * (self.working_days > 1)}"
        return f"{self.hours} hours" if self.hours else "at once"


@cache
def profiles() -> Mapping[str, Profile]:
    """By the code of the country, and the strictest."""
    path = Path(__file__).with_name("countries.toml")
    read: dict[str, dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))
    strictest = read[STRICTEST]
    return {code: _profile(code, values, strictest) for code, values in read.items()}


def _profile(code: str, values: dict[str, Any], strictest: dict[str, Any]) -> Profile:
    clock = {"hours": 0, "working_days": 0, **values["notice"]}
    named = {**strictest["keep"], **values.get("keep", {})}
    own = {
        **{name: value for name, value in values.items() if name != "notice"},
        "keep": {whom: Term(**days) for whom, days in named.items()},
        "minors": values.get("minors", strictest["minors"]),
    }
    return Profile(code=code, **clock, **own)


def profile_of(country: str | None) -> Profile:
    """The strictest where an agency names no country."""
    return profiles()[country or STRICTEST]


def check_country(code: str) -> str:
    """Raises Unfit for a country that has no profile."""
    known = profiles().keys() - {STRICTEST}
    if code not in known:
        raise Unfit(f"There is no profile of this country; there are {', '.join(sorted(known))}.")
    return code
