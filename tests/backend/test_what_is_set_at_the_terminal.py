"""No statement in anybody's name hires, moves or rules: the terminal does, and an invitation."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import database, migrate
from backend.agencies.actions import NewAgency
from backend.founding import Account, ChatBot, add_account, found_agency, let_bot_speak
from backend.processes import process
from backend.settings import SettingsError, read
from tests.backend.courts.docket import a_court
from tests.backend.injected import injected, sent
from tests.world import PASSWORD, World

REFUSED = asyncpg.InsufficientPrivilegeError
ROLES = ("SW", "CO", "AD", "AU", "DP")
_ACTOR = "INSERT INTO actor (id, agency, kind, created_at) VALUES ($1, $2, $3, now())"
_STAFF = """
INSERT INTO staff (id, agency, version, role, login, alias, password, active, created_at)
VALUES ($1, $2, 1, $3, $4, 'Robin', 'a hash of mine', true, now())
"""
_INVITED = """
INSERT INTO account_invitation (id, agency, version, role, alias, hash, invited_by, made_at,
                                expires_at)
VALUES (gen_random_uuid(), $1, 1, $2, 'Robin', $3, $4, now(), now() + interval '1 hour')
"""
_SPEND = "SELECT spend_invitation($1, $2, now())"
CODE = b"a hash of a code"


async def _invited(world: World, role: str = "SW", agency: UUID | None = None) -> None:
    administrator = await world.somebody("AD", agency=agency)
    await world.sql(_INVITED, agency or world.agency, role, CODE, administrator.id)


def _mints(agency: UUID | None, role: str) -> tuple[tuple[object, ...], ...]:
    id_ = uuid4()
    return (_ACTOR, id_, agency, "staff"), (_STAFF, id_, agency, role, f"mine-{id_}")


def _accepts(agency: UUID, role: str, id_: UUID | None = None) -> tuple[tuple[object, ...], ...]:
    made = id_ or uuid4()
    return (_SPEND, CODE, made), (_STAFF, made, agency, role, "mine")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("in_scope", ["SW", "AD", "nobody"])
async def test_no_account_is_made_without_an_invitation(
    world: World, role: str, in_scope: str
) -> None:
    who = (await world.somebody(in_scope)).id if in_scope != "nobody" else None
    here, away = world.agency or await world.an_agency(), await world.an_agency(name="Elsewhere")
    there = len(await world.sql("SELECT 1 FROM staff"))
    for agency in (here, away, None):
        with pytest.raises(REFUSED, match="row-level security"):
            await sent(world, who, *_mints(agency, role))
    assert len(await world.sql("SELECT 1 FROM staff")) == there


async def test_what_a_statement_says_of_itself_is_not_the_terminal(world: World) -> None:
    worker = await world.somebody("SW")
    for said in (
        "SELECT set_config('app.actor', '', true)",
        "SELECT set_config('role', 'throughcare_owner', true)",
        "SET SESSION AUTHORIZATION throughcare_owner",
        "SET SESSION AUTHORIZATION postgres",
        "RESET SESSION AUTHORIZATION",
        "RESET ROLE",
    ):
        with pytest.raises(REFUSED):
            await sent(world, worker.id, (said,), *_mints(world.agency, "CO"))


@pytest.mark.parametrize("kind", ["staff", "court", "machine"])
async def test_nobody_but_people_and_their_circle_is_added_by_the_program(
    world: World, kind: str
) -> None:
    worker, away = await world.somebody("SW"), await world.an_agency(name="Elsewhere")
    await world.a_plan(worker)  # a circle is of a plan, of whatever agency that is
    with pytest.raises(REFUSED, match='policy for table "actor"'):
        await sent(world, worker.id, (_ACTOR, uuid4(), world.agency, kind))
    for other in ("person", "member"):
        for agency, who in ((away, worker.id), (None, worker.id), (world.agency, None)):
            with pytest.raises(REFUSED, match='policy for table "actor"'):
                await sent(world, who, (_ACTOR, uuid4(), agency, other))
        await sent(world, worker.id, (_ACTOR, uuid4(), world.agency, other))


async def test_an_account_is_of_the_agency_and_the_role_that_were_invited(world: World) -> None:
    here, away = await world.an_agency(), await world.an_agency(name="Elsewhere")
    await _invited(world)
    for agency, role in ((away, "SW"), (here, "CO"), (here, "AD")):
        with pytest.raises(REFUSED, match='policy for table "staff"'):
            await sent(world, None, *_accepts(agency, role))
    await sent(world, None, *_accepts(here, "SW"))


async def test_an_invitation_is_spent_in_the_transaction_that_makes_the_account_and_once(
    world: World,
) -> None:
    agency = await world.an_agency()
    await _invited(world)
    spends, makes = _accepts(agency, "SW")
    await sent(world, None, spends)
    with pytest.raises(REFUSED, match='policy for table "staff"'):
        await sent(world, None, makes)
    with pytest.raises(REFUSED, match='policy for table "staff"'):
        await sent(world, None, *_accepts(agency, "SW"))


async def test_an_invitation_makes_nobody_who_was_there_a_colleague(world: World) -> None:
    worker = await world.somebody("SW")
    await world.a_plan(worker)
    [person] = await world.sql("SELECT id FROM person")
    await _invited(world)
    agency = world.agency or uuid4()
    with pytest.raises(REFUSED, match='policy for table "staff"'):
        await sent(world, None, *_accepts(agency, "SW", person["id"]))


_IS_INVITED = "SELECT is_invited($1, $2, 'SW')"
_COUNT = "SELECT count(*) FROM actor WHERE id = $1"


async def test_a_code_makes_a_colleague_of_nobody_else_in_that_transaction(world: World) -> None:
    worker, administrator = await world.somebody("SW"), await world.somebody("AD")
    agency = world.agency
    for code in (CODE, b"another"):
        await world.sql(_INVITED, agency, "SW", code, administrator.id)
    new, other, person = uuid4(), uuid4(), uuid4()
    async with injected(world, worker.id) as held:
        await held.execute(_SPEND, CODE, worker.id)  # an account that was there
        await held.execute(_SPEND, b"another", new)
        assert await held.fetchval(_IS_INVITED, new, agency) is True
        assert await held.fetchval(_IS_INVITED, worker.id, agency) is False
        assert await held.fetchval(_IS_INVITED, other, agency) is False
    await world.sql(_INVITED, agency, "SW", b"a third", administrator.id)
    async with injected(world, worker.id) as held:
        await held.execute(_ACTOR, person, agency, "person")
        await held.execute(_SPEND, b"a third", person)
        assert await held.fetchval(_IS_INVITED, person, agency) is False


@pytest.mark.parametrize(
    "change",
    [
        "hash = 'other'",
        "used_at = now(), account = invited_by",
        "ended_at = now()",
        "expires_at = now()",
    ],
)
async def test_a_code_that_is_none_or_over_adds_nobody(world: World, change: str) -> None:
    await _invited(world)
    await world.sql(f"UPDATE account_invitation SET {change}")
    new = uuid4()
    await sent(world, None, (_SPEND, CODE, new))
    assert await world.sql(_COUNT, new) == [{"count": 0}]


async def test_an_operator_makes_accounts_without_an_invitation(world: World) -> None:
    agency = await world.an_agency()
    await add_account(agency, Account("CO", "coco", "Coco", PASSWORD))
    assert [row["role"] for row in await world.sql("SELECT role FROM staff")] == ["CO"]


RULED = (
    "small = true",
    "second_factor = 'none'",
    "second_factor = 'all'",
    "regime = 'ngo'",
    "duty_phone = '999'",
    "emergency_number = '999'",
    "crisis_text = 'Call me.'",
    "crisis_line = '999'",
    "country = 'TN'",
    "reviewer = (SELECT a.id FROM agency a WHERE a.id <> agency.id LIMIT 1)",
    "keep_person = 180",
    "complaint_days = 1",
    "demo = true",
    "name = 'Mine'",
    "working_days = '{1}'",
)


@pytest.mark.parametrize("change", RULED)
@pytest.mark.parametrize("in_scope", ["SW", "AD", "CO", "nobody"])
async def test_no_statement_changes_what_an_agency_is(
    world: World, change: str, in_scope: str
) -> None:
    await world.an_agency(second_factor="leaders")
    await world.an_agency(name="Elsewhere", second_factor="leaders")
    who = (await world.somebody(in_scope)).id if in_scope != "nobody" else None
    with pytest.raises(REFUSED, match="set up at the terminal"):
        await sent(world, who, (f"UPDATE agency SET {change} WHERE id = $1", world.agency))
    async with injected(world, who) as held:
        assert await held.fetchval("SELECT count(*) FROM agency") == 2  # read as before


async def test_a_rota_is_a_new_version_of_the_coordinators_own_agency(world: World) -> None:
    head, other = await world.somebody("CO"), await world.somebody("SW")
    away = await world.an_agency(name="Elsewhere")
    sql = "UPDATE agency SET version = version + 1 WHERE id = $1"
    for who, agency in ((head.id, away), (other.id, world.agency), (None, world.agency)):
        with pytest.raises(REFUSED, match="set up at the terminal"):
            await sent(world, who, (sql, agency))
    async with injected(world, head.id) as held:
        assert await held.execute(sql, world.agency) == "UPDATE 1"


_COPY = "INSERT INTO {0} SELECT (jsonb_populate_record(t, $1::jsonb)).* FROM {0} t LIMIT 1"


@pytest.mark.parametrize("table", ["agency", "bot", "court_client"])
async def test_no_statement_adds_an_agency_a_bot_or_a_court(world: World, table: str) -> None:
    head = await world.somebody("AD")
    court = await a_court(world)
    other = f'{{"id": "{uuid4()}", "number": "4242", "client_index": "\\\\x00"}}'
    for who in (head.id, None, court.id):
        with pytest.raises(REFUSED, match="set up at the terminal"):
            await sent(world, who, (_COPY.format(table), other))
    with pytest.raises(REFUSED, match="permission denied"):
        async with injected(world, None, "worker") as held:
            await held.execute(_COPY.format(table), other)


@pytest.mark.parametrize(
    "change", ["secret = '\\x00'", "key_only = false", "suspended_at = NULL", "daily_quota = 9999"]
)
async def test_no_statement_changes_a_courts_machine(world: World, change: str) -> None:
    head = await world.somebody("AD")
    court = await a_court(world)
    for who in (head.id, None, court.id):
        with pytest.raises(REFUSED, match="set up at the terminal"):
            await sent(world, who, (f"UPDATE court_client SET {change}",))


async def test_an_operator_sets_up_an_agency_with_its_administrator_and_its_bot(
    world: World,
) -> None:
    new = NewAgency("Vallon", "Vallon Desk", "Africa/Tunis", "fr")
    await found_agency(new, Account("AD", "alex", "Alex", PASSWORD), ChatBot("4242", "vallon"))
    assert [row["number"] for row in await world.sql("SELECT number FROM bot")] == ["4242"]
    assert [row["login"] for row in await world.sql("SELECT login FROM staff")] == ["alex"]


async def test_where_there_is_no_terminal_nothing_is_set_up(world: World) -> None:
    agency, kept = await world.an_agency(), database.DB.pools.pop("operator")
    try:
        with pytest.raises(RuntimeError, match="no connection pool is open"):
            await let_bot_speak(agency, ChatBot("4243", "vallon"))
    finally:
        database.DB.pools["operator"] = kept


async def test_no_api_comes_as_the_owner_to_speak_as_the_application(world: World) -> None:
    url = world.server.url(database=world.database_name)
    as_app = f"{url}&options=-c%20role%3D{migrate.role_name('app')}"
    with pytest.raises(SettingsError, match="names another role"):
        async with process("app", read({"APP_DATABASE_URL": as_app})):
            pass
