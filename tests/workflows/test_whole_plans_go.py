"""Years after its closing a plan goes with all its rows; before that, and of others, nothing."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from backend import clock, database, embedded, migrate
from backend.erasure.rows import delete_plans
from migrations.m0076_rows_end import MOVABLE, OF_A_PLAN
from migrations.m0076_rows_end import SINCE as PROVEN
from tests.backend.kept import Kept, a_copy
from tests.databases import as_the_owner_of_everything
from tests.plan_rows import PLAN_ROWS
from workflows.retain import carry_out
from workflows.terms import RULES

# The rule by which each of what proves goes.
PROOFS_OF = {
    "channel_consent": "chat consents",
    "correction": "corrections",
    "disclosure": "authorisations",
    "entry_pass": "papers",
    "participation": "agreements",
}
PROOFS = tuple(PROOFS_OF.values())
# What is of a person, and goes with their last plan.
OF_NOBODY = ("person", "person_word", "complaint")


async def _night(*codes: str) -> dict[str, int]:
    async def work() -> dict[str, int]:
        database.act_as("worker")
        async with database.transaction():
            return await carry_out(clock.now(), [one for one in RULES if one.code in codes])

    return await database.in_fresh_context(work)


class Archive:
    """A plan in which everything has happened, its key gone, closed for so many years."""

    def __init__(self, kept: Kept, person: UUID) -> None:
        self.kept, self.world, self.person = kept, kept.world, person
        self.plan = UUID(kept.scene.docket.plan)
        self.other = UUID(kept.other.docket.plan)

    async def close(self, ago: str, *, state: str = "closed") -> None:
        sql = "UPDATE plan SET state = $2, closed_at = now() - $3::text::interval WHERE id = $1"
        await self.world.sql(sql, self.plan, state, ago)

    async def rows(self) -> dict[str, int]:
        """Of this plan, table by table."""
        found = {}
        for table, column in PLAN_ROWS.items():
            [row] = await self.world.sql(
                f"SELECT count(*) AS n FROM {table} WHERE {column} = $1", self.plan
            )
            found[table] = row["n"]
        return found

    async def others(self) -> dict[str, str]:
        """All rows that are of no table of a plan, or of another plan; but for the record."""
        tables = await self.world.sql(
            "SELECT table_name AS name FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        found = {}
        for name in {row["name"] for row in tables} - {"audit", "recent_act"}:
            but = f"WHERE {PLAN_ROWS[name]} IS DISTINCT FROM $1" if name in PLAN_ROWS else ""
            values = [self.plan] if but else []
            rows = await self.world.sql(
                f"SELECT to_jsonb(t)::text AS row FROM {name} t {but} ORDER BY id", *values
            )
            found[name] = "\n".join(row["row"] for row in rows)
        return found

    async def another_plan(self) -> UUID:
        """Of the same person."""
        id_ = uuid4()
        await self.world.sql(
            "INSERT INTO plan SELECT (jsonb_populate_record(p, $2::jsonb)).* FROM plan p"
            " WHERE id = $1",
            self.plan,
            json.dumps({"id": str(id_), "alias": "Another", "state": "closed"}),
        )
        return id_

    async def bare(self, sql: str) -> str:
        """A statement of whoever took the jobs' account over; what it came to."""
        url = self.world.server.url(migrate.role_name("worker"), self.world.database_name)
        held = await asyncpg.connect(url)
        try:
            done: str = await held.execute(sql)
            return done
        finally:
            await held.close()


@pytest_asyncio.fixture
async def archive(server: embedded.Server) -> AsyncIterator[Archive]:
    async with a_copy(server) as kept:
        plan = UUID(kept.scene.docket.plan)
        [row] = await kept.world.sql("SELECT person FROM plan WHERE id = $1", plan)
        await kept.world.sql("UPDATE legal_hold SET ended_at = now(), ended_by = set_by")
        await kept.world.sql(
            "UPDATE subject_key SET wrapped = NULL, destroyed_at = now() WHERE id = $1"
            " OR id IN (SELECT b.id FROM member b WHERE b.plan = $2)",
            row["person"],
            plan,
        )
        yield Archive(kept, row["person"])


async def _persons(archive: Archive) -> dict[str, int]:
    found = {}
    for table, column in zip(OF_NOBODY, ("id", "person", "person"), strict=True):
        [row] = await archive.world.sql(
            f"SELECT count(*) AS n FROM {table} WHERE {column} = $1", archive.person
        )
        found[table] = row["n"]
    return found


