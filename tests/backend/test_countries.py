"""Each country's law is data; where nobody knows, or no country is named, it is the strictest."""

from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.agencies.countries import STRICTEST, profile_of, profiles
from backend.calendars.rules import OpenDays
from backend.errors import Unfit
from backend.founding import name_country, set_complaint_days
from tests.world import World

WEEK = OpenDays({1, 2, 3, 4, 5})
HOURS = {"ID": 72, "BE": 72, "NL": 72, "NO": 72, "XK": 72, "MK": 72}
AT_ONCE = {"UG", "TN", "ML", "BF", "BA", STRICTEST}
FRIDAY = datetime(2031, 3, 7, 15, 30, tzinfo=UTC)


def test_every_country_has_the_clock_that_was_looked_up() -> None:
    assert set(profiles()) == HOURS.keys() | AT_ONCE | {"KZ"}
    for code, profile in profiles().items():
        due = profile.due(FRIDAY, zone="UTC", days=WEEK)
        if code == "KZ":
            assert due == datetime(2031, 3, 10, 15, 30, tzinfo=UTC)  # a weekend lies between
            assert profile.must_stay
        else:
            assert due == FRIDAY + timedelta(hours=HOURS.get(code, 0)), code


def test_an_agency_without_a_country_has_the_strictest_of_each() -> None:
    strictest = profile_of(None)
    for profile in profiles().values():
        assert strictest.due(FRIDAY, zone="UTC", days=WEEK) <= profile.due(
            FRIDAY, zone="UTC", days=WEEK
        )
        assert strictest.must_stay >= profile.must_stay
        assert strictest.majority >= profile.majority


def test_what_no_lawyer_of_the_country_has_confirmed_says_so() -> None:
    for code in ("TN", "ML", "BF", "BA"):
        assert "notice" in profiles()[code].ask_counsel
    assert all("majority" in profile.ask_counsel for profile in profiles().values())


@given(
    st.dates(date(2026, 1, 1), date(2040, 1, 1)),
    st.integers(1, 30),
    st.frozensets(st.integers(1, 7), min_size=1),
)
def test_so_many_working_days_lie_between(
    day: date, number: int, working: AbstractSet[int]
) -> None:
    due = OpenDays(working).after(day, number)
    between = [day + timedelta(days=n) for n in range(1, (due - day).days + 1)]
    assert sum(one.isoweekday() in working for one in between) == number
    assert due.isoweekday() in working


async def test_the_administrator_names_the_country_and_the_days_of_a_complaint(
    world: World,
) -> None:
    agency = await world.an_agency()
    await name_country(agency, "KZ")
    await set_complaint_days(agency, 5)
    [row] = await world.sql("SELECT country, complaint_days FROM agency")
    assert row == {"country": "KZ", "complaint_days": 5}
    await name_country(agency, None)
    for wrong in ("XX", "kz", STRICTEST):
        with pytest.raises(Unfit):
            await name_country(agency, wrong)
    for days in (0, 61):
        with pytest.raises(Unfit):
            await set_complaint_days(agency, days)
    noted = await world.sql(
        "SELECT operation FROM audit WHERE operation LIKE ANY($1) ORDER BY id",
        ["nameCountry", "setComplaintDays"],
    )
    assert [row["operation"] for row in noted] == ["nameCountry", "setComplaintDays", "nameCountry"]
