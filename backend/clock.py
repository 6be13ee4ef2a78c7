"""The only place that reads the time.

Due times are computed from this clock and handed to SQL as parameters; leases
use the database's own clock. The story and the tests move it in memory, by
`travel`; nothing outside the process can.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_source: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731 - a variable of this type


def now() -> datetime:
    """The present instant, in UTC."""
    return _source()


def today(zone: str) -> date:
    """The civil date in an IANA zone."""
    return now().astimezone(ZoneInfo(zone)).date()


def travel(source: Callable[[], datetime] | None) -> None:
    """Read the time from `source` from now on; None goes back to the machine's clock."""
    global _source  # noqa: PLW0603 - one clock for a process is the point
    _source = source or (lambda: datetime.now(UTC))