async def test_five_years_after_nothing_of_it_is_left_and_all_of_others(archive: Archive) -> None:
    before = await archive.rows()
    assert {name for name in before if not before[name]} == {"welcome"}  # it went with its key
    assert all((await _persons(archive)).values()), await _persons(archive)
    others = await archive.others()
    await archive.close("5 years 5 days")
    assert await _night("plans") == {"plans": 1}
    assert await archive.rows() == {**dict.fromkeys(PLAN_ROWS, 0), "change": 1}
    [gone] = await archive.world.sql("SELECT * FROM change WHERE plan = $1", archive.plan)
    assert (gone["entity"], gone["entity_id"], gone["kind"]) == ("plan", archive.plan, "d")
    assert await _persons(archive) == dict.fromkeys(OF_NOBODY, 0)
    left = await archive.others()
    changed = {name for name in others if others[name] != left[name]}
    assert changed - {"job_round"} == set(OF_NOBODY)
    assert await _night("plans") == {"plans": 0}


async def test_the_program_takes_out_what_it_is_told_where_no_policy_stands_before_it(
    archive: Archive,
) -> None:
    await as_the_owner_of_everything(archive.world)
    others, persons = await archive.others(), await _persons(archive)
    another = await archive.another_plan()
    async with database.transaction():
        await delete_plans([archive.plan])
    assert await _persons(archive) == persons
    async with database.transaction():
        await delete_plans([another])
    assert await _persons(archive) == dict.fromkeys(OF_NOBODY, 0)
    left = await archive.others()
    assert {name for name in others if others[name] != left[name]} == {*OF_NOBODY, "change"}


async def test_it_is_not_gone_before(archive: Archive) -> None:
    before = await archive.rows()
    await archive.close("4 years 360 days")
    assert await _night("plans") == {"plans": 0}
    await archive.close("9 years", state="active_outside")
    assert await _night("plans") == {"plans": 0}
    after = await archive.rows()
    assert {**after, "change": 0} == {**before, "change": 0}


async def _proven(archive: Archive, ago: str, until: str) -> None:
    await archive.close(ago)
    await archive.world.sql(
        "UPDATE plan SET proof_until = now() + $2::text::interval WHERE id = $1",
        archive.plan,
        until,
    )


@pytest.mark.parametrize(
    ("ago", "until"), [("9 years", "1 hour"), ("89 days", "-1 hour"), ("89 days", "-80 days")]
)
async def test_it_stays_until_the_day_that_its_closing_computed_and_ninety_days(
    archive: Archive, ago: str, until: str
) -> None:
    await _proven(archive, ago, until)
    assert set((await _night("plans", *PROOFS)).values()) == {0}
    for table in (*PROVEN, "plan", "mandate"):
        assert await archive.bare(f"DELETE FROM {table}") == "DELETE 0", table


async def test_a_plan_of_a_minor_goes_whole_on_its_own_day(archive: Archive) -> None:
    await _proven(archive, "3 years", "-1 hour")
    assert await _night("plans") == {"plans": 1}
    assert await archive.rows() == {**dict.fromkeys(PLAN_ROWS, 0), "change": 1}


@pytest.mark.parametrize("ago", ["100 days", "300 days"])
async def test_it_goes_whole_too_where_the_year_of_its_messages_is_not_over(
    archive: Archive, ago: str
) -> None:
    await _proven(archive, ago, "-1 hour")
    assert await archive.world.sql(
        "SELECT 1 FROM message s WHERE s.plan = $1"
        " AND NOT EXISTS (SELECT 1 FROM claim c WHERE c.message = s.id)",
        archive.plan,
    )
    assert await _night("plans") == {"plans": 1}
    assert await archive.rows() == {**dict.fromkeys(PLAN_ROWS, 0), "change": 1}


@pytest.mark.parametrize(("ago", "gone"), [("880 days", 0), ("920 days", 1)])
async def test_where_an_earlier_release_closed_it_the_overlay_halves_the_term(
    archive: Archive, ago: str, gone: int
) -> None:
    await archive.close(ago)
    assert await _night("plans") == {"plans": 0}
    assert await archive.bare("DELETE FROM participation") == "DELETE 0"
    await archive.world.sql("UPDATE plan SET overlays = '{under18}' WHERE id = $1", archive.plan)
    assert await _night("plans") == {"plans": gone}


