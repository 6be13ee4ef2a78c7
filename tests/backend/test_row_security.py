"""The wall below the program: what each database role sees and may write, whatever SQL it sends."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import clock, embedded, migrate
from backend.database import Role, transaction
from tests.backend.acts import OF_SPARES
from tests.backend.kept import Kept, a_copy
from tests.backend.rows import a_new_copy, fetched_as, plans_seen
from tests.backend.scene import Scene
from tests.plan_rows import PLAN_ROWS
from tests.world import World

REFUSED = asyncpg.InsufficientPrivilegeError
# Of these who is no worker of the plan sees none, whatever else is theirs; of contacts what they
# logged, and here that is none.
OF_WORKERS = {"handover", "safety_flag", "protected_address", "custody_return"}
OF_WORKERS |= {
    "contact",
    "participation",
    "needs_review",
    "needs_area",
    "appointment_move",
    "relative",
}
OF_WORKERS |= {"welcome"}
# A plan and its first mandates are born together, so for these the agency is the wall.
BORN_TOGETHER = {"plan", "mandate", "change"}


@pytest.fixture
async def kept(server: embedded.Server) -> AsyncIterator[Kept]:
    async with a_copy(server) as made:
        yield made


async def test_each_role_reads_what_is_its_own_and_nothing_without_an_actor(kept: Kept) -> None:
    await _nothing_is_seen_without_an_actor()
    await _only_their_plans_areplans_seen(kept)
    await _the_owner_sees_a_few_and_the_backup_everything(kept.world)
    await _nothing_is_seen_the_moment_a_mandate_ends(kept.world, kept.scene)


async def _nothing_is_seen_without_an_actor() -> None:
    nothing: dict[str, set[UUID]] = {table: set() for table in PLAN_ROWS}
    assert await plans_seen(None) == nothing
    assert await plans_seen(uuid4()) == nothing
    for setting in ("", " ", "garbage", "0", "'; DROP TABLE plan; --", str(UUID(int=0))):
        for name in ("app.actor", "app.now"):
            for table in [*PLAN_ROWS, "person", "audit"]:
                assert await _rows_with(table, name, setting) == 0, (table, name, setting)


async def _rows_with(table: str, name: str, setting: str) -> int:
    """How many rows show with this setting; a setting that cannot be read shows none."""
    try:
        async with transaction() as held:
            await held.execute("SELECT set_config($1, $2, true)", name, setting)
            return int(await held.fetchval(f"SELECT count(*) FROM {table}"))
    except asyncpg.DataError:
        return 0


async def _only_their_plans_areplans_seen(kept: Kept) -> None:
    world, worker = kept.world, kept.scene.docket.worker.id
    mine, spares = UUID(kept.scene.docket.plan), {UUID(one) for one in kept.scene.spares}
    seen = await plans_seen(worker)
    held = await world.sql("SELECT DISTINCT plan FROM mandate WHERE actor = $1", worker)
    (opened,) = {row["plan"] for row in held} - {mine, *spares}
    every = {row["id"] for row in await world.sql("SELECT id FROM plan")}
    # who was erased is nobody's plan
    left = {UUID(kept.scene.acts[one].ids[0]) for one in OF_SPARES[1:]}
    assert len(every - {mine, *spares, opened}) >= 4
    for table in PLAN_ROWS:
        assert mine in seen[table], table
        assert seen[table] <= {mine, opened, *left}, table
    async with transaction(worker) as held_by:
        assert await held_by.fetchval("SELECT count(*) FROM person") == 7
        plans = await held_by.fetch("SELECT DISTINCT plan FROM audit")
        assert {row["plan"] for row in plans} <= {mine, opened, *left}


async def _nothing_is_seen_the_moment_a_mandate_ends(world: World, scene: Scene) -> None:
    until = clock.now() + timedelta(hours=1)
    officer = scene.docket.officer.id
    await world.sql("UPDATE mandate SET ends = $1 WHERE actor = $2", until, officer)
    clock.travel(lambda: until - timedelta(microseconds=1))
    seen = await plans_seen(officer)
    assert {table for table in seen if not seen[table]} == OF_WORKERS
    async with transaction(officer) as held:
        assert await held.fetchval("SELECT count(*) FROM person_word") == 0
    clock.travel(lambda: until)
    assert not any((await plans_seen(officer)).values())


async def _the_owner_sees_a_few_and_the_backup_everything(world: World) -> None:
    # of plans those that are closed, of members mentors; and by the map a machine is let speak
    seen = {"mandate", "wall", "legal_hold", "plan", "member", "relative", "welcome"}
    expected: dict[Role, set[str]] = {"owner": seen, "backup": set(PLAN_ROWS)}
    for role, tables in expected.items():
        url = world.server.url(migrate.role_name(role), world.database_name)
        held = await asyncpg.connect(url)
        try:
            counts = {
                table: await held.fetchval(f"SELECT count(*) FROM {table}") for table in PLAN_ROWS
            }
        finally:
            await held.close()
        assert {table for table, count in counts.items() if count} == tables, role


async def _insert(actor: UUID | None, table: str, row: dict[str, Any]) -> None:
    async with transaction(actor) as held:
        await held.execute(
            f"INSERT INTO {table} SELECT (jsonb_populate_record(null::{table}, $1::jsonb)).*",
            json.dumps(row),
        )


async def test_no_row_can_be_written_for_a_plan_of_another_agency(kept: Kept) -> None:
    for table in PLAN_ROWS:
        row = await a_new_copy(kept.world, table, kept.scene.docket.plan)
        with pytest.raises(REFUSED):
            await _insert(kept.elsewhere.docket.worker.id, table, row)
        with pytest.raises(REFUSED):
            await _insert(None, table, row)


async def test_no_row_can_be_written_for_a_plan_that_is_not_the_actors(kept: Kept) -> None:
    for table in PLAN_ROWS.keys() - BORN_TOGETHER:
        row = await a_new_copy(kept.world, table, kept.scene.docket.plan)
        with pytest.raises(REFUSED):
            await _insert(kept.other.docket.worker.id, table, row)


async def test_nobody_can_give_themselves_a_mandate_on_a_plan_that_has_one(kept: Kept) -> None:
    stranger = await kept.world.somebody("SW")
    row = await a_new_copy(kept.world, "mandate", kept.scene.docket.plan)
    with pytest.raises(REFUSED):
        await _insert(stranger.id, "mandate", {**row, "actor": str(stranger.id)})


async def test_rows_of_others_can_be_neither_changed_nor_deleted_nor_taken_over(
    kept: Kept,
) -> None:
    own, theirs = UUID(kept.scene.docket.plan), UUID(kept.other.docket.plan)
    worker, stranger = kept.scene.docket.worker.id, kept.other.docket.worker.id
    granted = await kept.world.sql(
        "SELECT DISTINCT table_name AS name, privilege_type AS kind"
        " FROM information_schema.column_privileges WHERE grantee = 'throughcare_app'"
        " AND privilege_type = 'UPDATE' UNION SELECT table_name, privilege_type"
        " FROM information_schema.table_privileges WHERE grantee = 'throughcare_app'"
    )
    changeable = {one["name"] for one in granted if one["kind"] == "UPDATE"} & PLAN_ROWS.keys()
    assert len(changeable) >= 8
    for table in changeable:
        column = PLAN_ROWS[table]
        async with transaction(stranger) as held:
            sql = f"UPDATE {table} SET version = version + 1 WHERE {column} = $1"
            assert await held.execute(sql, own) == "UPDATE 0", table
    for table in changeable - {"plan", "reading", "court_file"}:
        with pytest.raises(REFUSED):
            await _move(worker, table, own, theirs)
    deleted = {one["name"] for one in granted if one["kind"] == "DELETE"}
    for table in PLAN_ROWS.keys() - deleted:
        with pytest.raises(REFUSED):
            await _delete(worker, table)
    # what somebody has just done they take back
    await kept.world.sql("UPDATE contact SET at = at - interval '3 days'")
    # what a coordinator erases while a wish stands: nothing, for anybody else and at any other time
    for table in deleted & PLAN_ROWS.keys():
        assert await _delete(worker, table) == "DELETE 0", table


async def _move(actor: UUID | None, table: str, own: UUID, to: UUID) -> None:
    """Give an own row to another plan."""
    async with transaction(actor) as held:
        await held.execute(f"UPDATE {table} SET plan = $1 WHERE plan = $2", to, own)


async def _delete(actor: UUID | None, table: str) -> str:
    async with transaction(actor) as held:
        done: str = await held.execute(f"DELETE FROM {table}")
        return done


YESES = {"channel_consent", "disclosure", "participation"}


async def test_each_policy_for_changes_and_additions_stands_without_the_one_for_reads(
    kept: Kept,
) -> None:
    """A change looks at both, and its own row of changes has a wall too: either would hide it."""
    world, scene, elsewhere = kept.world, kept.scene, kept.elsewhere.docket.worker
    plan = UUID(scene.docket.plan)
    stranger = await world.somebody("SW")
    rows = {table: await a_new_copy(world, table, scene.docket.plan) for table in PLAN_ROWS}
    look_first = [("summary", "summary_seen"), ("needs_area", "needs_area_stays")]
    look_first += [(f"meeting_{one}", f"meeting_{one}_stays") for one in ("member", "item")]
    look_first += [("meeting_share", "meeting_share_stays"), ("meeting_note", "USER")]
    look_first += [("meeting_decision", "meeting_decision_new")]
    for table, looks in look_first:
        await world.sql(f"ALTER TABLE {table} DISABLE TRIGGER {looks}")  # before the wall does
    for table in [*PLAN_ROWS, "person", "break_glass"]:
        await world.sql(f"ALTER POLICY app_reads ON {table} USING (true)")
        await world.sql(f"GRANT SELECT, INSERT, UPDATE ON {table} TO throughcare_app")
    for table, column in sorted(PLAN_ROWS.items(), key=lambda one: one[0] != "change"):
        if table != "change":
            await world.sql("ALTER POLICY app_adds ON change WITH CHECK (true)")
        sql = f"UPDATE {table} SET {column} = {column} WHERE {column} = $1"
        assert await _changed(stranger.id, sql, plan) == "UPDATE 0", table
        for who in (elsewhere, stranger)[: 1 if table in BORN_TOGETHER else 2]:
            with pytest.raises(REFUSED, match="row-level security"):
                await _insert(who.id, table, {**rows[table], **_of(str(who.id), table)})
    people = "UPDATE person SET id = id WHERE id = (SELECT person FROM plan WHERE id = $1)"
    assert await _changed(stranger.id, people, plan) == "UPDATE 0"
    wishes = "UPDATE break_glass SET version = version WHERE agency = $1"
    assert await _changed(elsewhere.id, wishes, world.agency) == "UPDATE 0"


def _of(who: str, table: str) -> dict[str, Any]:
    """What is refused by itself, before the wall, where another than the actor wrote it."""
    if table in YESES:
        return {"recorded_by": who, "withdrawn_at": None}
    if table == "goal":
        return {"written_by": who, "ended_at": None, "how": None}
    if table == "reading":
        return {"recorded_by": who, "recorded_at": str(clock.now()), "summary": None}
    return {}


async def _changed(actor: UUID | None, sql: str, value: object) -> str:
    async with transaction(actor) as held:
        return str(await held.execute(sql, value))


async def test_nobody_adds_a_person_elsewhere_nor_a_wish_in_the_name_of_another(
    kept: Kept,
) -> None:
    world, elsewhere = kept.world, kept.elsewhere.docket.worker
    stranger = await world.somebody("SW")
    for table in ("person_word", "person", "break_glass"):
        (found,) = await world.sql(
            f"SELECT to_jsonb(t)::text AS row FROM {table} t WHERE agency = $1 LIMIT 1",
            world.agency,
        )
        row = {**json.loads(found["row"]), "id": str(uuid4())}
        with pytest.raises(REFUSED):
            await _insert(elsewhere.id, table, row)
        async with transaction(elsewhere.id) as held:
            assert await held.fetch(f"SELECT 1 FROM {table} WHERE agency = $1", world.agency) == []
    with pytest.raises(REFUSED):
        await _insert(stranger.id, "break_glass", row)
    assert kept.scene.docket.worker.id != stranger.id


# What is the agency's and has policies of its own: who of it may read it, and who wrote it down.
OF_THE_AGENCY = {
    "complaint": ("CO", "recorded_by"),
    "incident": ("DP", "recorded_by"),
    "data_flow": ("AD", "recorded_by"),
    "outside_review": ("DP", "done_by"),
}


async def test_what_is_the_agencys_is_seen_and_written_by_its_own_in_their_own_name(
    kept: Kept,
) -> None:
    world, callers, agency = kept.world, kept.scene.callers, kept.world.agency
    away = await world.an_agency(name="Beyond")
    others = [await world.somebody(role, agency=away) for role in ("CO", "DP", "AD")]
    others.append(await world.somebody("SW"))
    for table, (role, by) in OF_THE_AGENCY.items():
        seen = f"SELECT 1 FROM {table} WHERE agency = $1"
        rows = await world.sql(
            f"SELECT to_jsonb(t)::text AS row FROM {table} t WHERE agency = $1 LIMIT 1", agency
        )
        row = {**json.loads(rows[0]["row"]), "id": str(uuid4())}
        assert await fetched_as(callers[role].id, seen, agency), table
        for other in others:
            assert not await fetched_as(other.id, seen, agency), table
            with pytest.raises(REFUSED):
                await _insert(other.id, table, {**row, by: str(callers["SW"].id)})
        await world.sql(f"ALTER POLICY app_reads ON {table} USING (true)")
        await world.sql(f"GRANT UPDATE ON {table} TO throughcare_app")
        change = f"UPDATE {table} SET version = version WHERE agency = $1"
        for other in others:
            assert await _changed(other.id, change, agency) == "UPDATE 0", table


async def test_staff_see_what_belongs_to_no_plan_in_their_own_agency_only(world: World) -> None:
    worker = await world.somebody("SW")
    await worker.post("/invitations", {})
    (link,) = await world.sql("SELECT plan, subject FROM link")
    assert link == {"plan": None, "subject": worker.id}
    elsewhere = await world.somebody("SW", agency=await world.an_agency(name="Elsewhere"))
    for who, count in ((worker, 1), (elsewhere, 0)):
        async with transaction(who.id) as held:
            assert await held.fetchval("SELECT count(*) FROM link") == count


# What is told to the row policies: a list or one, of plans and of people.
TOLD = ("app.plans", "app.people", "app.plan", "app.person")


async def test_what_a_read_tells_the_policies_ends_with_it(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    reads = {
        "caseload_by_flow": "'SW', '{SW}', '{SW}', '0001-01-01', $1, 50",
        "caseload_in_view": "'SW', '{SW}', '{SW}', '{SW}', '{SW}', now(), '{\"view\": \"now\"}',"
        " '0001-01-01', $1, 50",
        "plan_by_flow": "'SW', now(), $1, '{planned}', '2040-01-01', '{SW}', '{SW}', '{SW}',"
        " '{SW}'",
    }
    async with transaction(worker.id) as held:
        for function, values in reads.items():
            nobody = UUID(int=0)
            asked = UUID(plan["id"]) if function == "plan_by_flow" else nobody
            assert await held.fetch(f"SELECT * FROM {function}({values})", asked)
            for setting in TOLD:
                assert not await held.fetchval("SELECT current_setting($1, true)", setting)


@pytest.mark.parametrize(
    "told",
    ["", ",", "{}", "{NULL}", "garbage", "'); --", "%", "00000000-0000-0000-0000-000000000000"],
)
async def test_policies_that_are_told_of_no_plan_show_none(world: World, told: str) -> None:
    await world.a_plan(await world.somebody("SW"))
    async with transaction() as held:
        for setting in TOLD:
            await held.execute("SELECT set_config($1, $2, true)", setting, told)
        for table in ("plan", "person", "mandate", "milestone", "appointment", "member", "link"):
            assert await held.fetch(f"SELECT 1 FROM {table}") == [], table
