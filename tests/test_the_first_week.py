"""The first week after release: what makes a day of it hard to keep is said, and refused never."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.appointments.rules import first_week
from tests.backend.pages.browser import at_the_desk, plain
from tests.releases import a_release, joins, on_weekday
from tests.world import Caller, World

DAY = date(2031, 3, 5)
A_DAY, WEDNESDAY = timedelta(days=1), 3
times = st.times().map(lambda one: one.replace(second=0, microsecond=0))
dates = st.lists(
    st.builds(
        lambda n, at, known: {"held_on": DAY + n * A_DAY, "held_at": at, "travel_checked": known},
        st.integers(-3, 12),
        times,
        st.booleans(),
    ),
    max_size=12,
)


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


@given(dates, st.integers(-5, 10))
def test_a_day_is_named_for_what_holds_of_it_and_for_nothing_else(
    every: list[dict[str, Any]], today: int
) -> None:
    found = first_week(every, DAY, DAY + today * A_DAY)
    for n in range(-4, 13):
        of_day = [one for one in every if one["held_on"] == DAY + n * A_DAY]
        said = found.get(DAY + n * A_DAY, frozenset())
        if not max(0, today) <= n < 7:
            assert not said
            continue
        starts = [_minutes(one["held_at"]) for one in of_day]
        near = any(abs(a - b) < 60 for i, a in enumerate(starts) for b in starts[i + 1 :])
        assert ("many_on_a_day" in said) is (len(of_day) > 2)
        assert ("close_together" in said) is near
        assert ("travel_unchecked" in said) is any(not one["travel_checked"] for one in of_day)


async def _plan(
    caller: Caller, plan: dict[str, Any], on: date, at: str, role: str = "SW"
) -> dict[str, Any]:
    body = {"role": role, "held_on": str(on), "held_at": at}
    answer = await caller.post(f"/plans/{plan['id']}/appointments", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_who_plans_a_date_hears_what_the_day_is_like_and_it_stands(world: World) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    first = await _plan(worker, plan, day + A_DAY, "09:00:00")
    assert first["cautions"] == ["travel_unchecked"]
    second = await _plan(worker, plan, day + A_DAY, "09:59:00")
    assert second["cautions"] == ["close_together", "travel_unchecked"]
    third = await _plan(worker, plan, day + A_DAY, "14:00:00")
    assert third["cautions"] == ["close_together", "many_on_a_day", "travel_unchecked"]
    later = await _plan(worker, plan, day + 7 * A_DAY, "09:00:00")
    assert later["cautions"] == []
    before = await _plan(worker, plan, day - A_DAY, "09:00:00")
    assert before["cautions"] == []
    shown = await world.plan(worker, plan["id"])
    assert len(shown["appointments"]) == 5


async def test_a_way_that_was_looked_at_is_said_no_more_and_is_new_for_a_new_day(
    world: World,
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    made = await _plan(worker, plan, day + A_DAY, "09:00:00")
    path = f"/appointments/{made['id']}"
    known = await worker.patch(path, {"travel_checked": True}, version=made["version"])
    assert (known.status_code, known.json()["cautions"]) == (200, [])
    two = {"travel_checked": True, "state": "confirmed"}
    assert (await worker.patch(path, two, version=2)).status_code == 422
    moved = await worker.patch(
        path, {"held_on": str(day + 2 * A_DAY), "held_at": "10:00:00"}, version=2
    )
    assert moved.json()["cautions"] == ["travel_unchecked"]
    gone = await worker.patch(path, {"travel_checked": False}, version=3)
    assert gone.status_code == 409  # the date that was moved does not come


async def test_the_way_that_somebody_asked_about_is_settled_with_it(world: World) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    made = await _plan(worker, plan, day + A_DAY, "09:00:00")
    await world.sql(
        "INSERT INTO task (id, agency, plan, version, kind, step, role, subject, local_due, due_at,"
        " urgency, opened_at) SELECT gen_random_uuid(), agency, id, 1, 'travel-unclear', '', 'SW',"
        " $2::uuid, $3, now(), 0, now() FROM plan WHERE id = $1::uuid",
        plan["id"],
        made["id"],
        day,
    )
    await worker.patch(f"/appointments/{made['id']}", {"travel_checked": True}, version=1)
    assert await world.sql("SELECT outcome FROM task") == [{"outcome": "checked"}]


async def test_whoever_has_only_dates_of_their_own_hears_nothing_of_others(world: World) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    officer = await world.somebody("PO")
    await joins(world, worker, plan, officer, "PO")
    for hour in ("09:00:00", "09:30:00"):
        await _plan(worker, plan, day + A_DAY, hour)
    own = await _plan(officer, plan, day + A_DAY, "09:15:00", "PO")
    assert own["cautions"] == ["travel_unchecked"]


@pytest.mark.parametrize("weeks", [0, 1])
async def test_a_preview_says_what_the_first_week_would_be_like(world: World, weeks: int) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    for hour in ("09:00:00", "09:30:00", "15:00:00"):
        await _plan(worker, plan, day + A_DAY, hour)
    to = {"release_date": str(day + 7 * weeks * A_DAY), "certainty": "confirmed"}
    path = f"/plans/{plan['id']}/release-date/preview"
    found = (await worker.post(path, to)).json()["cautions"]
    said = {"many_on_a_day", "close_together", "travel_unchecked"}
    assert said & set(found) == (set() if weeks else said)


async def test_the_desk_says_it_above_the_dates_and_one_tap_settles_the_way(world: World) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    made = await _plan(worker, plan, day + A_DAY, "09:00:00")
    desk = await at_the_desk(world, worker)
    path = f"/desk/plans/{plan['id']}/dates"
    page = plain(await desk.open(path))
    assert "nobody has said that one can get there in time" in page.words
    done = plain(
        await desk.send(page, f"{path}/{made['id']}", "travel_checked", travel_checked="true")
    )
    assert "nobody has said that one can get there" not in done.words
    assert await world.sql("SELECT travel_checked FROM appointment") == [{"travel_checked": True}]
