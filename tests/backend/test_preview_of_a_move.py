"""A look at a move before it is made: the move itself, taken back."""

import random
from datetime import date, timedelta
from typing import Any

import pytest

from backend.calendars.rules import open_days
from backend.plans.rules import CERTAINTIES, cautions
from tests.backend.bodies import a_plan
from tests.backend.pages.browser import at_the_desk, plain
from tests.chats import Chats, at
from tests.releases import a_release, change, joins, leave, on_weekday, said
from tests.world import Caller, World, a_day, row

WEDNESDAY = 3
ALL = ("plan", "milestone", "milestone_event", "message", "release_move", "task", "change", "once")


async def _everything(world: World) -> dict[str, Any]:
    return {
        table: await world.sql(f"SELECT t::text AS row FROM {table} t ORDER BY 1") for table in ALL
    }


def _to(day: date, certainty: str = "expected", **more: Any) -> dict[str, Any]:
    return {"release_date": day.isoformat(), "certainty": certainty, **more}


async def _preview(who: Caller, plan: str, to: dict[str, Any]) -> Any:
    return await who.post(f"/plans/{plan}/release-date/preview", to)


@pytest.mark.parametrize("seed", range(8))
async def test_a_move_does_what_its_preview_said_and_the_preview_does_nothing(
    world: World, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seed makes the same plan again
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=chance.randrange(5, 200), supervision=seed % 2 == 0)
    for one in chance.sample(plan["milestones"], 12):
        if one["state"] != "planned":
            continue
        wanted: dict[str, Any] = {"state": chance.choice(["done", "in_progress", "not_needed"])}
        if chance.random() < 0.4:
            wanted = {"due_on": (a_day() + timedelta(days=chance.randrange(300))).isoformat()}
        await change(world, worker, plan, one["code"], **wanted)
    to = _to(a_day() + timedelta(days=chance.randrange(400)), chance.choice(CERTAINTIES))
    before = await _everything(world)
    looked = await _preview(worker, plan["id"], to)
    assert looked.status_code == 200, looked.text
    assert await _everything(world) == before
    seen = looked.json()
    assert looked.headers["ETag"] == f'"{seen["version"]}"'
    moved = await worker.post(f"/plans/{plan['id']}/release-date", to, version=seen["version"])
    assert moved.status_code == 200, moved.text
    came = moved.json()
    for name in ("moved", "pinned", "messages_cancelled", "recipients_told"):
        assert came[name] == seen[name], name


async def test_it_counts_what_would_fall_away_and_who_would_be_told(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    at(day - timedelta(days=7), 8)
    await chats.round()
    assert await world.sql("SELECT key FROM message WHERE state = 'queued'") == [{"key": "GATE-7"}]
    before = len(await said(chats, mentor))
    to = _to(day + timedelta(days=7), "confirmed")
    seen = (await _preview(worker, plan["id"], to)).json()
    assert (seen["messages_cancelled"], seen["recipients_told"]) == (1, 1)
    [waiting] = seen["falls_away"]
    assert (waiting["key"], waiting["recipient"]) == ("GATE-7", mentor.actor)
    assert seen["told"] == [mentor.actor]
    gate = {one["key"]: (one["before"], one["after"]) for one in seen["questions"]}
    for key, days in (("GATE-7", -7), ("GATE-3", -3), ("GATE-1", -1)):
        ahead = day + timedelta(days=days)
        assert gate[key] == (ahead.isoformat(), (ahead + timedelta(days=7)).isoformat())
    await chats.round()
    assert len(await said(chats, mentor)) == before
    at(day - timedelta(days=7), 10)
    await chats.round()
    assert "Is that still possible" in await chats.last(mentor.phone)  # what waited went out


async def test_a_release_desk_sees_its_own_rows_and_no_counts_of_messages(world: World) -> None:
    worker, desk = await world.somebody("SW"), await world.somebody("PS")
    plan = await world.a_plan(worker)
    await joins(world, worker, plan, desk, "PS")
    seen = (await _preview(desk, plan["id"], _to(a_day() + timedelta(days=130)))).json()
    assert seen.keys() == {"version", "calendar", "moved", "pinned", "cautions"}
    own = {one["code"] for one in (await world.plan(desk, plan["id"]))["milestones"]}
    assert {one["code"] for one in seen["moved"]} <= own
    everybody = (await _preview(worker, plan["id"], _to(a_day() + timedelta(days=130)))).json()
    assert len(everybody["moved"]) > len(seen["moved"])


async def test_it_says_what_would_be_asked_on_other_days(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=130)
    await change(world, worker, plan, "MEN-04", state="planned")
    due = date.fromisoformat(row(await world.plan(worker, plan["id"]), "MEN-04")["due_on"])
    to = _to(a_day() + timedelta(days=158))
    asked = (await _preview(worker, plan["id"], to)).json()["questions"]
    for days in (-7, -2):
        before = due + timedelta(days=days)
        expected = {"key": "MEN-TASK", "role": "ME", "before": before.isoformat()}
        after = (before + timedelta(days=28)).isoformat()
        assert expected | {"after": after} in asked
    assert {one["key"] for one in asked} == {"MEN-TASK"}  # the gate is asked of no unsure date
    sure = (await _preview(worker, plan["id"], {**to, "certainty": "confirmed"})).json()
    gate = [one for one in sure["questions"] if one["key"] == "GATE-7"]
    assert [one["before"] for one in gate] == [None]


async def test_it_is_refused_where_the_move_would_be(world: World) -> None:
    worker, stranger = await world.somebody("SW"), await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=0, certainty="confirmed")
    good = _to(a_day() + timedelta(days=30))
    for to in (
        {**good, "certainty": "perhaps"},
        {**good, "release_date": "1999-01-01"},
    ):
        assert (await _preview(worker, plan["id"], to)).status_code == 422
    assert (await _preview(stranger, plan["id"], good)).status_code == 404
    await leave(world, worker, plan)
    assert (await _preview(worker, plan["id"], good)).status_code == 409