@pytest.mark.parametrize("table", PROVEN)
async def test_what_a_minor_agreed_to_goes_on_that_day(archive: Archive, table: str) -> None:
    before = (await archive.rows())[table]
    await _proven(archive, "3 years", "1 hour")
    assert (await _night(*PROOFS))[PROOFS_OF[table]] == 0
    await _proven(archive, "3 years", "-1 hour")
    assert (await _night(*PROOFS))[PROOFS_OF[table]] == before > 0


HELD = "UPDATE legal_hold SET ended_at = NULL, ended_by = NULL WHERE person = $1"


@pytest.mark.parametrize(
    "why",
    [
        "UPDATE subject_key SET wrapped = 'x', destroyed_at = NULL WHERE id = $1",
        (
            "UPDATE subject_key SET wrapped = 'x', destroyed_at = NULL WHERE id = ("
            " SELECT b.id FROM member b JOIN plan p ON p.id = b.plan WHERE p.person = $1 LIMIT 1)"
        ),
        HELD,
    ],
    ids=["a key still opens it", "a key opens one of its circle", "a legal hold stands"],
)
async def test_it_stays_for_a_reason_whatever_the_jobs_ask_for(archive: Archive, why: str) -> None:
    await archive.close("9 years")
    await archive.world.sql(why, archive.person)
    assert await _night("plans") == {"plans": 0}
    late = (*PROVEN, "message") if why == HELD else ()
    for table in ("plan", "task", *OF_A_PLAN, *late, *OF_NOBODY):
        assert await archive.bare(f"DELETE FROM {table}") == "DELETE 0", table


async def test_a_hold_on_somebody_else_keeps_nothing_of_this(archive: Archive) -> None:
    await archive.close("9 years")
    [row] = await archive.world.sql("SELECT person FROM plan WHERE id = $1", archive.other)
    await archive.world.sql(
        "INSERT INTO legal_hold SELECT (jsonb_populate_record(h, $1::jsonb)).* FROM legal_hold h"
        " LIMIT 1",
        json.dumps(
            {
                "id": str(uuid4()),
                "plan": str(archive.other),
                "person": str(row["person"]),
                "ended_at": None,
                "ended_by": None,
            }
        ),
    )
    assert await archive.bare("DELETE FROM channel_consent") != "DELETE 0"
    assert await _night("plans") == {"plans": 1}


async def test_a_hold_on_another_plan_of_the_person_is_one_on_this(archive: Archive) -> None:
    await archive.world.sql("UPDATE legal_hold SET plan = $1", await archive.another_plan())
    await archive.close("9 years")
    await archive.world.sql(HELD, archive.person)
    for table in ("plan", "mandate", "channel_consent", "message"):
        assert await archive.bare(f"DELETE FROM {table}") == "DELETE 0", table


@pytest.mark.parametrize("table", [*MOVABLE, "task", "message", "channel_consent"])
async def test_the_jobs_move_no_row_to_a_plan_that_is_over(archive: Archive, table: str) -> None:
    await archive.close("9 years")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="written once"):
        await archive.bare(f"UPDATE {table} SET plan = '{archive.other}'")
    if table in {"task", "message", "link"}:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="written once"):
            await archive.bare(f"UPDATE {table} SET plan = NULL")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE task SET opened_at = '2000-01-01Z'",
        "UPDATE message SET created_at = '2000-01-01Z'",
        "UPDATE channel_consent SET given_at = '2000-01-01Z'",
        "UPDATE channel_consent SET withdrawn_at = '2000-01-01Z'",
    ],
)
async def test_the_jobs_set_nothing_back(archive: Archive, sql: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="written once"):
        await archive.bare(sql)


async def test_a_task_of_no_plan_is_as_old_as_its_opening(archive: Archive) -> None:
    await archive.world.sql(
        "INSERT INTO task SELECT (jsonb_populate_record(t, $2::jsonb)).* FROM task t"
        " WHERE plan = $1 LIMIT 1",
        archive.plan,
        json.dumps({"id": str(uuid4()), "plan": None, "step": "another"}),
    )
    assert await archive.bare("UPDATE task SET closed_at = '2000-01-01Z' WHERE plan IS NULL")
    assert await archive.bare("DELETE FROM task") == "DELETE 0"
    assert await _night("tasks") == {"tasks": 0}


