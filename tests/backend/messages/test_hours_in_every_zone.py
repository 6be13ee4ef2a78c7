"""When somebody may be written to, by the clock on their wall: in every zone, on every night."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backend.calendars.rules import OpenDays
from backend.messages.rules import next_allowed, next_open

DAY = date(2026, 5, 20)
A_QUARTER = timedelta(minutes=15)
YEARS = range(2025, 2029)
ZONES = sorted(name for name in available_timezones() if "/" in name)
QUARTERS = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))

# No clock is changed between these; hours that end in a night may come twice, and once is enough.
HOURS = st.tuples(st.integers(20, 48), st.integers(49, 95)).map(
    lambda both: [time(n // 4, n % 4 * 15) for n in both]
)


@cache
def _nights(zone: str) -> list[datetime]:
    """The days on which the clocks of a zone are changed, and one on which they are not."""
    there = ZoneInfo(zone)
    days = [
        datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=n) for year in YEARS for n in range(365)
    ]
    offsets = [day.astimezone(there).utcoffset() for day in days]
    changed = [
        day for day, one, next_ in zip(days, offsets, offsets[1:], strict=False) if one != next_
    ]
    return [datetime(2026, 5, 20, tzinfo=UTC), *changed]


@st.composite
def _moments(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone, and an instant about a night on which its clocks are changed."""
    zone = draw(st.sampled_from(ZONES))
    night = draw(st.sampled_from(_nights(zone)))
    return zone, night + draw(st.integers(-96, 2 * 96)) * A_QUARTER


@st.composite
def _windows(draw: st.DrawFn) -> list[dict[str, object]]:
    """Quiet hours as somebody chose them: a weekday or every day, from when to when."""
    made = []
    for _ in range(draw(st.integers(0, 3))):
        first, last = sorted((draw(QUARTERS), draw(QUARTERS)))
        day = draw(st.integers(0, 7))
        made.append(
            {"day": day, "from": first.isoformat("minutes"), "to": last.isoformat("minutes")}
        )
    return made


def _may(
    local: datetime, opens: time, closes: time, quiet: list[dict[str, object]], days: OpenDays
) -> bool:
    """The same, said plainly, of one moment as the clock there shows it."""
    if local.date() not in days or not opens <= local.time() < closes:
        return False
    return not any(
        window["day"] in {0, local.isoweekday()}
        and time.fromisoformat(str(window["from"]))
        <= local.time()
        < time.fromisoformat(str(window["to"]))
        for window in quiet
    )


@given(_moments(), HOURS, _windows(), st.sets(st.integers(1, 7)))
def test_it_is_the_first_moment_at_which_the_clock_there_lets_it(
    moment: tuple[str, datetime],
    hours: list[time],
    quiet: list[dict[str, object]],
    week: set[int],
) -> None:
    (zone, at), (opens, closes), days = moment, hours, OpenDays(week)
    assume(opens < closes)
    there = ZoneInfo(zone)
    ahead = (at + n * A_QUARTER for n in range(15 * 96))
    first = next(
        (one for one in ahead if _may(one.astimezone(there), opens, closes, quiet, days)), None
    )
    assume(first is not None)
    found = next_allowed(at, zone=zone, opens=opens, closes=closes, quiet=quiet, days=days)
    assert found.astimezone(UTC) == first


@pytest.mark.parametrize(
    ("zone", "at", "until"),
    [
        # quiet until 02:30, in the hour that comes twice: the second one is quiet too
        (
            "Europe/Paris",
            datetime(2026, 10, 25, 1, 10, tzinfo=UTC),
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        ),
        # and in the hour that does not come
        (
            "Europe/Paris",
            datetime(2026, 3, 29, 0, 45, tzinfo=UTC),
            datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        ),
    ],
)
def test_in_an_hour_that_comes_twice_or_never_quiet_is_quiet(
    zone: str, at: datetime, until: datetime
) -> None:
    quiet = [{"day": 0, "from": "01:00", "to": "02:30"}]
    found = next_allowed(
        at, zone=zone, opens=time(0), closes=time(23, 59), quiet=quiet, days=OpenDays()
    )
    assert found.astimezone(UTC) == until


@given(_moments(), QUARTERS, st.sets(st.integers(1, 7)))
def test_an_office_opens_when_its_clock_says_so_on_a_day_on_which_it_is_open(
    moment: tuple[str, datetime], opens: time, week: set[int]
) -> None:
    (zone, at), days = moment, OpenDays(week)
    local = next_open(at, zone=zone, days=days, opens=opens).astimezone(ZoneInfo(zone))
    assert local.astimezone(UTC) >= at
    assert local.date() in days or local.date() - timedelta(days=1) in days
    shown = local.time().replace(fold=0)
    assert shown >= opens
    never = datetime.combine(DAY, shown) - datetime.combine(DAY, opens)
    assert never <= timedelta(hours=2)  # only where the clock never shows the hour itself
