"""Days on which offices are closed: how one counts, and who says which they are."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.calendars.proposals import propose
from backend.calendars.rules import LONGEST, OpenDays, kept_with, too_long
from backend.errors import Unfit
from tests.world import Caller, World, a_day

WEEK = (1, 2, 3, 4, 5)
MONDAY = date(2031, 3, 3)
A_DAY = timedelta(days=1)
weeks = st.frozensets(st.integers(1, 7), min_size=1)
days = st.dates(date(2026, 1, 1), date(2040, 1, 1))
near = st.frozensets(st.integers(-20, 20), max_size=12)  # closed days around the one that is asked


def _open(day: date, week: frozenset[int], off: frozenset[int]) -> OpenDays:
    return OpenDays(week, [day + n * A_DAY for n in off])


@given(days, weeks, near)
def test_the_nearest_open_day_on_either_side_has_none_between(
    day: date, week: frozenset[int], off: frozenset[int]
) -> None:
    there = _open(day, week, off)
    for found, step in ((there.back(day), -1), (there.on(day), 1)):
        assert found in there
        passed = (found - day).days * step
        assert passed >= 0
        assert not any(day + n * step * A_DAY in there for n in range(passed))


@given(days, weeks, near, st.integers(1, 15))
def test_so_many_open_days_lie_after_a_day(
    day: date, week: frozenset[int], off: frozenset[int], number: int
) -> None:
    there = _open(day, week, off)
    found = there.after(day, number)
    between = [day + n * A_DAY for n in range(1, (found - day).days + 1)]
    assert sum(one in there for one in between) == number
    assert found in there


@given(st.lists(days, max_size=5), st.lists(days, max_size=5), days)
def test_what_has_passed_stays_as_it_was_and_the_rest_is_as_said(
    closed: Sequence[date], before: Sequence[date], today: date
) -> None:
    kept = kept_with(closed, before, today)
    assert {day for day in kept if day < today} == {day for day in before if day < today}
    assert {day for day in kept if day >= today} == {day for day in closed if day >= today}


def test_offices_that_are_closed_for_longer_than_a_month_are_a_slip() -> None:
    month = [MONDAY + n * A_DAY for n in range(LONGEST - 2)]  # a weekend on either side
    assert not too_long(OpenDays(WEEK, ()))
    assert not too_long(OpenDays(WEEK, month[: LONGEST - 4]))
    assert too_long(OpenDays(WEEK, [*month, month[-1] + A_DAY, month[-1] + 2 * A_DAY]))


async def test_the_database_finds_the_same_open_day(world: World) -> None:
    agency = await world.an_agency()
    closed = [MONDAY, MONDAY + A_DAY, MONDAY - 3 * A_DAY]
    await world.sql("UPDATE calendar SET closed = $2 WHERE id = $1", agency, closed)
    there = OpenDays(WEEK, closed)
    rows = await world.sql(
        "SELECT n::date AS day, is_open(n::date, c) AS open, open_day(n::date, c) AS back"
        "  FROM calendar c, generate_series($2::date, $3::date, '1 day') AS n WHERE c.id = $1",
        agency,
        MONDAY - 10 * A_DAY,
        MONDAY + 10 * A_DAY,
    )
    assert len(rows) == 21
    for row in rows:
        assert (row["day"] in there) == row["open"], row
        assert there.back(row["day"]) == row["back"], row


@pytest.mark.parametrize(
    "country", ["KZ", "TN", "UG", "ML", "BF", "BE", "NL", "BA", "XK", "MK", "NO", "ID", "FR"]
)
async def test_holidays_are_proposed_for_every_country_that_has_a_profile(country: str) -> None:
    first, last = date(2027, 1, 1), date(2027, 12, 31)
    found = await propose(country, None, first, last)
    assert len(found) >= 10
    assert all(first <= one.day <= last and one.name for one in found)
    assert found == sorted(found, key=lambda one: one.day)


async def test_what_hangs_on_the_moon_says_that_it_is_estimated() -> None:
    found = await propose("TN", None, date(2027, 1, 1), date(2027, 12, 31))
    estimated = {one.estimated for one in found}
    assert estimated == {True, False}
    assert not any("estimated" in one.name for one in found)


@pytest.mark.parametrize(("country", "part"), [("QQ", None), ("TN", "Nowhere"), ("BE", "Nord")])
async def test_of_a_place_that_nobody_knows_nothing_is_proposed(
    country: str, part: str | None
) -> None:
    with pytest.raises(Unfit):
        await propose(country, part, MONDAY, MONDAY)


async def _own(caller: Caller) -> dict[str, Any]:
    found = (await caller.get("/calendars")).json()
    own: dict[str, Any] = next(one for one in found if one["own"])
    return own


async def _confirm(caller: Caller, calendar: dict[str, Any], **values: Any) -> httpx.Response:
    body = {"name": calendar["name"], "working_days": list(WEEK), "closed": [], **values}
    return await caller.send(
        "PUT", f"/calendars/{calendar['id']}", body, version=calendar["version"]
    )


async def test_an_agency_has_a_calendar_of_its_own_from_the_beginning(world: World) -> None:
    agency = await world.an_agency(working_days=(7, 1, 2, 3, 4))
    worker = await world.somebody("SW", agency=agency)
    own = await _own(worker)
    assert own["id"] == str(agency)
    assert sorted(own["working_days"]) == [1, 2, 3, 4, 7]
    assert (own["closed"], own["confirmed_until"]) == ([], None)


@pytest.mark.parametrize("role", ["AD", "CO"])
async def test_whoever_leads_confirms_days_and_what_has_passed_stays(
    world: World, role: str
) -> None:
    head = await world.somebody(role)
    own, today = await _own(head), a_day()
    past, soon, later = today - 9 * A_DAY, today + 9 * A_DAY, today + 300 * A_DAY
    await world.sql("UPDATE calendar SET closed = ARRAY[$1::date]", past)
    closed = [str(soon), str(today - A_DAY)]  # of what has passed nothing is made
    answer = await _confirm(head, own, closed=closed, until=str(later), country="TN")
    assert answer.status_code == 200, answer.text
    now = await _own(head)
    assert now["closed"] == [str(past), str(soon)]
    assert (now["confirmed_until"], now["country"]) == (str(later), "TN")
    assert (await _confirm(head, own, until=str(later))).status_code == 412
    by = await world.sql("SELECT changed_by FROM calendar WHERE id = $1", world.agency)
    assert by == [{"changed_by": head.id}]


async def test_days_that_cannot_be_are_refused_and_say_why(world: World) -> None:
    head, today = await world.somebody("CO"), a_day()
    own, until = await _own(head), str(today + 300 * A_DAY)
    for why, values in (
        ("next two years", {"until": str(today - A_DAY)}),
        ("next two years", {"until": str(today + 3 * 366 * A_DAY)}),
        ("after the last", {"until": str(today), "closed": [str(today + A_DAY)]}),
        ("after the last", {"closed": [str(today + A_DAY)]}),
        ("30 days", {"until": until, "closed": [str(today + n * A_DAY) for n in range(40)]}),
        ("No holidays", {"until": until, "country": "QQ"}),
        ("belongs to a country", {"until": until, "part": "Flemish"}),
        ("Flemish", {"until": until, "country": "BE", "part": "Nord"}),
    ):
        answer = await _confirm(head, own, **values)
        assert answer.status_code == 422, (values, answer.text)
        assert why in answer.json()["detail"], values


async def test_proposals_count_for_nothing(world: World) -> None:
    head, today = await world.somebody("AD"), a_day()
    own, until = await _own(head), a_day() + 365 * A_DAY
    nothing = await head.get(f"/calendars/{own['id']}/proposals?until={until}")
    assert nothing.json() == []  # whose holidays is not said
    await _confirm(head, own, country="TN")
    found = (await head.get(f"/calendars/{own['id']}/proposals?until={until}")).json()
    assert len(found) >= 10
    assert all(str(today) <= one["day"] <= str(until) for one in found)
    assert (await _own(head))["closed"] == []
    far = await head.get(f"/calendars/{own['id']}/proposals?until={today + 3 * 366 * A_DAY}")
    assert far.status_code == 422


async def test_another_agencys_calendar_is_not_there(world: World) -> None:
    await world.somebody("CO")
    away = await world.an_agency(name="Elsewhere")
    head = await world.somebody("CO", agency=away)
    other = {"id": str(world.agency), "version": 1, "name": "Mine"}
    assert (await _confirm(head, other)).status_code == 404
    until = a_day() + A_DAY
    assert (await head.get(f"/calendars/{world.agency}/proposals?until={until}")).status_code == 404
    assert [one["id"] for one in (await head.get("/calendars")).json()] == [str(away)]
    worker = await world.somebody("SW", agency=away)
    body = {"person": {"name": "Somebody Invented", "language": "en"}, "certainty": "expected"}
    body |= {"release_date": str(a_day() + 90 * A_DAY), "calendar": str(world.agency)}
    refused = await worker.post("/plans", body)
    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        "There is no such calendar here.",
    )


async def test_a_place_is_added_once_and_not_without_end(world: World) -> None:
    head, id_ = await world.somebody("AD"), str(uuid4())
    place = {"id": id_, "name": "Upland", "working_days": [7, 1, 2, 3, 4]}
    assert (await head.post("/calendars", place)).status_code == 201
    assert (await head.post("/calendars", place)).status_code == 409
    await world.sql(
        "INSERT INTO calendar (id, agency, version, name, working_days, closed, rolled_version)"
        " SELECT gen_random_uuid(), $1, 1, 'Place', '{1}', '{}', 1 FROM generate_series(1, 48)",
        world.agency,
    )
    assert (await head.post("/calendars", {**place, "id": None})).status_code == 409


async def test_a_place_gets_another_name_also_when_its_days_have_run_out(world: World) -> None:
    head = await world.somebody("CO")
    past = a_day() - 30 * A_DAY
    await world.sql("UPDATE calendar SET confirmed_until = $1", past)
    own = await _own(head)
    answer = await _confirm(head, {**own, "name": "Lowland"}, until=own["confirmed_until"])
    assert answer.status_code == 200, answer.text
    now = await _own(head)
    assert (now["name"], now["confirmed_until"]) == ("Lowland", str(past))
    other = await _confirm(head, now, until=str(past + A_DAY))
    assert other.status_code == 422  # another day that has passed is a slip