async def test_a_night_does_what_a_night_can(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.close("366 days")
    monkeypatch.setattr("workflows.ends.ROWS_A_NIGHT", 1)
    assert await _night("messages") == {"messages": 1}


async def test_a_wish_about_a_plan_that_is_held_stays(archive: Archive) -> None:
    await archive.world.sql("DELETE FROM mandate WHERE glass IS NOT NULL")
    await archive.world.sql(
        "UPDATE break_glass SET asked_at = now() - interval '6 years',"
        " alias = upper(p.alias) FROM plan p WHERE p.id = $1 AND p.agency = break_glass.agency",
        archive.plan,
    )
    await archive.world.sql(HELD, archive.person)
    assert await _night("wishes") == {"wishes": 0}
    await archive.world.sql("UPDATE legal_hold SET ended_at = now(), ended_by = set_by")
    assert (await _night("wishes"))["wishes"] > 0


async def test_a_plan_that_the_database_keeps_holds_up_no_other(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    await archive.another_plan()
    await archive.close("9 years")
    await archive.world.sql(
        "UPDATE plan SET closed_at = now() - interval '8 years' WHERE person = $1 AND id <> $2",
        archive.person,
        archive.plan,
    )
    await archive.world.sql(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'no' USING ERRCODE = 'foreign_key_violation'; END $$"
    )
    await archive.world.sql(
        "CREATE TRIGGER no BEFORE DELETE ON plan FOR EACH ROW"
        f" WHEN (OLD.id = '{archive.plan}') EXECUTE FUNCTION no()"
    )
    before = await archive.rows()
    assert await _night("plans") == {"plans": 1}
    assert await archive.rows() == before
    assert [one.msg for one in caplog.records] == ["a term was not carried out"]


async def test_a_person_stays_for_another_plan(archive: Archive) -> None:
    await archive.another_plan()
    await archive.close("9 years")
    persons = await _persons(archive)
    assert await _night("plans") == {"plans": 1}
    assert await _persons(archive) == persons


async def test_a_message_goes_a_year_after_and_what_was_tapped_with_the_plan(
    archive: Archive,
) -> None:
    async def left() -> list[Any]:
        return await archive.world.sql("SELECT id FROM message WHERE plan = $1", archive.plan)

    claimed = await archive.world.sql(
        "SELECT DISTINCT message AS id FROM claim WHERE plan = $1", archive.plan
    )
    there = await left()
    await archive.close("364 days")
    assert (await _night("messages"), await left()) == ({"messages": 0}, there)
    await archive.close("366 days", state="active_outside")
    assert (await _night("messages"), await left()) == ({"messages": 0}, there)
    await archive.close("366 days")
    assert (await _night("messages"))["messages"] == len(there) - len(claimed) > 0
    assert {row["id"] for row in await left()} == {row["id"] for row in claimed}


async def test_a_message_to_staff_goes_a_year_after_it_was_made(archive: Archive) -> None:
    await archive.world.sql(
        "INSERT INTO message SELECT (jsonb_populate_record(s, $2::jsonb)).* FROM message s"
        " WHERE plan = $1 LIMIT 1",
        archive.plan,
        json.dumps({"id": str(uuid4()), "plan": None, "tap": None, "step": "another"}),
    )
    for ago, gone in (("364 days", 0), ("366 days", 1)):
        await archive.world.sql(
            "UPDATE message SET created_at = now() - $1::text::interval WHERE plan IS NULL", ago
        )
        there = await archive.world.sql("SELECT 1 FROM message WHERE plan IS NULL")
        assert (await _night("messages"))["messages"] == gone * len(there)


async def test_the_jobs_delete_no_row_before_whatever_they_ask_for(archive: Archive) -> None:
    await archive.close("4 years 360 days")
    for table in (*PLAN_ROWS, *OF_NOBODY):
        if table != "message":
            assert await archive.bare(f"DELETE FROM {table}") == "DELETE 0", table
    assert await archive.bare("SELECT person FROM person_word") == "SELECT 0"
    await archive.close("9 years", state="active_outside")
    for table in ("plan", "task", "message", *OF_A_PLAN, *OF_NOBODY):
        assert await archive.bare(f"DELETE FROM {table}") == "DELETE 0", table
