"""Who sees rows about those who work here, and whose keys: whatever SQL the application sends."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import embedded
from backend.database import transaction
from tests.backend.kept import Kept, a_copy
from tests.world import World

REFUSED = asyncpg.InsufficientPrivilegeError
# What names a row that is somebody's own, table by table.
OWN = {
    "session": "staff",
    "device": "staff",
    "factor": "staff",
    "passkey": "staff",
    "account_notice": "staff",
    "once": "subject",
    "recent_act": "actor",
    "refresh_token": "(SELECT staff FROM session s WHERE s.id = session)",
    "recovery_code": "coalesce(staff, (SELECT f.staff FROM factor f WHERE f.id = factor))",
}
OTHERS = ("actor", "subject_key", "staff", "duty_shift", "account_invitation", "entry_key")
GARBAGE = ("", " ", "garbage", "0", "'; DROP TABLE staff; --", str(UUID(int=0)), str(uuid4()))


@pytest.fixture
async def kept(server: embedded.Server) -> AsyncIterator[Kept]:
    async with a_copy(server) as made:
        yield made


async def _seen(actor: UUID | None, table: str) -> set[UUID]:
    async with transaction(actor) as held:
        return {row["id"] for row in await held.fetch(f"SELECT id FROM {table}")}


async def _every(world: World, table: str, where: str = "true", *values: object) -> set[UUID]:
    rows = await world.sql(f"SELECT id FROM {table} WHERE {where}", *values)
    return {row["id"] for row in rows}


async def _rows_with(table: str, setting: str) -> int:
    """How many rows show with this actor; one that cannot be read shows none."""
    try:
        async with transaction() as held:
            await held.execute("SELECT set_config('app.actor', $1, true)", setting)
            await held.execute("SELECT set_config('app.now', now()::text, true)")
            return int(await held.fetchval(f"SELECT count(*) FROM {table}"))
    except asyncpg.DataError:
        return 0


async def test_nobody_sees_a_row_without_being_somebody(kept: Kept) -> None:
    await _a_paper(kept.world)
    for table in (*OWN, *OTHERS):
        assert await _every(kept.world, table), table
        assert await _seen(None, table) == set(), table
        for setting in GARBAGE:
            assert await _rows_with(table, setting) == 0, (table, setting)


async def test_who_there_is_is_seen_by_nobody_but_whoever_adds_them(kept: Kept) -> None:
    callers = kept.scene.callers
    for reader in (*(one.id for one in callers.values()), kept.elsewhere.docket.worker.id):
        assert await _seen(reader, "actor") == {reader}
    new = {
        "id": str(uuid4()),
        "agency": str(kept.world.agency),
        "kind": "person",
        "created_at": "2026-01-01T00:00:00Z",
    }
    async with transaction(callers["SW"].id) as held:
        await held.execute(
            "INSERT INTO actor SELECT (jsonb_populate_record(null::actor, $1::jsonb)).*",
            json.dumps(new),
        )
        seen = {row["id"] for row in await held.fetch("SELECT id FROM actor")}
        assert seen == {callers["SW"].id, UUID(new["id"])}
    assert await _seen(callers["SW"].id, "actor") == {callers["SW"].id}


async def test_what_is_somebodys_own_is_seen_and_changed_by_nobody_else(kept: Kept) -> None:
    callers, elsewhere = kept.scene.callers, kept.elsewhere.docket.worker.id
    readers = [*(one.id for one in callers.values()), elsewhere, uuid4()]
    for table, column in OWN.items():
        holders = [
            row["who"] for row in await kept.world.sql(f"SELECT {column} AS who FROM {table}")
        ]
        for reader in {*readers, holders[0]}:
            own = await _every(kept.world, table, f"{column} = $1", reader)
            assert await _seen(reader, table) == own, table
        stranger = next(one for one in readers if one != holders[0])
        await _changes_nothing(kept.world, table, stranger, column, holders[0])
        with pytest.raises(REFUSED):
            await _add_a_copy(kept.world, table, stranger, column, holders[0])


async def _changes_nothing(
    world: World, table: str, who: UUID | None, column: str, holder: UUID
) -> None:
    """Not even where it is seen: so the policy for changes stands by itself."""
    theirs = await _every(world, table, f"{column} = $1", holder)
    assert theirs, table
    async with _seen_by_everybody(world, table):
        assert await _changed(who, table, theirs) == "UPDATE 0", table


@asynccontextmanager
async def _seen_by_everybody(world: World, table: str) -> AsyncIterator[None]:
    (before,) = await world.sql(
        "SELECT qual FROM pg_policies WHERE tablename = $1 AND policyname = 'app_reads'", table
    )
    await world.sql(f"GRANT SELECT, INSERT, UPDATE ON {table} TO throughcare_app")
    await world.sql(f"ALTER POLICY app_reads ON {table} USING (true)")
    yield
    await world.sql(f"ALTER POLICY app_reads ON {table} USING ({before['qual']})")


async def _changed(who: UUID | None, table: str, rows: set[UUID]) -> str:
    async with transaction(who) as held:
        return str(await held.execute(f"UPDATE {table} SET id = id WHERE id = ANY($1)", rows))


async def _add_a_copy(
    world: World, table: str, who: UUID | None, column: str, holder: UUID
) -> None:
    (row,) = await world.sql(
        f"SELECT to_jsonb(t)::text AS row FROM {table} t WHERE {column} = $1 LIMIT 1", holder
    )
    # on no device: whose that is, is asked before the wall
    none = {"device": None} if table == "session" else {}
    await _add(table, who, {**json.loads(row["row"]), "id": str(uuid4()), **none})


async def _add(table: str, who: UUID | None, new: Mapping[str, object]) -> None:
    async with transaction(who) as held:
        await held.execute(
            f"INSERT INTO {table} SELECT (jsonb_populate_record(null::{table}, $1::jsonb)).*",
            json.dumps(new),
        )


async def test_the_rota_invitations_and_papers_are_written_by_whose_work_it_is(
    kept: Kept,
) -> None:
    world, callers, away = kept.world, kept.scene.callers, kept.elsewhere.callers
    await _a_paper(world)
    for table, role, column in (
        ("duty_shift", "CO", "agency"),
        ("account_invitation", "AD", "agency"),
        ("entry_key", None, "subject"),
    ):
        (found,) = await world.sql(f"SELECT {column} AS whose FROM {table} LIMIT 1")
        theirs = await _every(world, table, f"{column} = $1", found["whose"])
        # each of them is let do this at home, or sees the row by its paper
        others = [callers["SW"], callers["PO"], *(away[one] for one in ("CO", "AD", "SW"))]
        async with _seen_by_everybody(world, table):
            for other in others:
                assert await _changed(other.id, table, theirs) == "UPDATE 0", (table, other.id)
                with pytest.raises(REFUSED):
                    await _add_a_copy(world, table, other.id, column, found["whose"])
            holder = callers[role].id if role else found["whose"]
            assert await _changed(holder, table, theirs) == f"UPDATE {len(theirs)}", table
    administrator = await world.somebody("AD")
    with pytest.raises(REFUSED):  # in the name of another one
        await _add_a_copy(
            world, "account_invitation", administrator.id, "agency", UUID(str(world.agency))
        )


async def _a_paper(world: World) -> None:
    await world.sql(
        "INSERT INTO entry_key (id, subject, code, pin, tries)"
        " SELECT gen_random_uuid(), id, '\\x00', '\\x00', 0 FROM person LIMIT 1"
    )


async def test_accounts_are_seen_in_their_agency_and_by_whose_plans_they_are_on(
    kept: Kept,
) -> None:
    world, scene = kept.world, kept.scene
    house = await _every(world, "staff", "agency = $1", world.agency)
    for caller in scene.callers.values():
        if caller.id in house:
            seen = await _seen(caller.id, "staff")
            guests = await _every(
                world,
                "staff",
                "agency <> $1 AND id IN (SELECT m.actor FROM mandate m JOIN mandate n"
                " ON n.plan = m.plan AND n.actor = $2)",
                world.agency,
                caller.id,
            )
            assert house <= seen <= house | guests
    assert not house & await _seen(kept.elsewhere.docket.worker.id, "staff")
    for table in ("duty_shift", "account_invitation"):
        here = await _every(world, table, "agency = $1", world.agency)
        assert here, table
        assert await _seen(scene.callers["CO"].id, table) == here
        assert await _seen(scene.callers["AD"].id, table) == here
        assert not await _seen(kept.elsewhere.callers["CO"].id, table) & here
    assert await _seen(scene.docket.worker.id, "account_invitation") == set()


async def test_somebody_of_another_agency_sees_who_is_on_the_plan_and_no_colleague_of_theirs(
    world: World,
) -> None:
    worker, colleague = await world.somebody("SW"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    away = await world.an_agency(name="Elsewhere")
    officer, stranger = [await world.somebody("PO", agency=away) for _ in range(2)]
    await world.a_flow(away)
    answer = await worker.post(
        f"/plans/{plan['id']}/circle", {"role": "PO", "login": officer.login}
    )
    assert answer.status_code == 201, answer.text
    house = await _every(world, "staff", "agency = $1", world.agency)
    there = {officer.id, stranger.id}
    circle = await _every(
        world, "staff", "id IN (SELECT actor FROM mandate WHERE plan = $1)", UUID(plan["id"])
    )
    assert colleague.id in house - circle
    assert await _seen(officer.id, "staff") == circle | there
    assert await _seen(worker.id, "staff") == house | {officer.id}
    assert await _seen(stranger.id, "staff") == there
    person = await world.sql("SELECT person FROM plan WHERE id = $1", UUID(plan["id"]))
    assert await _seen(person[0]["person"], "staff") == set()


async def test_an_account_is_changed_by_its_holder_and_ended_by_its_administrator(
    world: World,
) -> None:
    worker, colleague = await world.somebody("SW"), await world.somebody("SW")
    administrator = await world.somebody("AD")
    away = await world.an_agency(name="Elsewhere")
    other = await world.somebody("AD", agency=away)
    for who, count in ((worker, 1), (administrator, 1), (colleague, 0), (other, 0)):
        async with transaction(who.id) as held:
            done = await held.execute(
                "UPDATE staff SET version = version + 1 WHERE id = $1", worker.id
            )
            assert done == f"UPDATE {count}"
    await worker.sign_in()
    for who, left in ((colleague, 1), (other, 1), (administrator, 0)):
        async with transaction(who.id) as held:
            await held.execute("SELECT sign_out_colleague($1, now())", worker.id)
        open_ones = await _every(world, "session", "staff = $1 AND ended_at IS NULL", worker.id)
        assert len(open_ones) == left
    for sql in ("role = 'AD'", "agency = id", "login = 'x'"):
        with pytest.raises(REFUSED):
            await _set(worker.id, sql)


async def _set(who: UUID | None, what: str) -> None:
    async with transaction(who) as held:
        await held.execute(f"UPDATE staff SET {what} WHERE id = $1", who)


async def test_no_role_reads_hashes_of_passwords_and_nobody_sets_another_ones(
    world: World,
) -> None:
    worker, administrator = await world.somebody("SW"), await world.somebody("AD")
    for role in ("throughcare_app", "throughcare_worker"):
        held = await asyncpg.connect(world.server.url(role, world.database_name))
        try:
            with pytest.raises(REFUSED):
                await held.fetch("SELECT password FROM staff")
        finally:
            await held.close()
    for who, mine in ((worker, True), (administrator, False)):
        (own,) = await world.sql("SELECT password FROM staff WHERE id = $1", worker.id)
        async with transaction(who.id) as held:
            assert await held.fetchval("SELECT is_still_mine($1)", own["password"]) is mine
            told = await held.fetchrow("SELECT login FROM my_account('\\x00')")
            assert told["login"] == who.login
    assert await _sets_a_password(worker.id, worker.id) == "UPDATE 1"
    with pytest.raises(REFUSED):
        await _sets_a_password(administrator.id, worker.id)


async def _sets_a_password(who: UUID | None, of: UUID | None) -> str:
    async with transaction(who) as held:
        sql = "UPDATE staff SET password = gen_random_uuid()::text WHERE id = $1"
        return str(await held.execute(sql, of))


async def test_jobs_read_accounts_keys_and_the_rota_and_no_way_in(kept: Kept) -> None:
    url = kept.world.server.url("throughcare_worker", kept.world.database_name)
    held = await asyncpg.connect(url)
    try:
        for table in ("staff", "subject_key", "duty_shift"):
            every = await _every(kept.world, table)
            assert {row["id"] for row in await held.fetch(f"SELECT id FROM {table}")} == every
        # the keyed hashes are made by a job, which reads nothing else there
        for column in ("subject", "operation", "object"):
            with pytest.raises(REFUSED):
                await held.fetch(f"SELECT {column} FROM once")
        for table in ("session", "refresh_token", "factor", "passkey", "device", "entry_key"):
            with pytest.raises(REFUSED):
                await held.fetch(f"SELECT id FROM {table}")
    finally:
        await held.close()


# Whose key it is that seals a row, or a chat, table by table.
SEALED_FOR = {
    "person": ["id"],
    "member": ["id"],
    "link": ["subject"],
    "court_file": ["subject"],
    "complaint": ["subject"],
    "break_glass": ["asked_by"],
    "incident": ["recorded_by", "closed_by"],
    "mentor": ["id"],
    "club": ["id"],
    "welcome": ["id"],
}


async def test_keys_are_ones_own_and_those_of_whose_rows_one_sees(kept: Kept) -> None:
    callers = kept.scene.callers.values()
    readers = [*(one.id for one in callers), kept.scene.docket.court.id]
    readers += [kept.other.docket.worker.id, kept.elsewhere.docket.worker.id]
    for reader in readers:
        async with transaction(reader) as held:
            rows = [
                row["id"]
                for table, columns in SEALED_FOR.items()
                for column in columns
                for row in await held.fetch(f"SELECT {column} AS id FROM {table}")
            ]
        own = await _every(kept.world, "subject_key", "id = $1 OR id = ANY($2)", reader, rows)
        assert await _seen(reader, "subject_key") == own
    people = await _every(kept.world, "person", "agency = $1", kept.world.agency)
    keys = await _seen(kept.scene.docket.worker.id, "subject_key")
    assert 0 < len(keys & people) < len(people)
    assert not await _seen(kept.elsewhere.docket.worker.id, "subject_key") & people
    assert not await _seen(kept.scene.callers["AD"].id, "subject_key") & people


async def test_a_key_comes_with_whose_it_is_and_is_given_to_nobody_else(kept: Kept) -> None:
    worker = kept.scene.docket.worker.id
    for who in (kept.elsewhere.docket.worker.id, worker):
        with pytest.raises(REFUSED):
            await _give_a_key(worker, await _keyless(kept.world, who))


async def test_an_account_comes_with_whoever_it_is_of_and_is_given_to_nobody_else(
    kept: Kept,
) -> None:
    administrator = kept.scene.callers["AD"].id
    (row,) = await kept.world.sql(
        "SELECT to_jsonb(s)::text AS row FROM staff s WHERE id = $1", administrator
    )
    new = {"id": str(await _keyless(kept.world, administrator)), "login": "somebody new"}
    with pytest.raises(REFUSED):
        await _add("staff", administrator, {**json.loads(row["row"]), **new})


async def _keyless(world: World, agency_of: UUID | None) -> UUID:
    """Somebody who is there and has no key."""
    id_ = uuid4()
    await world.sql(
        "INSERT INTO actor (id, agency, kind, created_at)"
        " SELECT $1, agency, 'member', now() FROM actor WHERE id = $2",
        id_,
        agency_of,
    )
    return id_


async def _give_a_key(actor: UUID | None, to: UUID) -> None:
    async with transaction(actor) as held:
        await held.execute("INSERT INTO subject_key (id, wrapped) VALUES ($1, '\\x00')", to)


# And what asks for the exact value that somebody shows.
WAYS: Mapping[str, str] = {
    "account_of_login": "'nobody', '\\x00', '\\x00'",
    "account_of_passkey": "'\\x00', '\\x00'",
    "my_account": "'\\x00'",
    "holder_of": "'\\x00', now(), false",
    "enter_by_refresh": "'\\x00', now()",
    "invitation_of": "'\\x00', now()",
    "try_pass": "'\\x00', 5",
    "holder_of_pass": "'\\x00', now()",
}


async def test_a_way_in_tells_of_the_one_whose_it_is_and_of_nobody_else(kept: Kept) -> None:
    login = kept.scene.docket.worker.login
    async with transaction() as held:
        for name, values in WAYS.items():
            assert await held.fetch(f"SELECT * FROM {name}({values})") == [], name
        rows = await held.fetch("SELECT * FROM account_of_login($1, '\\x00', '\\x00')", login)
        assert [row["id"] for row in rows] == [kept.scene.docket.worker.id]
        for guess in ("%", "", f"{login}%", f"{login}' OR true --"):
            sql = "SELECT * FROM account_of_login($1, '\\x00', '\\x00')"
            assert await held.fetch(sql, guess) == [], guess
