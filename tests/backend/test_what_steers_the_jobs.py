"""Rows by which the jobs go are written by them alone, and the record in one's own name alone.

Each statement is one that somebody made the application, or the jobs, send.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from backend import clock, database, migrate
from backend.audit.denials import deny
from backend.database import Role
from tests.backend.pages.browser import in_the_circle
from tests.backend.sealing.records import add_rows, seal_all
from tests.world import World
from workflows.heartbeat import Pulse
from workflows.materialise import materialise
from workflows.retain import retain
from workflows.tell_limits import tell_limits

ROW = "INSERT INTO audit (at, actor, operation, agency, outcome, reason) VALUES"
REFUSED = asyncpg.InsufficientPrivilegeError


async def _as(world: World, role: Role, who: UUID | None, sql: str, *values: object) -> str:
    held = await asyncpg.connect(world.server.url(migrate.role_name(role), world.database_name))
    try:
        async with held.transaction():
            if who is not None:
                await held.execute("SELECT set_config('app.actor', $1, true)", str(who))
                await held.execute("SELECT set_config('app.now', now()::text, true)")
            return str(await held.execute(sql, *values))
    finally:
        await held.close()


async def _as_jobs(job: Any) -> None:
    async def work() -> None:
        database.act_as("worker")
        await job()

    await database.in_fresh_context(work)


@pytest.mark.parametrize("operation", ["retention", "restore", "denials"])
@pytest.mark.parametrize("at", ["now()", "now() + interval '100 years'"])
async def test_the_application_writes_no_row_that_steers_the_jobs(
    world: World, operation: str, at: str
) -> None:
    worker = await world.somebody("SW")
    for actor, outcome in (("NULL", "done"), ("NULL", "denied"), (f"'{worker.id}'", "done")):
        sql = f"{ROW} ({at}, {actor}, '{operation}', NULL, '{outcome}', NULL)"
        with pytest.raises(REFUSED, match="row-level security"):
            await _as(world, "app", worker.id, sql)


async def test_the_jobs_write_no_restore_and_no_retention_in_a_name(world: World) -> None:
    worker = await world.somebody("SW")
    for actor, operation in (("NULL", "restore"), (f"'{worker.id}'", "retention")):
        with pytest.raises(REFUSED, match="row-level security"):
            await _as(
                world, "worker", None, f"{ROW} (now(), {actor}, '{operation}', NULL, 'done', NULL)"
            )
    await _as(world, "worker", None, f"{ROW} (now(), NULL, 'retention', NULL, 'done', 'texts')")


@pytest.mark.parametrize("role", ["app", "worker"])
async def test_nobody_chooses_the_number_of_a_row_of_the_record_or_what_is_told_of_it(
    world: World, role: Role
) -> None:
    worker = await world.somebody("SW")
    columns = ["id", "purpose", "times"] if role == "app" else ["id"]
    for column in columns:
        value = "'care'" if column == "purpose" else "7"
        sql = (
            f"INSERT INTO audit ({column}, at, actor, operation, outcome)"
            f" VALUES ({value}, now(), '{worker.id}', 'getPlan', 'done')"
        )
        with pytest.raises(REFUSED, match="permission denied"):
            await _as(world, role, worker.id, sql)
    with pytest.raises(REFUSED, match="permission denied"):
        await _as(world, role, worker.id, "SELECT setval('audit_id_seq', 1)")


@pytest.mark.parametrize("role", ["app", "worker"])
async def test_no_row_of_the_record_is_older_than_it_is(world: World, role: Role) -> None:
    worker = await world.somebody("SW")
    sql = f"{ROW} (now() - interval '{{}}', '{worker.id}', 'getPlan', NULL, 'done', NULL)"
    await _as(world, role, worker.id, sql.format("23 hours"))
    with pytest.raises(REFUSED, match="row-level security"):
        await _as(world, role, worker.id, sql.format("25 hours"))


async def test_the_record_is_written_in_ones_own_name(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    stopped = f"'signIn', '{world.agency}', 'denied', 'too-many-tries')"
    done = f"'getPlan', '{world.agency}', 'done', NULL)"
    for who, rest in (
        (f"'{other.id}'", stopped),
        (f"'{other.id}'", done),
        ("NULL", done),
    ):
        with pytest.raises(REFUSED, match="row-level security"):
            await _as(world, "app", worker.id, f"{ROW} (now(), {who}, {rest}")
        with pytest.raises(REFUSED, match="row-level security"):
            await _as(world, "app", None, f"{ROW} (now(), {who}, {rest}")
    await _as(world, "app", worker.id, f"{ROW} (now(), '{worker.id}', {done}")


async def test_a_refusal_is_noted_of_oneself_alone(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    note = "SELECT note_denial(now(), $1, 'SW', $2, 'x', 'too-many-tries', NULL, NULL, 60)"
    with pytest.raises(REFUSED, match="row-level security"):
        await _as(world, "app", worker.id, note, other.id, world.agency)
    await _as(world, "app", worker.id, "SELECT count_refusal($1, now())", other.id)
    assert await world.sql("SELECT 1 FROM denial WHERE actor = $1", other.id) == []
    await _as(world, "app", worker.id, note, worker.id, world.agency)
    await deny(None, "signIn", "wrong-credentials")
    rows = await world.sql("SELECT actor FROM audit WHERE outcome = 'denied' ORDER BY id")
    assert [row["actor"] for row in rows] == [worker.id, None]


async def _as_if_by_nobody(world: World, sql: str, *values: object) -> None:
    """A row of before, when anybody could write it."""
    await world.sql(f"{sql} RETURNING id", *values)


async def test_a_night_that_is_yet_to_come_or_was_somebodys_stops_no_retention(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    sql = f"{ROW} ($1, $2, 'retention', NULL, 'done', 'texts')"
    await _as_if_by_nobody(world, sql, clock.now() + timedelta(days=36500), None)
    await _as_if_by_nobody(world, sql, clock.now(), worker.id)
    count = "SELECT count(*) FROM audit WHERE operation = 'retention'"
    for expected in (1, 0):  # once, and not a second time on that day
        before = (await world.sql(count))[0]["count"]
        await _as_jobs(retain)
        assert ((await world.sql(count))[0]["count"] > before) == bool(expected)


async def test_a_limit_tells_of_whom_it_stopped_in_their_own_house_and_of_today(
    world: World,
) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    elsewhere = await world.an_agency(name="Elsewhere")
    await world.somebody("CO", agency=elsewhere)
    sql = f"{ROW} ($1, $2, 'getPlan', $3, 'denied', 'too-many-tries')"
    await _as_if_by_nobody(world, sql, clock.now(), worker.id, elsewhere)
    await _as_if_by_nobody(world, sql, clock.now() + timedelta(days=400), worker.id, world.agency)
    await _as_jobs(tell_limits)
    assert await world.sql("SELECT 1 FROM task") == []
    await _as_if_by_nobody(world, sql, clock.now(), worker.id, world.agency)
    await _as_jobs(tell_limits)
    assert [row["assignee"] for row in await world.sql("SELECT assignee FROM task")] == [head.id]


@pytest.mark.parametrize(
    "attack",
    [
        "role = 'CO'",
        "ends = NULL",
        "ends = ends + interval '1 second'",
        "starts = starts - interval '1 day'",
        "elsewhere = gen_random_uuid()",
        "glass = gen_random_uuid()",
        "agency = gen_random_uuid()",
    ],
)
async def test_who_took_the_jobs_over_ends_mandates_and_does_nothing_else_to_them(
    world: World, attack: str
) -> None:
    worker = await world.somebody("SW")
    await world.a_plan(worker)
    await _as(world, "worker", None, "UPDATE mandate SET ends = now() + interval '9 days'")
    await _as(world, "worker", None, "UPDATE mandate SET ends = now() + interval '1 day'")
    await _as(world, "worker", None, "UPDATE mandate SET version = version + 1")
    with pytest.raises(REFUSED, match="written once"):
        await _as(world, "worker", None, f"UPDATE mandate SET {attack}")


@pytest.mark.parametrize("role", ["app", "worker"])
async def test_a_relative_stays_a_relative(world: World, role: Role) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await in_the_circle(worker, plan, "FA", name="Relative")
    with pytest.raises(REFUSED, match="written once"):
        await _as(world, role, worker.id, "UPDATE member SET role = 'ME'")


@pytest.mark.parametrize(
    ("role", "sql"),
    [
        ("worker", "INSERT INTO court_file SELECT * FROM court_file"),
        (
            "app",
            "INSERT INTO heartbeat SELECT gen_random_uuid(), 'worker:x:1', '2200-01-01'",
        ),
        (
            "app",
            "INSERT INTO zone_day SELECT gen_random_uuid(), 'Asia/Almaty', '9999-12-31'",
        ),
    ],
)
async def test_what_a_role_never_writes_it_may_not(world: World, role: Role, sql: str) -> None:
    worker = await world.somebody("SW")
    with pytest.raises(REFUSED, match="permission denied"):
        await _as(world, role, worker.id, sql)


async def test_a_day_that_is_yet_to_come_does_not_stop_what_is_made(world: World) -> None:
    await world.a_plan(await world.somebody("SW"))
    for day in ("9999-12-31", "infinity"):
        await world.sql("DELETE FROM zone_day RETURNING 1")
        await world.sql(
            "INSERT INTO zone_day (id, zone, through)"
            f" SELECT DISTINCT ON (zone) gen_random_uuid(), zone, '{day}'::date FROM plan"
            " RETURNING id"
        )
        await _as_jobs(materialise)


async def test_a_beat_that_is_yet_to_come_does_not_stay_to_hide_that_the_jobs_are_silent(
    world: World,
) -> None:
    await world.sql(
        "INSERT INTO heartbeat (id, name, at) VALUES (gen_random_uuid(), 'worker:x:1', $1)"
        " RETURNING id",
        clock.now() + timedelta(days=60_000),
    )
    await _as_jobs(Pulse("worker:x:2").beat)
    assert await world.sql("SELECT name FROM heartbeat") == [{"name": "worker:x:2"}]


async def test_who_is_in_scope_stands_in_no_view_of_who_is_connected(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    async with database.transaction(worker.id) as mine:
        # another session of the application, that has just begun
        held = await database.DB.pool.acquire()
        try:
            await held.execute(f"BEGIN; SELECT set_config('app.actor', '{other.id}', true)")
            rows = await mine.fetch("SELECT query FROM pg_stat_activity WHERE query IS NOT NULL")
            assert not any(str(other.id) in row["query"] for row in rows)
            await held.execute("ROLLBACK")
        finally:
            await database.DB.pool.release(held)
        with pytest.raises(REFUSED):
            await mine.execute("SET track_activities = on")
        await mine.execute("ROLLBACK; BEGIN")


async def test_no_lock_of_the_application_stops_the_seals_or_the_retention(world: World) -> None:
    worker = await world.somebody("SW")
    await add_rows(world, "one")
    held = await asyncpg.connect(world.server.url(migrate.role_name("app"), world.database_name))
    try:
        for number in (4806115, 4806125):
            await held.execute("SELECT pg_advisory_lock($1)", number)
        for table in ("heartbeat", "zone_day", "job_round"):
            for mode in ("SHARE UPDATE EXCLUSIVE", "ROW EXCLUSIVE"):
                with pytest.raises(REFUSED):
                    await _as(world, "app", worker.id, f"LOCK TABLE {table} IN {mode} MODE")
        assert await seal_all() > 0
        await _as_jobs(retain)
    finally:
        await held.close()
    assert await world.sql("SELECT 1 FROM audit WHERE operation = 'retention'")
