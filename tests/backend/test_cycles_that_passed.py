"""A step that repeats wakes and goes on with the cycle that comes; none that passed is made up."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backend.plans import rules
from tests.chats import Chats, at
from tests.releases import a_release, change, leave, on_weekday
from tests.world import World, row

rows = st.builds(
    lambda day, rhythm, times, cycle: {
        "day": day,
        "repeat_days": rhythm,
        "repeat_until": day + times * rhythm,
        "cycle": min(cycle, times),
    },
    st.integers(-100, 100),
    st.integers(1, 30),
    st.integers(0, 20),
    st.integers(0, 20),
)
todays = st.integers(-150, 800)


@given(rows, todays)
def test_it_wakes_with_the_first_cycle_that_has_not_passed_or_with_the_last(
    of: dict[str, Any], today: int
) -> None:
    cycle = rules.waking_cycle(of, today)
    day = rules.day_of(of, cycle)
    assert of["day"] <= day <= of["repeat_until"]
    before = day - of["repeat_days"]
    assert cycle == 0 or before < today
    assert day >= today or day + of["repeat_days"] > of["repeat_until"]


@given(rows, todays)
def test_it_goes_on_with_the_next_cycle_after_today_and_ends_with_the_last(
    of: dict[str, Any], today: int
) -> None:
    cycle = rules.next_cycle(of, today)
    later = [n for n in range(of["cycle"] + 1, 40) if rules.day_of(of, n) > today]
    fits = [n for n in later if rules.day_of(of, n) <= of["repeat_until"]]
    assert cycle == (fits[0] if fits else None)


def test_what_does_not_repeat_has_one_cycle() -> None:
    once = {"day": 7, "repeat_days": None, "repeat_until": None, "cycle": 0}
    assert rules.waking_cycle(once, 100) == 0
    assert rules.next_cycle(once, -100) is None


async def _twenty_days_after(world: World) -> tuple[Any, dict[str, Any], date]:
    day = on_weekday(2)
    worker, plan = await a_release(world, day)
    at(day, 10)
    await leave(world, worker, plan)
    at(day + timedelta(days=20), 9)
    return worker, plan, day


async def test_woken_late_it_is_due_once_and_not_once_for_each_week_that_passed(
    world: World,
) -> None:
    worker, plan, day = await _twenty_days_after(world)
    await change(world, worker, plan, "MEN-10", state="planned")
    due = row(await world.plan(worker, plan["id"]), "MEN-10")["due_on"]
    assert due == str(day + timedelta(days=21))
    await change(world, worker, plan, "MEN-10", state="done")
    found = row(await world.plan(worker, plan["id"]), "MEN-10")
    assert (found["state"], found["due_on"]) == ("planned", str(day + timedelta(days=28)))
    await change(world, worker, plan, "MEN-10", state="done")
    assert row(await world.plan(worker, plan["id"]), "MEN-10")["state"] == "done"


async def test_an_answer_that_is_taken_back_leaves_it_in_the_cycle_that_was_asked_about(
    world: World, chats: Chats
) -> None:
    day = on_weekday(2)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"])
    at(day, 10)
    await leave(world, worker, plan)
    await change(world, worker, plan, "MEN-10", state="planned")
    at(day + timedelta(days=7), 17, 5)
    await chats.round()
    at(day + timedelta(days=15), 12, 5)  # a week and more late
    await chats.tap(mentor.phone, "Met")
    gone_on = await _cycle(world, plan)
    assert gone_on == (2, day + timedelta(days=21))
    await chats.tap(mentor.phone, "Take it back")
    # it is as it was asked, and then the week that nobody answered passes by
    assert await _cycle(world, plan) == (1, day + timedelta(days=14))


async def _cycle(world: World, plan: dict[str, Any]) -> tuple[int, date]:
    sql = "SELECT cycle, due_on FROM milestone WHERE plan = $1::uuid AND code = 'MEN-10'"
    [found] = await world.sql(sql, plan["id"])
    return found["cycle"], found["due_on"]
