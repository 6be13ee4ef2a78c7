"""What the release before has written outlives the migrations, and what it calls still works."""

import asyncio
import hashlib
import re
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager

from backend import database, embedded, migrate
from backend.flows.rules import OF_KIND
from benchmarks.ground import AGENCY, LOAD, STAFF, ZONES
from tests.mutation.conditions import conditions

# the last migrations of earlier releases
FIRST, SECOND = "2026-11-22T10:00:00:000000", "2026-11-22T17:00:00:000000"
OPEN = "2026-11-29T10:10:00:000000"  # grants alone stood before accounts and keys
BEFORE = "2026-11-29T12:30:00:000000"  # actors were seen by everybody
LOCK_SECONDS = 4  # how long a statement of ours waits for a lock
TOKEN = hashlib.sha256(b"a token").digest()


@pytest.fixture
async def before(server: embedded.Server, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """A superuser in a database of an earlier release, with plans in it."""
    name = "of_the_release_before"
    made = await asyncpg.connect(server.url(database="postgres"))
    await made.execute(f"CREATE DATABASE {name}")
    await migrate.prepare(server.url(database=name))
    await database.connect("owner", server.url(migrate.role_name("owner"), name), size=2)
    try:
        manager = ForwardsMigrationManager(app_name="throughcare", migration_id=request.param)
        assert (await manager.run()).success
    finally:
        await database.disconnect("owner")
    held = await asyncpg.connect(server.url(database=name))
    try:
        await held.execute(_plans())
        yield held
    finally:
        await held.close()
        await made.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await made.close()


def _plans() -> str:
    zones = ", ".join(f"'{zone}'" for zone in ZONES)
    load = LOAD.format(
        agency=AGENCY, staff=STAFF, bot="gen_random_uuid()", plans=3, rows=5, due=1,
        day="2031-03-12", zones=zones,
    )  # fmt: skip
    return f"""
    {load}
    SELECT refresh_next_due(ARRAY(SELECT id FROM plan));
    INSERT INTO subject_key (id, wrapped) SELECT id, '\\x00' FROM person;
    INSERT INTO staff (id, agency, version, login, alias, role, password, active,
                       created_at)
    VALUES ({STAFF}, {AGENCY}, 1, 'sam', 'Sam', 'SW', 'x', true, now());
    INSERT INTO session (id, staff, access, access_until, until, browser)
    VALUES (gen_random_uuid(), {STAFF}, '\\x{TOKEN.hex()}', now() + interval '1 hour',
            now() + interval '1 day', false);
    """


async def _upgrade(server: embedded.Server, held: Any) -> None:
    name = await held.fetchval("SELECT current_database()")
    await migrate.migrate(server.url(migrate.role_name("owner"), name))


of_the_first = pytest.mark.parametrize("before", [FIRST], indirect=True)
of_the_second = pytest.mark.parametrize("before", [SECOND], indirect=True)
before_accounts = pytest.mark.parametrize("before", [OPEN], indirect=True)
of_the_last = pytest.mark.parametrize("before", [BEFORE], indirect=True)


@of_the_first
async def test_a_plan_of_the_first_release_knows_how_long_its_next_row_may_wait(
    server: embedded.Server, before: Any
) -> None:
    changes = await before.fetchval("SELECT count(*) FROM change")
    await _upgrade(server, before)
    rows = await before.fetch(
        "SELECT p.next_win_after, n.win_after FROM plan p JOIN milestone n"
        " ON n.id = p.next_milestone"
    )
    assert [tuple(row) for row in rows] == [(7, 7)] * 3
    assert await before.fetchval("SELECT count(*) FROM change") == changes


@of_the_first
async def test_the_walls_that_an_upgrade_opened_for_itself_are_closed_again(
    server: embedded.Server, before: Any
) -> None:
    await _upgrade(server, before)
    forced = "SELECT bool_and(relforcerowsecurity) FROM pg_class WHERE relname = ANY($1)"
    assert await before.fetchval(forced, ["plan", "milestone"])
    asleep = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'O'"
    assert await before.fetchval(asleep) == 0


@of_the_last
async def test_an_agency_of_before_asks_what_it_asked_and_a_new_one_asks_for_passkeys(
    server: embedded.Server, before: Any
) -> None:
    asks = "SELECT name, second_factor FROM agency ORDER BY name"
    assert [tuple(row) for row in await before.fetch(asks)] == [("Horizon", "none")]
    await _upgrade(server, before)
    await before.execute(
        "INSERT INTO agency (id, version, name, service_alias, zone, language, working_days, opens,"
        " closes) SELECT gen_random_uuid(), 1, 'New', service_alias, zone, language, working_days,"
        " opens, closes FROM agency"
    )
    rows = [tuple(row) for row in await before.fetch(asks)]
    assert rows == [("Horizon", "none"), ("New", "passkeys")]


@of_the_last
async def test_what_the_release_before_calls_still_answers(
    server: embedded.Server, before: Any
) -> None:
    # the plans came in the same statement as their mandates, whose trigger could not see them
    await before.execute("UPDATE mandate m SET person = p.person FROM plan p WHERE p.id = m.plan")
    await _upgrade(server, before)
    name = await before.fetchval("SELECT current_database()")
    app = await asyncpg.connect(server.url(migrate.role_name("app"), name))
    try:
        windows = await app.fetchval(
            "SELECT wins FROM read_caseload_by_flow($1, $2, '{SW}', '{SW,CO}', '{SW}', NULL,"
            " '0001-01-01', '00000000-0000-0000-0000-000000000000', 50)",
            TOKEN,
            datetime.now(UTC),
        )
    finally:
        await app.close()
    assert windows == [7] * 3


@of_the_first
async def test_an_upgrade_that_loses_a_lock_to_the_release_before_tries_again(
    server: embedded.Server, before: Any
) -> None:
    name = await before.fetchval("SELECT current_database()")
    busy = await asyncpg.connect(server.url(database=name))
    holding = busy.transaction()
    await holding.start()
    await busy.execute("LOCK TABLE plan IN ACCESS SHARE MODE")
    try:
        upgrading = asyncio.ensure_future(_upgrade(server, before))
        await asyncio.sleep(LOCK_SECONDS + 0.5)  # the first try has been refused by now
        assert not upgrading.done()
        await holding.rollback()
        await upgrading
    finally:
        await busy.close()
    assert await before.fetchval("SELECT count(*) FROM plan WHERE next_win_after IS NULL") == 0


# Somebody of another agency with a mandate, and a court's machine with a file, as of before.
_TODAY = f"""
INSERT INTO agency SELECT (jsonb_populate_record(
       a, jsonb_build_object('id', 'a0000000-0000-4000-8000-000000000001', 'name', 'Afar'))).*
  FROM agency a WHERE a.id = {AGENCY};
INSERT INTO actor (id, agency, kind, created_at) VALUES
    ('a0000000-0000-4000-8000-000000000002', 'a0000000-0000-4000-8000-000000000001', 'staff',
     now()),
    ('a0000000-0000-4000-8000-000000000003', {AGENCY}, 'court', now());
INSERT INTO court_client (id, agency, version, label, client_index, secret, created_at)
VALUES ('a0000000-0000-4000-8000-000000000003', {AGENCY}, 1, 'First chamber', 'x', 'x', now());
INSERT INTO mandate (id, agency, plan, version, actor, role, starts, granted_by)
SELECT gen_random_uuid(), agency, id, 1, 'a0000000-0000-4000-8000-000000000002', 'PO',
       now() - interval '1 day', {STAFF} FROM plan LIMIT 1;
"""


# Groups that came later: to another agency they flow by a word of the agency, and by none of ours.
SINCE = {"agency": {"meetings"}}


@of_the_second
async def test_what_an_agency_does_today_flows_on_and_waits_for_a_word(
    server: embedded.Server, before: Any
) -> None:
    await before.execute(_TODAY)
    await _upgrade(server, before)
    sql = f"SELECT * FROM data_flow WHERE agency = {AGENCY} ORDER BY kind, to_role"
    rows = await before.fetch(sql)
    assert [(row["kind"], row["to_role"], row["basis"]) for row in rows] == [
        ("agency", None, "law"),
        ("chat", "FA", "authorisation"),
        ("chat", "ME", "authorisation"),
        ("chat", "PE", "own_right"),
        ("court", None, "law"),
        ("person", None, "own_right"),
    ]
    for row in rows:
        since = SINCE.get(row["kind"], set())
        assert set(row["groups"]) == OF_KIND[row["kind"]] - since, row["kind"]
        assert row["confirmed_at"] is None
        assert row["law"] is None
    waits = {flow["kind"]: flow for flow in rows}
    assert str(waits["agency"]["to_agency"]) == "a0000000-0000-4000-8000-000000000001"
    assert str(waits["court"]["court"]) == "a0000000-0000-4000-8000-000000000003"
    # and the reader sees their plan as before
    async with before.transaction():
        await before.execute("SET LOCAL ROLE throughcare_app")
        await before.execute(
            "SELECT set_config('app.actor', 'a0000000-0000-4000-8000-000000000002', true),"
            " set_config('app.now', now()::text, true)"
        )
        assert await before.fetchval("SELECT count(*) FROM plan") == 1
    afar = "SELECT count(*) FROM data_flow WHERE agency = 'a0000000-0000-4000-8000-000000000001'"
    assert await before.fetchval(afar) == 4  # its own chats, and the files of its people


# How the release before adds an actor: it asks for the row that is not there yet.
_ADD = """
INSERT INTO actor (id, kind, created_at) VALUES (gen_random_uuid(), 'person', now())
    ON CONFLICT (id) DO NOTHING
"""
# And how it writes, with nobody in scope, what somebody did who has only just come in.
_NOTE = """
INSERT INTO audit (at, actor, operation, role, outcome)
VALUES (now(), gen_random_uuid(), $1, $2, 'done')
"""


async def _accepts(before: Any, app: Any, login: str) -> None:
    """As the release before accepts an invitation: the account first, and the code is spent."""
    await before.execute(
        "INSERT INTO account_invitation (id, agency, version, role, alias, hash, invited_by,"
        " made_at, expires_at) SELECT gen_random_uuid(), agency, 1, 'SW', 'Robin',"
        f" '{login}', id, now(), now() + interval '1 hour' FROM staff WHERE login = 'sam'"
    )
    id_ = uuid4()
    async with app.transaction():
        agency = await app.fetchval("SELECT agency FROM invitation_of($1, now())", login.encode())
        await app.execute(
            "INSERT INTO actor (id, agency, kind, created_at) VALUES ($1, $2, 'staff', now())",
            id_,
            agency,
        )
        await app.execute(
            "INSERT INTO staff (id, agency, version, role, login, alias, password, active,"
            " created_at) VALUES ($1, $2, 1, 'SW', $3, 'Robin', 'x', true, now())",
            id_,
            agency,
            login,
        )
        await app.execute("SELECT spend_invitation($1, $2, now())", login.encode(), id_)
    spent = "SELECT count(*) FROM account_invitation WHERE account = $1 AND used_at IS NOT NULL"
    assert await before.fetchval(spent, id_) == 1


@of_the_last
async def test_what_the_release_before_needs_is_left_open_until_it_is_closed_and_nothing_else(
    server: embedded.Server, before: Any
) -> None:
    # what an operator forgot to close, which the release before asked for no more
    await before.execute("CREATE POLICY release_before ON session TO throughcare_app USING (true)")
    await before.execute("UPDATE migration SET ran_on = ran_on - interval '2 hours'")
    await _upgrade(server, before)
    left = (
        "SELECT tablename::text, policyname::text FROM pg_policies"
        " WHERE policyname LIKE 'release%' ORDER BY policyname, tablename"
    )
    assert [tuple(row) for row in await before.fetch(left)] == [
        ("actor", "release_before"),
        ("audit", "release_before"),
        ("contact", "release_before"),
        ("actor", "release_before_adds"),
        ("staff", "release_before_adds"),
    ]
    name = await before.fetchval("SELECT current_database()")
    owner = server.url(migrate.role_name("owner"), name)
    assert await migrate.is_open(owner)
    app = await asyncpg.connect(server.url(migrate.role_name("app"), name))
    try:
        assert await app.execute(_ADD) == "INSERT 0 1"
        await _accepts(before, app, "robin")
        for operation, role in (("courtToken", "CT"), ("acceptInvitation", ""), ("makeBot", "OP")):
            assert await app.execute(_NOTE, operation, role) == "INSERT 0 1"
        for operation, role in (("retention", "OP"), ("restore", "OP"), ("getPlan", "SW")):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute(_NOTE, operation, role)
        for _ in range(2):  # a second time there is nothing left to close
            await migrate.close(owner)
            assert not await migrate.is_open(owner)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(_ADD)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _accepts(before, app, "alex")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(_NOTE, "courtToken", "CT")
        assert await app.fetchval("SELECT count(*) FROM actor") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("SELECT close_release_before()")
    finally:
        await app.close()


# What the release before accounts were walled asks as nobody yet: at a sign-in, of a token, at a
# refresh, of a code.
AS_NOBODY = {
    "staff": "SELECT id FROM staff WHERE login = 'sam' AND active",
    "subject_key": "SELECT k.id FROM subject_key k JOIN staff s ON s.id = k.id",
    "session": "UPDATE session SET access_until = access_until RETURNING id",
    "refresh_token": "UPDATE refresh_token SET used_at = now() RETURNING id",
    "device": "UPDATE device SET seen_at = now() RETURNING id",
    "factor": "SELECT id FROM factor",
}


async def _found(server: embedded.Server, held: Any) -> dict[str, int]:
    """How many rows the application's role finds with each of these."""
    name = await held.fetchval("SELECT current_database()")
    app = await asyncpg.connect(server.url(migrate.role_name("app"), name))
    try:
        return {table: len(await app.fetch(sql)) for table, sql in AS_NOBODY.items()}
    finally:
        await app.close()


@before_accounts
async def test_accounts_stay_open_to_the_release_before_until_they_are_closed(
    server: embedded.Server, before: Any
) -> None:
    await before.execute(f"""
    INSERT INTO subject_key (id, wrapped) VALUES ({STAFF}, '\\x00');
    INSERT INTO refresh_token (id, session, hash) SELECT gen_random_uuid(), id, access FROM session;
    INSERT INTO device (id, staff, hash, name, browser, made_at, seen_at)
    VALUES (gen_random_uuid(), {STAFF}, '\\x00', '', false, now(), now());
    INSERT INTO factor (id, staff, secret, used_step, made_at)
    VALUES (gen_random_uuid(), {STAFF}, '\\x00', 0, now());
    """)
    assert await _found(server, before) == dict.fromkeys(AS_NOBODY, 1)
    await _upgrade(server, before)
    assert await _found(server, before) == dict.fromkeys(AS_NOBODY, 1)
    name = await before.fetchval("SELECT current_database()")
    owner = server.url(migrate.role_name("owner"), name)
    assert await migrate.is_open(owner)
    app = await asyncpg.connect(server.url(migrate.role_name("app"), name))
    try:
        # the keys of people are closed at once: it asks for them as somebody
        people = "SELECT count(*) FROM subject_key k JOIN actor a ON a.id = k.id"
        assert await app.fetchval(f"{people} AND a.kind <> 'staff'") == 0
        for _ in range(2):  # a second time there is nothing left to close
            await migrate.close(owner)
            assert not await migrate.is_open(owner)
            assert await _found(server, before) == dict.fromkeys(AS_NOBODY, 0)
        who = await app.fetch("SELECT role FROM account_of_login('sam', '\\x00', '\\x00')")
        assert [row["role"] for row in who] == ["SW"]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("SELECT close_release_before()")
    finally:
        await app.close()


# Conditions that a function of the last release had and this one's has not, each looked at.
LOST = {
    ("account_of_login", "r.factor = f.id"): "or a code of the account, beside a passkey alone",
    ("my_account", "r.factor = f.id"): "likewise",
    (
        "keep_the_terms",
        "( OLD.closed_at IS NOT NULL OR NEW.closed_at < clock_timestamp() - interval '1 day')",
    ): "in two conditions, each by itself, and for the application too",
    (
        "count_act",
        "(NEW.operation ~ '^(get|list|read)' OR NEW.operation = 'milestoneHistory')",
    ): "a preview is a look as well",
    ("close_release_before", "policyname = 'release_before'"): "and what begins with that name",
}


async def _conditions(held: Any) -> dict[str, set[str]]:
    """Of each function of ours, with the spaces of its text as one."""
    rows = await held.fetch(
        "SELECT p.proname::text AS name, pg_get_functiondef(p.oid) AS text FROM pg_proc p"
        "  JOIN pg_language l ON l.oid = p.prolang"
        " WHERE p.pronamespace = 'public'::regnamespace AND l.lanname IN ('sql', 'plpgsql')"
    )
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        text = re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", row["text"]))
        found[row["name"]] |= {text[first:last] for first, last in conditions(text)}
    return found


@of_the_last
async def test_a_function_that_is_stated_anew_has_every_condition_that_it_had(
    server: embedded.Server, before: Any
) -> None:
    was = await _conditions(before)
    assert "m.elsewhere IS NULL" in was["change_milestone"]
    await _upgrade(server, before)
    now = await _conditions(before)
    lost = {(name, one) for name in was.keys() & now.keys() for one in was[name] - now[name]}
    assert lost == LOST.keys()


@of_the_last
async def test_typed_words_about_who_was_erased_before_are_gone_and_others_stay(
    server: embedded.Server, before: Any
) -> None:
    await before.execute(
        """
        UPDATE mandate m SET person = p.person FROM plan p WHERE p.id = m.plan;
        UPDATE subject_key SET wrapped = NULL
         WHERE id = (SELECT person FROM plan ORDER BY id LIMIT 1);
        INSERT INTO actor (id, agency, kind, created_at)
        SELECT md5(p.id::text)::uuid, p.agency, 'member', now() FROM plan p;
        INSERT INTO member (id, agency, plan, version, role, alias, identity, language, zone)
        SELECT md5(p.id::text)::uuid, p.agency, p.id, 1, 'FA', 'Zinnia', '', 'en', 'UTC'
          FROM plan p;
        INSERT INTO subject_key (id, wrapped)
        SELECT b.id, k.wrapped FROM member b JOIN plan p ON p.id = b.plan
          JOIN subject_key k ON k.id = p.person WHERE b.alias = 'Zinnia';
        INSERT INTO disclosure (id, agency, plan, version, recipient, fact, purpose, until,
                                recorded_by, given_at)
        SELECT gen_random_uuid(), b.agency, b.plan, 1, b.id, 'release_date', 'the gate',
               '2099-01-01', b.id, now() FROM member b WHERE b.alias = 'Zinnia';
        """
    )
    await _upgrade(server, before)
    rows = await before.fetch(
        "SELECT k.wrapped IS NULL AS gone, d.purpose, b.alias = 'Zinnia' AS named, d.version"
        "  FROM plan p JOIN subject_key k ON k.id = p.person JOIN disclosure d ON d.plan = p.id"
        "  JOIN member b ON b.id = d.recipient ORDER BY p.id"
    )
    assert [tuple(row) for row in rows] == [
        (True, "", False, 2),
        *[(False, "the gate", True, 1)] * 2,
    ]
    # a relative of before goes on by the yes that stands; whom the release before adds, likewise
    carried = await before.fetch("SELECT id, carried, wish, may_be_prompted(id) FROM relative")
    assert {tuple(row)[1:] for row in carried} == {(True, "wanted", True)}
    assert len(carried) == len(rows)
