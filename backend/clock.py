"""The only place that reads the time.

Due times are computed from this clock and handed to SQL as parameters; leases
use the database's own clock. The story and the tests move it in memory, by
`travel`; nothing outside the process can.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from backend.errors import Unfit

_source: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731 - a variable of this type


def now() -> datetime:
    """The present instant, in UTC."""
    return _source()


def today(zone: str) -> date:
    """The civil date in an IANA zone."""
    return now().astimezone(ZoneInfo(zone)).date()


def check_zone(zone: str) -> str:
    """Raises Unfit for a name that is no IANA time zone, such as what a machine calls its own."""
    if zone not in _zones():
        raise Unfit("zone is an IANA time zone, such as Africa/Tunis.")
    return zone


@cache
def _zones() -> frozenset[str]:
    """`posix/` and `right/` are how some machines file them, and other machines do not."""
    places = (name for name in available_timezones() if "/" in name)
    return frozenset(name for name in places if not name.startswith(("posix/", "right/"))) | {"UTC"}


def travel(source: Callable[[], datetime] | None) -> None:
    """Read the time from `source` from now on; None goes back to the machine's clock."""
    global _source  # noqa: PLW0603 - one clock for a process is the point
    _source = source or (lambda: datetime.now(UTC))
