"""One row of which a job can make nothing stops nobody else, and readiness says which job."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from backend import clock, database
from backend.calendars.rules import OpenDays
from tests.chats import Chats, at
from tests.releases import a_phone_of, a_release, joins, on_weekday
from tests.workflows.test_heartbeat import as_worker
from tests.world import Caller, World
from workflows import retain, rounds, timetable
from workflows.digest import digest
from workflows.leavers import leavers
from workflows.materialise import materialise
from workflows.rounds import PassedOver
from workflows.terms import RULES, Rule
from workflows.watch_duties import watch_duties

WEDNESDAY = 3
# The database counts in it, for it looks at no capitals; nothing else does.
NOWHERE = "Africa/TUNIS"
MADE_UP = ("XYZ5", "Xyz/Abc5", "UTC+3", "<A>3", "Etc/GMT+20", "GMT+5", "EST5")
KNOWN = ("UTC", "Africa/Tunis", "Etc/GMT+12", "America/Port-au-Prince", "CET", "EST5EDT")


@pytest.mark.parametrize("table", ["agency", "plan", "member", "link"])
async def test_the_database_stores_no_zone_that_somebody_made_up(world: World, table: str) -> None:
    [rule] = await world.sql(
        "SELECT pg_get_constraintdef(oid) AS rule FROM pg_constraint WHERE conname = $1",
        f"{table}_zone_named",
    )
    check = rule["rule"].removeprefix("CHECK ").removesuffix(" NOT VALID")
    held = f"SELECT {check} AS holds FROM (SELECT $1::text AS zone) AS z"
    for zone in (*MADE_UP, *KNOWN):
        assert await world.sql(held, zone) == [{"holds": zone in KNOWN}], zone


async def test_the_database_takes_every_zone_that_one_may_choose(world: World) -> None:
    agency = await world.an_agency()
    for zone in sorted(clock._zones()):
        await world.sql("UPDATE agency SET zone = $2 WHERE id = $1", agency, zone)


@pytest.mark.parametrize("week", ["{}", "{0}", "{1,9}", "{NULL}"])
async def test_the_database_stores_no_week_that_is_none(world: World, week: str) -> None:
    await world.an_agency()
    with pytest.raises(asyncpg.CheckViolationError):
        await world.sql(f"UPDATE agency SET working_days = '{week}'")


@pytest.mark.parametrize("week", [(), (9,)])
def test_in_a_week_without_a_working_day_every_day_is_one(week: tuple[int, ...]) -> None:
    assert OpenDays(week).after(date(2031, 1, 1), 10) == date(2031, 1, 11)


async def _passes_over(chats: Chats, job: Callable[[], Awaitable[Any]]) -> None:
    with pytest.raises(PassedOver):
        await chats.job(job)


async def test_a_zone_that_nobody_knows_keeps_no_other_plan_from_being_asked_about(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    await chats.a_member(worker, plan["id"], gate="first")
    other = await world.a_plan(worker)
    await world.sql("UPDATE plan SET zone = $2 WHERE id = $1::uuid", other["id"], NOWHERE)
    at(day - timedelta(days=7), 10)
    await _passes_over(chats, materialise)
    assert await world.sql("SELECT 1 FROM message WHERE key LIKE 'GATE%'") != []


_ALSO = """
INSERT INTO link (id, agency, version, bot, subject, state, level, language, zone, opens, closes,
                  quiet, invited_by, confirmed_at)
SELECT gen_random_uuid(), $2, 1, bot, $3, state, level, language, zone, opens, closes, quiet, $3,
       confirmed_at FROM link WHERE subject = $1
