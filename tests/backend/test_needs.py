"""A review of needs and strengths: two columns, saved area by area, and no number anywhere."""

from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import clock
from backend.database import transaction
from backend.needs import rules
from tests.backend.courts.docket import join
from tests.backend.reviews import OWN, VIEW, agree, area_of, begin, close, reviews, save
from tests.world import World, a_day, row

REFUSED = asyncpg.InsufficientPrivilegeError


async def test_person_and_worker_differ_and_both_stay(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await begin(worker, plan)
    home = await area_of(worker, plan, "home")
    assert (await save(worker, home, own=OWN, view=VIEW)).status_code == 200
    kept = await area_of(worker, plan, "home")
    assert kept["own"] == OWN
    assert kept["view"] == VIEW
    others = [one for one in (await reviews(worker, plan))[0]["areas"] if one["area"] != "home"]
    assert not [one for one in others if {"own", "view", "step"} & one.keys()]


async def test_there_are_ten_areas_and_an_eleventh_where_the_person_wants_it(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await begin(worker, plan)
    areas = [one["area"] for one in (await reviews(worker, plan))[0]["areas"]]
    assert areas == list(rules.AREAS[:-1])
    assert len(areas) == 10
    await close(worker, plan)
    await begin(worker, plan, substances=True)
    areas = [one["area"] for one in (await reviews(worker, plan))[0]["areas"]]
    assert areas == list(rules.AREAS)


async def test_each_area_is_saved_by_itself_and_a_column_left_out_stays(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await begin(worker, plan)
    home, money = [await area_of(worker, plan, name) for name in ("home", "money")]
    assert (await save(worker, home, own=OWN)).status_code == 200
    assert (await save(worker, money, own=OWN)).status_code == 200, "another area is as it was"
    assert (await save(worker, home, view=VIEW)).status_code == 412, "it is not as it was seen"
    home = await area_of(worker, plan, "home")
    assert (await save(worker, home, view=VIEW)).status_code == 200
    kept = await area_of(worker, plan, "home")
    assert (kept["own"], kept["view"]) == (OWN, VIEW)


async def test_the_persons_column_is_written_with_their_ok_alone(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await begin(worker, plan)
    home = await area_of(worker, plan, "home")
    assert (await save(worker, home, own=OWN, own_ok=False)).status_code == 422
    assert (await save(worker, home, view=VIEW)).status_code == 200
    with pytest.raises(asyncpg.CheckViolationError, match="needs_area_ok"):
        await world.sql("UPDATE needs_area SET own = '\\x00' WHERE NOT own_ok")


async def test_the_worker_looks_at_the_questions_before_anything_of_theirs_is_kept(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await begin(worker, plan)
    home = await area_of(worker, plan, "home")
    assert (await save(worker, home, view=VIEW, looked=False)).status_code == 422
    assert (await save(worker, home)).status_code == 422, "nothing is said"
    columns = await world.sql(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'needs_area'"
    )
    assert not [one for one in columns if "look" in one["column_name"]], "it is kept nowhere"


@pytest.mark.parametrize(
    ("area", "said"),
    [
        ("home", {"own": {"status": "7"}}),
        ("home", {"own": {"status": "going_well", "since_last_time": "worse"}}),
        ("home", {"own": {"status": "going_well", "source": "told_by_person"}}),
        ("home", {"own": {"strengths": ["a", "b", "c", "d", "e", "f"]}}),
        ("home", {"view": {"status": "going_well", "wish": "a home"}}),
        ("home", {"view": {"status": "going_well", "source": "hearsay"}}),
        ("home", {"view": {"status": "going_well", "source": "told_by"}}),
        ("home", {"view": {"source": "told_by", "told_by": "PO"}}),
        ("home", {"view": {"source": "told_by", "told_by": "CT", "released": True}}),
        ("home", {"own": {"treatment": True}}),
        ("health", {"own": {"what_helps": "his pills"}}),
        ("health", {"view": {"strengths": ["sleeps well"]}}),
        ("people", {"own": {"strengths": ["I play football with Karim"]}}),
        ("people", {"own": {"what_helps": "call 55123456"}}),
        ("people", {"view": {"what_helps": "his friend Karim"}}),
        ("balance", {"view": {"status": "going_well", "what_helps": "prays"}}),
        ("balance", {"view": {"status": "going_well", "strengths": ["calm"]}}),
        ("balance", {"view": {"status": "going_well", "since_last_time": "harder"}}),
    ],
)
async def test_what_an_area_has_no_place_for_is_refused(
    world: World, area: str, said: dict[str, Any]
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await begin(worker, plan)
    found = await area_of(worker, plan, area)
    refused = await save(worker, found, **said)
    assert refused.status_code in {400, 422}, refused.text
    assert await area_of(worker, plan, area) == found


@pytest.mark.parametrize(
    ("area", "said"),
    [
        ("health", {"own": {"status": "going_well", "treatment": True}}),
        ("people", {"own": {"status": "going_well", "strengths": ["I see my sister on Sunday."]}}),
        ("people", {"view": {"status": "going_well", "what_helps": "ses voisins. Ils aident."}}),
        ("balance", {"own": {"status": "going_well", "what_helps": "the garden"}}),
        ("balance", {"view": {"status": "some_support_wanted"}}),
        ("home", {"view": {"status": "going_well", "source": "told_by", "told_by": "PO"}}),
    ],
)
async def test_and_what_it_has_a_place_for_is_kept(
    world: World, area: str, said: dict[str, Any]
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await begin(worker, plan)
    released = {"released": True} if "told_by" in said.get("view", {}) else {}
    sent = {name: {**column, **released} for name, column in said.items()}
    saved = await save(worker, await area_of(worker, plan, area), **sent)
    assert saved.status_code == 200, saved.text
    kept = await area_of(worker, plan, area)
    assert {name: kept[name] for name in said} == said


async def test_words_and_status_lie_sealed_so_that_nothing_can_count_them(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await begin(worker, plan)
    await save(worker, await area_of(worker, plan, "home"), own=OWN, view=VIEW)
    rows = await world.sql("SELECT to_jsonb(a)::text AS text, own, view FROM needs_area a")
    for word in (*rules.STATUSES, "welder", "sister"):
        assert not [one for one in rows if word in one["text"]], word
        assert not [one for one in rows if word.encode() in (one["own"] or b"")], word
        assert not [one for one in rows if word.encode() in (one["view"] or b"")], word


async def test_a_closed_review_is_as_it_was_and_a_new_one_says_what_changed(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await begin(worker, plan)
    twice = {"held_on": a_day().isoformat(), "language": "fr"}
    assert (await worker.post(f"/plans/{plan}/needs-reviews", twice)).status_code == 409
    home = await area_of(worker, plan, "home")
    await save(worker, home, own=OWN)
    yesterday = (a_day() - timedelta(days=1)).isoformat()
    assert (await close(worker, plan, held_on=yesterday, interpreter=False)).status_code == 200
    (first,) = await reviews(worker, plan)
    assert (first["held_on"], first["interpreter"], first["closed"]) == (yesterday, False, True)
    home = await area_of(worker, plan, "home")
    assert (await save(worker, home, own={"status": "going_well"})).status_code == 409
    assert (await agree(worker, home, "NSR-02")).status_code == 409
    assert (await close(worker, plan)).status_code == 409
    await begin(worker, plan)
    assert [one["closed"] for one in await reviews(worker, plan)] == [False, True]
    assert (await reviews(worker, plan))[1] == first


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE needs_area SET view = '\\x00' WHERE area = 'home'",
        "UPDATE needs_area SET own_ok = false",
        "UPDATE needs_review SET closed_at = NULL",
        "UPDATE needs_review SET held_on = held_on - 1",
        (
            "INSERT INTO needs_area (id, agency, plan, version, review, area)"
            " SELECT gen_random_uuid(), agency, plan, 1, id, 'substances' FROM needs_review"
        ),
        "DELETE FROM needs_area",
    ],
)
async def test_the_database_keeps_what_was_closed(world: World, sql: str) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await begin(worker, plan)
    await close(worker, plan)
    before = await world.sql("SELECT * FROM needs_area ORDER BY id")
    if sql.startswith("DELETE"):
        async with transaction(worker.id) as held:
            assert await held.execute(sql) == "DELETE 0"
    else:
        with pytest.raises(REFUSED):
            async with transaction(worker.id) as held:
                await held.execute(sql)
    assert await world.sql("SELECT * FROM needs_area ORDER BY id") == before


async def test_the_row_that_asked_for_it_is_done_when_it_is_closed(world: World) -> None:
    worker = await world.somebody("SW")
    found = await world.a_plan(worker, in_days=175)
    plan = found["id"]
    await begin(worker, plan)
    assert row(found, "PLN-03")["state"] == "planned"
    assert (await close(worker, plan)).status_code == 200
    found = await world.plan(worker, plan)
    done = row(found, "PLN-03")
    assert (done["state"], done["done_on"]) == ("done", a_day().isoformat())
    assert (await reviews(worker, plan))[0]["settles"] == done["id"]
    await begin(worker, plan)
    assert (await close(worker, plan)).status_code == 200
    assert row(await world.plan(worker, plan), "PLN-06")["state"] == "planned", "its time comes"
    later = clock.now() + timedelta(days=175 - 84)
    clock.travel(lambda: later)
    await begin(worker, plan)
    await close(worker, plan)
    assert row(await world.plan(worker, plan), "PLN-06")["state"] == "done"


DAYS = st.dates(date(2031, 1, 1), date(2031, 12, 31))


@given(
    held_on=DAYS,
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "code": st.sampled_from((*rules.ASKED_BY, "PLN-07")),
                "state": st.sampled_from(("planned", "in_progress", "done", "dormant")),
                "day": st.integers(-175, 90),
                "win_before": st.integers(0, 21),
                "due_on": st.one_of(st.none(), DAYS),
            }
        ),
        max_size=6,
    ),
    left=st.booleans(),
)
def test_a_review_settles_the_nearest_open_row_whose_time_has_come(
    held_on: date, rows: list[dict[str, Any]], *, left: bool
) -> None:
    found = rules.settled_by(held_on, rows, left=left)

    def may(one: dict[str, Any]) -> bool:
        return (
            one["code"] != "PLN-07"
            and one["state"] in {"planned", "in_progress"}
            and one["due_on"] is not None
            and (one["due_on"] - held_on).days <= one["win_before"]
            and (left or one["day"] <= 0)
        )

    open_ = [one for one in rows if may(one)]
    assert (found is None) == (not open_)
    if found is not None:
        assert found in open_
        nearest = min(abs((one["due_on"] - held_on).days) for one in open_)
        assert abs((found["due_on"] - held_on).days) == nearest


@given(st.text(alphabet="abcdefg éèç'", min_size=1, max_size=40))
def test_words_without_a_capital_inside_name_nobody(text: str) -> None:
    assert not rules.names_somebody(text)
    assert rules.names_somebody(f"x {text} Karim")
    assert not rules.names_somebody(f"x {text} Sunday")


async def test_who_reads_a_review_and_who_finds_none(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = (await world.a_plan(worker))["id"]
    await begin(worker, plan)
    assert len(await reviews(head, plan)) == 1
    refused = await head.post(
        f"/plans/{plan}/needs-reviews", {"held_on": "2031-01-01", "language": "fr"}
    )
    assert refused.status_code == 403
    for role in ("PO", "TR", "PS", "CP"):
        other = await world.somebody(role)
        await join(world, worker, plan, other, role)
        assert (await other.get(f"/plans/{plan}/needs-reviews")).status_code == 403, role
        for table in ("needs_review", "needs_area"):
            async with transaction(other.id) as held:
                assert await held.fetch(f"SELECT 1 FROM {table}") == [], (role, table)
    stranger = await world.somebody("SW")
    assert (await stranger.get(f"/plans/{plan}/needs-reviews")).status_code == 404


async def test_it_is_written_down_once_it_is_held_and_while_the_plan_runs(world: World) -> None:
    worker = await world.somebody("SW")
    found = await world.a_plan(worker)
    path = f"/plans/{found['id']}/needs-reviews"
    tomorrow = {"held_on": (a_day() + timedelta(days=1)).isoformat(), "language": "fr"}
    assert (await worker.post(path, tomorrow)).status_code == 422
    paused = await worker.post(
        f"/plans/{found['id']}/state", {"state": "paused"}, version=found["version"]
    )
    assert paused.status_code == 200
    today = {**tomorrow, "held_on": a_day().isoformat()}
    assert (await worker.post(path, today)).status_code == 409


@pytest.mark.parametrize("what", rules.CHANGES)
async def test_something_has_changed_is_one_task_for_the_worker_and_says_not_what(
    world: World, what: str
) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = (await world.a_plan(worker))["id"]
    path = f"/plans/{plan}/life-changes"
    assert (await worker.post(path, {"what": what})).status_code == 201
    assert (await worker.post(path, {"what": what})).status_code == 201
    (task,) = await world.sql("SELECT to_jsonb(t)::text AS text, kind, role, step FROM task t")
    assert (task["kind"], task["role"], task["step"]) == ("needs-review", "SW", "changed")
    assert what not in task["text"]
    assert (await worker.post(path, {"what": "he looks tired"})).status_code == 422
    assert (await head.post(path, {"what": what})).status_code == 403
    await begin(worker, plan)
    await close(worker, plan)
    (closed,) = await world.sql("SELECT outcome FROM task")
    assert closed["outcome"] == "reviewed"
    assert (await worker.post(path, {"what": what})).status_code == 201
    (asked,) = await world.sql("SELECT step FROM task WHERE closed_at IS NULL")
    assert asked["step"] == "changed again-1", "on the same day it is heard again"
