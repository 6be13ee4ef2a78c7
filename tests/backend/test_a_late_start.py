"""A plan that begins late: what it begins with, at any distance from the release."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.plans.late_start import still_worth
from backend.templates.reading import standard
from backend.templates.rules import OVERLAYS
from tests.backend.pages.browser import at_the_desk, plain
from tests.world import World, a_day, row

RELEASE = date(2031, 6, 4)
# Named where the rule is: rights and safety; what must be there by the day; the first weeks.
FIRST = {"PLN-01", "PLN-02", "FAM-01", "PRB-02"}
BY_THE_DAY = {"HLT-05", "HOU-04", "IDD-04", "FIN-05", "PRB-05", "PRB-06", "PLN-07", "HLT-06"}
SECOND = {"FAM-02", "FAM-09", "MEN-02", "VOC-09", "FIN-04"}

templates = st.sampled_from(["full", "light"])
overlays = st.sets(st.sampled_from(sorted(OVERLAYS)))
days = st.integers(-400, 400)  # from the release to the day on which the plan begins


@given(template=templates, on=overlays, begins=days)
def test_nothing_of_priority_0_to_2_is_lost_and_every_kept_row_keeps_what_it_depends_on(
    template: str, on: set[str], begins: int
) -> None:
    rows = standard().rows_for(template, on)
    kept = still_worth(rows, RELEASE, RELEASE + timedelta(days=begins))
    codes = {one.code for one in rows}
    assert {one.code for one in rows if one.late_start <= 2} <= kept <= codes
    for one in rows:
        if one.code in kept:
            assert set(one.depends) & codes <= kept, one.code


@given(template=templates, on=overlays, begins=st.integers(-399, 400))
def test_a_day_later_never_keeps_more(template: str, on: set[str], begins: int) -> None:
    rows = standard().rows_for(template, on)
    today = RELEASE + timedelta(days=begins)
    assert still_worth(rows, RELEASE, today) <= still_worth(
        rows, RELEASE, today - timedelta(days=1)
    )


@given(template=templates, on=overlays)
def test_half_a_year_before_everything_is_worth_it(template: str, on: set[str]) -> None:
    rows = standard().rows_for(template, on)
    assert still_worth(rows, RELEASE, RELEASE - timedelta(days=180)) == {one.code for one in rows}


def test_what_is_named_is_there_on_the_very_day() -> None:
    kept = still_worth(standard().rows_for("full", {"safety_first"}), RELEASE, RELEASE)
    assert FIRST | {"WOM-01"} | BY_THE_DAY | SECOND <= kept


def test_what_can_still_be_on_time_is_begun_and_what_cannot_is_not() -> None:
    rows = standard().rows_for("full", ())
    for one in rows:
        if one.late_start <= 2 or one.repeat_until is not None:
            continue
        last = RELEASE + timedelta(days=one.day + one.win_after)
        assert one.code in still_worth(rows, RELEASE, last)
        needed = {
            code
            for other in still_worth(rows, RELEASE, last + timedelta(days=1))
            for code in _of(rows, other)
        }
        assert (one.code in still_worth(rows, RELEASE, last + timedelta(days=1))) is (
            one.code in needed
        )


def _of(rows: object, code: str) -> tuple[str, ...]:
    return next(one.depends for one in rows if one.code == code)  # type: ignore[attr-defined]


@pytest.mark.parametrize("in_days", [3, 90, 180])
async def test_a_plan_begins_with_that_due_at_once_and_not_overdue(
    world: World, in_days: int
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=in_days)
    today = a_day()
    worth = still_worth(standard().rows_for("full", ()), today + timedelta(days=in_days), today)
    for one in plan["milestones"]:
        core = one["kind"] == "C"
        assert (one["state"] == "planned") is (core and one["code"] in worth), one["code"]
        if one["state"] == "planned":
            assert date.fromisoformat(one["due_on"]) >= today
            assert not one.get("overdue")
    asleep = [one for one in plan["milestones"] if one["kind"] == "C" and one["state"] == "dormant"]
    assert bool(asleep) is (in_days < 180)
    if in_days == 3:
        assert row(plan, "PLN-07")["due_on"] == today.isoformat()
        woken = await worker.patch(
            f"/milestones/{asleep[0]['id']}", {"state": "planned"}, version=asleep[0]["version"]
        )
        assert woken.status_code == 200, woken.text


async def test_of_what_is_due_at_once_rights_and_safety_come_first(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=3, overlays=["safety_first"])
    priority = {one.code: one.late_start for one in standard().rows_for("full", {"safety_first"})}
    now = [one for one in plan["milestones"] if one.get("due_on") == a_day().isoformat()]
    order = [priority[one["code"]] for one in now]
    assert order == sorted(order)
    assert set(order) >= {0, 1}
    near = (await worker.get(f"/plans/{plan['id']}")).json()["milestones"]
    assert priority[near[0]["code"]] == 0
    [line] = (await worker.get("/plans")).json()["plans"]
    assert line["next_title"] == near[0]["title"]


async def test_what_a_late_start_left_out_is_found_at_the_desk_and_put_in(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=3)
    left = next(
        one for one in plan["milestones"] if one["kind"] == "C" and one["state"] == "dormant"
    )
    desk = await at_the_desk(world, worker)
    page = plain(await desk.open(f"/desk/plans/{plan['id']}/rows"))
    assert "Left out, for there was no time" in page.words
    assert left["title"] in page.words
    step = plain(await desk.open(f"/desk/rows/{left['id']}"))
    assert "there was no time for it" in step.words
    await desk.send(step, f"/desk/rows/{left['id']}", "to", to="planned")
    assert row(await world.plan(worker, plan["id"]), left["code"])["state"] == "planned"