async def test_who_looked_is_written_down(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await _preview(worker, plan["id"], _to(a_day() + timedelta(days=30)))
    rows = await world.sql(
        "SELECT operation, plan::text, actor FROM audit ORDER BY id DESC LIMIT 1"
    )
    assert rows == [{"operation": "previewRelease", "plan": plan["id"], "actor": worker.id}]


MONDAY = date(2031, 3, 3)
PLAN = {"working_days": (1, 2, 3, 4, 5), "closed": (), "certainty": "expected"}


@pytest.mark.parametrize(
    ("days", "certainty", "more", "expected"),
    [
        (30, "expected", {}, []),  # a Wednesday
        (32, "expected", {}, ["before_closed_days"]),  # a Friday
        (33, "expected", {}, ["on_closed_day"]),
        (34, "expected", {}, ["on_closed_day"]),
        (34, "expected", {"working_days": ()}, []),
        (29, "expected", {"closed": [MONDAY + timedelta(days=30)]}, ["before_closed_days"]),
        (30, "expected", {"closed": [MONDAY + timedelta(days=30)]}, ["on_closed_day"]),
        (30, "earliest_possible", {}, ["less_certain"]),
        (30, "expected", {"certainty": "confirmed"}, ["less_certain"]),
        (30, "confirmed", {}, []),
        (7, "expected", {}, ["soon_and_not_confirmed"]),
        (8, "expected", {}, []),
        (7, "confirmed", {}, []),
        (0, "confirmed", {}, []),
        (-3, "confirmed", {}, ["before_closed_days", "in_the_past"]),
    ],
)
def test_what_a_worker_may_want_to_think_of(
    days: int, certainty: str, more: dict[str, Any], expected: list[str]
) -> None:
    to = MONDAY + timedelta(days=days)
    plan = {**PLAN, **more}
    assert cautions(to, certainty, plan, open_days(plan), today=MONDAY) == expected


async def test_at_the_desk_one_looks_first_and_what_was_typed_stays(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    pinned = row(plan, "PLN-08")
    day = (a_day() + timedelta(days=30)).isoformat()
    await worker.patch(f"/milestones/{pinned['id']}", {"due_on": day}, version=1)
    browser = await at_the_desk(world, worker)
    action = f"/desk/plans/{plan['id']}/release"
    page = plain(await browser.open(action))
    to = date.fromisoformat(plan["release_date"]) + timedelta(days=14)
    fields = dict(page.form(action).fields) | {"release_date": to.isoformat()}
    look = plain(await browser.post(f"{action}/preview", [*fields.items()]))
    assert look.status == 200
    assert "Nothing has happened yet" in look.words
    assert pinned["title"] in look.words
    assert ("release_date", to.isoformat()) in look.form(action).fields
    assert (await world.plan(worker, plan["id"]))["release_date"] == plan["release_date"]
    moved = plain(await browser.post(action, [*look.form(action).fields]))
    assert "The date has moved" in moved.words
    assert (await world.plan(worker, plan["id"]))["release_date"] == to.isoformat()
    wrong = dict(moved.form(action).fields) | {"release_date": "1999-01-01"}
    refused = plain(await browser.post(f"{action}/preview", [*wrong.items()]))
    assert "Nothing has happened yet" not in refused.words
    assert ("release_date", "1999-01-01") in refused.form(action).fields


async def test_the_move_itself_and_an_opening_say_what_to_think_of_too(world: World) -> None:
    worker = await world.somebody("SW")
    friday = on_weekday(5, weeks=20)
    opened = await worker.post("/plans", {**a_plan(), "release_date": str(friday)})
    assert (opened.status_code, opened.json()["cautions"]) == (201, ["before_closed_days"])
    plan = await world.plan(worker, opened.json()["id"])
    to = {"release_date": str(friday + timedelta(days=1)), "certainty": "confirmed"}
    path = f"/plans/{plan['id']}/release-date"
    seen = (await worker.post(f"{path}/preview", to)).json()["cautions"]
    moved = await worker.post(path, to, version=plan["version"])
    assert moved.json()["cautions"] == seen == ["on_closed_day"]
    less = {**to, "certainty": "expected"}
    version = (await world.plan(worker, plan["id"]))["version"]
    moved = await worker.post(path, less, version=version)
    assert moved.json()["cautions"] == ["on_closed_day", "less_certain"]
