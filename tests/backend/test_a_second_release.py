"""What a return and a reopening make of a plan, whatever became of its rows before."""

import random
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.calendars.rules import OpenDays
from backend.plans import rules
from backend.plans.again import Anew, hangs_on_a_yes, rows_anew, sleeps
from backend.templates.reading import standard
from backend.templates.rules import CRITICAL, OVERLAYS
from tests.world import Caller, World, a_day, row

TODAY = date(2031, 6, 4)
STATES = sorted(rules.OPEN | rules.CLOSED | rules.ASLEEP)
calendars = st.builds(
    OpenDays,
    st.sets(st.integers(1, 7), min_size=1),
    st.sets(st.integers(-30, 530).map(lambda n: TODAY + timedelta(days=n)), max_size=20),
)


def _anew(
    rows: list[dict[str, Any]],
    release: date,
    days: OpenDays | None = None,
    *,
    supervision: bool = True,
) -> list[Anew]:
    return rows_anew(rows, release, TODAY, days or OpenDays(), supervision=supervision)


# Made once and not for each row: a strategy that is made looks at itself, which takes longer than
# to draw from it.
templates = st.sampled_from(["full", "light"])
overlays = st.sets(st.sampled_from(sorted(OVERLAYS)))
states, either = st.sampled_from(STATES), st.booleans()