"""


async def test_an_office_where_no_clock_goes_keeps_no_other_from_its_digest(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, _ = await a_release(world, day)
    await a_phone_of(chats, worker)
    at(day - timedelta(days=28), 8, 35)
    elsewhere = await world.an_agency(name="Elsewhere", zone="Africa/Tunis")
    other = await world.somebody("SW", agency=elsewhere)
    await world.sql(_ALSO, worker.id, elsewhere, other.id)
    await world.sql("UPDATE agency SET zone = $2 WHERE id = $1", elsewhere, NOWHERE)
    await world.sql("UPDATE milestone SET due_on = $1 WHERE state = 'planned'", day)
    await world.sql("DELETE FROM message WHERE key = 'TASKS'")
    at(day, 8, 35)
    await _passes_over(chats, digest)
    found = await world.sql("SELECT recipient FROM message WHERE key = 'TASKS'")
    assert [row["recipient"] for row in found] == [worker.id]


async def test_who_leaves_leaves_every_circle_but_the_one_that_fails(
    world: World, chats: Chats
) -> None:
    worker, leaver = await world.somebody("SW"), await world.somebody("TR")
    plans = [await world.a_plan(worker) for _ in range(2)]
    for plan in plans:
        await joins(world, worker, plan, leaver, "TR")
    await world.sql("UPDATE staff SET active = false WHERE id = ANY ($1)", [leaver.id, worker.id])
    await world.sql("UPDATE plan SET zone = $2 WHERE id = $1::uuid", plans[0]["id"], NOWHERE)
    await _passes_over(chats, leavers)
    left = "SELECT DISTINCT plan::text FROM mandate WHERE role IN ('SW', 'TR') AND ends IS NULL"
    assert await world.sql(left) == [{"plan": plans[0]["id"]}]


async def test_a_complaint_that_cannot_be_counted_keeps_no_other_from_being_told(
    world: World, chats: Chats
) -> None:
    here, elsewhere = await world.an_agency(), await world.an_agency(name="Elsewhere")
    for agency in (here, elsewhere):
        await world.somebody("CO", agency=agency)
        worker = await world.somebody("SW", agency=agency)
        plan = await world.a_plan(worker)
        body = {"text": "Nobody calls me back.", "received_on": "2026-01-05"}
        made = await worker.post(f"/plans/{plan['id']}/complaints", body)
        assert made.status_code == 201, made.text
    await world.sql("UPDATE agency SET zone = $2 WHERE id = $1", elsewhere, NOWHERE)
    await _passes_over(chats, watch_duties)
    told = await world.sql("SELECT DISTINCT agency FROM task WHERE kind = 'complaint-due'")
    assert told == [{"agency": here}]


# what readiness says


async def _reasons() -> list[str]:
    reasons: list[str] = (await Caller().get("/health/ready")).json()["reasons"]
    return [one for one in reasons if "succeeded" in one]


async def _beats(world: World) -> None:
    await world.sql(
        "INSERT INTO heartbeat (id, name, at) VALUES ($1, 'worker:here:1', $2)"
        " ON CONFLICT (name) DO UPDATE SET at = excluded.at",
        uuid4(),
        clock.now(),
    )


async def _later(world: World, **by: float) -> None:
    now = clock.now() + timedelta(**by)
    clock.travel(lambda: now)
    await _beats(world)


async def _fails() -> None:
    raise ValueError("whatever it was")


async def _works() -> None: ...


MINUTE = rounds.patience(60)


async def test_a_job_that_fails_round_after_round_is_named(world: World) -> None:
    began = clock.now()
    clock.travel(lambda: began)
    await as_worker(partial(rounds.know, {"works": MINUTE, "fails": MINUTE}))
    for _ in range(11):
        await _later(world, minutes=1)
        await as_worker(partial(timetable.run, "works", _works, MINUTE))
        await as_worker(partial(timetable.run, "fails", _fails, MINUTE))
    assert await _reasons() == [f"fails has not succeeded since {began.isoformat()}"]
    await as_worker(partial(timetable.run, "fails", _works, MINUTE))
    assert await _reasons() == []


async def test_a_job_is_no_reason_where_nobody_is_there_to_do_it_or_it_is_done_no_more(
    world: World,
) -> None:
    await as_worker(partial(rounds.know, {"stands": MINUTE, "another": MINUTE}))
    now = clock.now() + timedelta(hours=1)
    clock.travel(lambda: now)
    assert await _reasons() == []
    await _beats(world)
    assert len(await _reasons()) == 2
    await as_worker(partial(rounds.know, {"another": timedelta(hours=2)}))
    assert await _reasons() == []


async def test_one_that_goes_round_every_few_seconds_writes_once_a_minute(world: World) -> None:
    began = clock.now()
    for seconds, wrote in ((0, 0), (5, 0), (49, 0), (51, 51), (56, 51)):
        clock.travel(lambda seconds=seconds: began + timedelta(seconds=seconds))  # type: ignore[misc]
        await as_worker(partial(rounds.done, "often", MINUTE))
        [row] = await world.sql("SELECT at FROM job_round")
        assert row["at"] == began + timedelta(seconds=wrote)


async def test_a_rule_of_the_retention_that_fails_night_after_night_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = next(rule for rule in RULES if rule.code == "texts")
    broken = Rule("broken", "", timedelta(0), "", texts.act, "SELECT pg_sleep(9), $1::timestamptz")
    kept = [rule for rule in RULES if rule.code in {"texts", "chats"}]
    nightly = [*kept, broken]
    monkeypatch.setattr(retain, "RULES", nightly)
    monkeypatch.setattr(retain, "_SOONER", "SET LOCAL statement_timeout = '50ms'")
    assert retain.expected().keys() == {"retain: texts", "retain: chats", "retain: broken"}
    began = clock.now()
    clock.travel(lambda: began)
    await as_worker(partial(rounds.know, retain.expected()))

    async def night() -> None:
        async with database.transaction():
            assert await retain.carry_out(clock.now(), nightly) == {"texts": 0, "chats": 0}

    for _ in range(2):
        await _later(world, hours=24)
        await as_worker(night)
    assert await _reasons() == [f"retain: broken has not succeeded since {began.isoformat()}"]


async def test_the_first_round_says_what_is_expected_from_now_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def few(*_: object) -> dict[str, tuple[timetable.Job, int]]:
        return {"works": (_works, 5), "fails": (_fails, 900)}

    monkeypatch.setattr(timetable, "jobs", few)
    await world.sql(
        "INSERT INTO job_round (id, name, at, within) VALUES ($1, 'of before', $2, 1)",
        uuid4(),
        clock.now(),
    )
    await as_worker(partial(timetable.first_round, _works, _works))
    found = {
        row["name"]: row["within"] for row in await world.sql("SELECT name, within FROM job_round")
    }
    assert {"works": found.pop("works"), "fails": found.pop("fails")} == {
        "works": 600,
        "fails": 4500,
    }
    assert found == {f"retain: {rule.code}": 26 * 3600 for rule in RULES}