@st.composite
def plans(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of a plan after anything that may become of them."""
    of_template = standard().rows_for(draw(templates), draw(overlays))
    made = []
    for number, one in enumerate(of_template):
        state = draw(states)
        made.append(
            {
                **{name: getattr(one, name) for name in one.__dataclass_fields__},
                "id": number,
                "state": state,
                "due_on": None if state == "dormant" else TODAY,
                "pinned": state in rules.OPEN and draw(either),
            }
        )
    return made


releases = st.integers(0, 500).map(lambda days: TODAY + timedelta(days=days))


@given(rows=plans(), release=releases)
def test_what_was_prepared_stays_done_and_a_no_stays_a_no(
    rows: list[dict[str, Any]], release: date
) -> None:
    changed = {one.row["code"] for one in _anew(rows, release)}
    for one in rows:
        prepared = one["late_start"] > CRITICAL and one["day"] < -7
        if one["state"] == "declined" or (one["state"] in rules.CLOSED and prepared):
            assert one["code"] not in changed, one["code"]
        if one["state"] == "dormant" and one["kind"] in rules.OPTIONAL_KINDS:
            assert one["code"] not in changed, "no offer and no need wakes by itself"


@given(rows=plans(), release=releases)
def test_nothing_that_hangs_on_a_yes_is_awake_after(
    rows: list[dict[str, Any]], release: date
) -> None:
    after = {one.row["code"]: one for one in _anew(rows, release)}
    for one in rows:
        state = after[one["code"]].state if one["code"] in after else one["state"]
        if hangs_on_a_yes(one):
            assert state not in rules.OPEN, one["code"]
        if one["code"] in after:
            assert (after[one["code"]].due is None) is (state == "dormant")


@given(rows=plans(), release=releases)
def test_what_must_be_there_or_keeps_somebody_safe_is_open_unless_it_was_refused(
    rows: list[dict[str, Any]], release: date
) -> None:
    after = {one.row["code"]: one.state for one in _anew(rows, release)}
    for one in rows:
        if one["late_start"] <= CRITICAL and one["kind"] in {"C", "O"}:
            state = after.get(one["code"], one["state"])
            assert state in rules.OPEN or one["state"] == "declined", one["code"]


@given(rows=plans(), release=releases, supervision=st.booleans())
def test_what_slept_for_want_of_time_is_looked_at_as_in_a_late_start(
    rows: list[dict[str, Any]], release: date, *, supervision: bool
) -> None:
    """Ordered rows where somebody ordered them; a release at once puts its own there again."""
    after = {one.row["code"]: one for one in _anew(rows, release, supervision=supervision)}
    leaned_on = {code for one in rows for code in one["depends"]}
    needed = {"C", "O"} if supervision else {"C"}
    for one in rows:
        if one["state"] != "dormant":
            continue
        if one["kind"] not in needed or one["code"].startswith("UNP-"):
            assert one["code"] not in after, one["code"]
            continue
        last = max(one["day"], one["repeat_until"] or one["day"]) + one["win_after"]
        on_time = release + timedelta(days=last) >= TODAY
        if one["code"] in after:
            assert after[one["code"]].state == "planned"
            assert on_time or one["late_start"] <= CRITICAL or one["code"] in leaned_on
        else:
            assert not on_time, one["code"]


@given(rows=plans(), release=releases, days=calendars)
def test_a_row_that_stays_open_is_due_by_the_new_release_on_an_open_day_and_not_before_today(
    rows: list[dict[str, Any]], release: date, days: OpenDays
) -> None:
    for one in _anew(rows, release, days):
        if one.due is None:
            continue
        counted = release + timedelta(days=one.row["day"])
        if one.due in {TODAY, counted}:
            stands = not rules.rolls(one.row["code"], one.row["day"])
            assert one.due >= TODAY
            assert stands or one.due in days or one.due == TODAY, one.row["code"]
            continue
        assert one.due > TODAY
        assert one.due in days, one.row["code"]
        first, last = sorted([counted, one.due])
        between = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        assert [day for day in between if day in days] == [one.due], "the nearest open day"
        assert (one.due < counted) == (one.row["day"] < 0), "before the release back, after it on"


@given(rows=plans(), release=releases, later=releases, supervision=st.booleans())
def test_to_reopen_what_was_reopened_asks_for_nothing_more(
    rows: list[dict[str, Any]], release: date, later: date, *, supervision: bool
) -> None:
    """A return on the day of the next release finds what it left open, and what slept for time."""
    once = {one.row["code"]: one for one in _anew(rows, release, supervision=supervision)}
    between = [
        {**one, "state": once[one["code"]].state, "pinned": False} if one["code"] in once else one
        for one in rows
    ]
    for one in _anew(between, later, supervision=supervision):
        was = one.row["state"]
        assert was in rules.OPEN | {"dormant"}, "nothing is closed that would be asked again"
        assert was in rules.OPEN or one.row["kind"] in {"C", "O"}, one.row["code"]
        assert not sleeps(one.row), "what hangs on a yes sleeps since the first"


async def _post(who: Caller, plan: str, what: str, version: int, body: Any = None) -> int:
    answer = await who.post(f"/plans/{plan}/{what}", body, version=version)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["version"])


@pytest.mark.parametrize("seed", range(6))
async def test_however_often_somebody_comes_back_nothing_waits_and_no_history_is_lost(
    world: World, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seed makes the same plan again
    worker = await world.somebody("SW")
    plan = await world.a_plan(
        worker, in_days=chance.randrange(200), supervision=seed % 2 == 0, certainty="confirmed"
    )
    id_, done = plan["id"], set[str]()
    for _ in range(3):
        seen = await world.plan(worker, id_)
        version = await _post(worker, id_, "left-custody", seen["version"], {"left": True})
        done |= await _work(world, worker, id_, chance)
        version = (await world.plan(worker, id_))["version"]
        await _post(worker, id_, "return", version)
        await _stands_still(world, worker, id_)
        body = {
            "release_date": (a_day() + timedelta(days=chance.randrange(200))).isoformat(),
            "certainty": chance.choice(rules.CERTAINTIES),
        }
        version = (await world.plan(worker, id_))["version"]
        await _post(worker, id_, "reopen", version, body)
        found = await world.plan(worker, id_)
        assert found["state"] == "active_inside"
        assert found["left_custody_at"] is None
        assert not any(one.get("overdue") for one in found["milestones"])
        told = await world.sql(
            "SELECT DISTINCT m.code FROM milestone_event e JOIN milestone m ON m.id = e.milestone"
            " WHERE e.after = 'done' AND e.kind = 'state' AND NOT m.code ^@ 'REC-'"
        )
        assert {one["code"] for one in told} == done
    returns = await world.sql("SELECT reopened_at FROM custody_return")
    assert len(returns) == 3
    assert all(one["reopened_at"] for one in returns)
    assert len([one for one in found["milestones"] if one["code"] == "REC-02"]) == 1


async def _work(world: World, worker: Caller, plan: str, chance: random.Random) -> set[str]:
    """Something becomes of some rows; what was done."""
    done = set[str]()
    rows = [
        one for one in (await world.plan(worker, plan))["milestones"] if one["code"][:3] != "REC"
    ]
    for one in chance.sample([one for one in rows if one["state"] in rules.OPEN], 12):
        wanted: dict[str, Any] = {
            "state": chance.choice(["done", "done", "in_progress", "declined"])
        }
        if chance.random() < 0.2:
            wanted = {"due_on": (a_day() + timedelta(days=chance.randrange(300))).isoformat()}
        now = row(await world.plan(worker, plan), one["code"])
        if now["state"] not in rules.OPEN or wanted.get("state") == now["state"]:
            continue  # it fell with another
        answer = await worker.patch(f"/milestones/{now['id']}", wanted, version=now["version"])
        assert answer.status_code == 200, answer.text
        if wanted.get("state") == "done":
            done.add(one["code"])
    return done


async def _stands_still(world: World, worker: Caller, plan: str) -> None:
    waits = "SELECT 1 FROM message WHERE state IN ('queued', 'claimed')"
    assert await world.sql(waits) == []
    found = await world.plan(worker, plan)
    assert found["state"] == "paused"
    assert not any(one.get("overdue") for one in found["milestones"])
    live = {one["code"] for one in found["milestones"] if rules.goes_on("paused", one["code"])}
    assert live == {"REC-01", "REC-02"}
    opened = await world.sql("SELECT 1 FROM custody_return WHERE ended_by IS NULL")
    assert len(opened) == 1


async def test_the_database_lets_no_plan_run_again_while_a_return_is_open(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    version = await _post(worker, plan["id"], "left-custody", plan["version"], {"left": True})
    await _post(worker, plan["id"], "return", version)
    for state in ("active_inside", "active_outside", "step_down"):
        with pytest.raises(Exception, match="a return is open"):
            await world.sql("UPDATE plan SET state = $1", state)
    with pytest.raises(Exception, match="custody_return_open"):
        await world.sql(
            "INSERT INTO custody_return (id, agency, plan, version, left_at, returned_at,"
            " recorded_by) SELECT gen_random_uuid(), agency, plan, 1, left_at, returned_at,"
            " recorded_by FROM custody_return"
        )
    await world.sql("UPDATE custody_return SET taken_back_at = now(), ended_by = recorded_by")
    with pytest.raises(Exception, match="written once"):
        await world.sql("UPDATE custody_return SET taken_back_at = NULL, ended_by = NULL")


async def test_what_an_overlay_took_out_stays_out_with_the_next_release(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=20, supervision=True, certainty="confirmed")
    id_ = plan["id"]
    free = {"size": "full", "supervision": False, "overlays": ["no_supervision"]}
    version = await _post(worker, id_, "template", plan["version"], free)
    out = {
        one["code"]
        for one in (await world.plan(worker, id_))["milestones"]
        if one["code"].startswith("PRB-") and one["state"] == "cancelled"
    }
    assert "PRB-05" in out
    version = (await world.plan(worker, id_))["version"]
    await _post(worker, id_, "left-custody", version, {"left": True})
    version = (await world.plan(worker, id_))["version"]
    await _post(worker, id_, "return", version)
    body = {"release_date": (a_day() + timedelta(days=90)).isoformat(), "certainty": "expected"}
    version = (await world.plan(worker, id_))["version"]
    await _post(worker, id_, "reopen", version, body)
    again = await world.plan(worker, id_)
    assert {row(again, code)["state"] for code in out} == {"cancelled"}
