"""How long somebody is kept: by country, agency and age; no job can shorten it, or read a birth."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import clock, database, migrate
from backend.agencies.countries import profile_of, profiles
from backend.errors import Unfit
from backend.founding import set_terms
from backend.plans.terms import Kept, kept_until, was_minor
from tests.backend.pages.browser import in_the_circle
from tests.world import Caller, World
from workflows.retain import carry_out

CANARY = "1999-12-31"
DAY = timedelta(days=1)


def test_every_country_has_terms_and_the_database_has_the_least_of_them() -> None:
    for profile in profiles().values():
        for whom, least in (("person", 90), ("circle", 15)):
            term = profile.keep[whom]
            assert term.floor <= term.days <= term.ceiling
            assert term.floor // profile.minors["parts"] >= least
        assert "terms" in profile.ask_counsel


@given(born=st.dates(date(1990, 1, 1), date(2020, 1, 1)), opened=st.dates(date(2026, 1, 1)))
def test_who_has_not_had_their_birthday_is_not_of_age_yet(born: date, opened: date) -> None:
    profile = profile_of(None)
    try:
        grown = born.replace(year=born.year + profile.majority)
    except ValueError:
        grown = date(born.year + profile.majority, 3, 1)
    if opened.year < 9000:
        assert was_minor(born, opened, profile, []) == (opened < grown)


def test_without_a_birth_date_the_overlay_says_it() -> None:
    profile = profile_of(None)
    assert was_minor(None, date(2031, 1, 1), profile, ["under18"])
    assert not was_minor(None, date(2031, 1, 1), profile, ["no_family"])


async def _closed(world: World, worker: Caller, **person: Any) -> tuple[UUID, Any]:
    told = {"name": "Imaginary Person", "language": "en", **person}
    plan = await world.a_plan(worker, person=told)
    path = f"/plans/{plan['id']}/state"
    answer = await worker.post(path, {"state": "closed"}, version=plan["version"])
    assert answer.status_code == 200, answer.text
    [row] = await world.sql("SELECT * FROM plan WHERE id = $1", UUID(plan["id"]))
    assert row["version"] == answer.json()["version"]
    return UUID(plan["id"]), row


async def test_the_closing_computes_the_day_by_agency_and_by_age(world: World) -> None:
    worker = await world.somebody("SW")
    assert world.agency is not None
    _, row = await _closed(world, worker)
    assert row["keep_until"] - row["closed_at"] == 365 * DAY
    assert row["circle_until"] - row["closed_at"] == 30 * DAY
    assert row["proof_until"] - row["closed_at"] == 5 * 366 * DAY
    await set_terms(world.agency, person=1000, circle=60)
    _, row = await _closed(world, worker, birth_date="1980-02-29")
    assert row["keep_until"] - row["closed_at"] == 1000 * DAY
    assert row["circle_until"] - row["closed_at"] == 60 * DAY
    year = clock.now().year
    _, row = await _closed(world, worker, birth_date=f"{year - 16}-01-01")
    assert row["keep_until"] - row["closed_at"] == 500 * DAY
    assert row["proof_until"] - row["closed_at"] == 5 * 183 * DAY
    # who was seventeen is kept to the year in which they are 21 at the latest
    await set_terms(world.agency, person=1826, circle=None)
    _, row = await _closed(world, worker, birth_date=f"{year - 18}-12-31")
    assert row["keep_until"] == min(
        datetime(year + 3, 1, 1, tzinfo=UTC), row["closed_at"] + 913 * DAY
    )
    assert row["proof_until"] == min(
        datetime(year + 3, 1, 1, tzinfo=UTC), row["closed_at"] + 915 * DAY
    )
    # and what proves is never gone before the name
    await set_terms(world.agency, person=180, circle=None)
    _, row = await _closed(world, worker, birth_date=f"{year - 17}-12-31")
    assert row["keep_until"] - row["closed_at"] == 90 * DAY
    assert row["proof_until"] - row["closed_at"] > 90 * DAY


@pytest.mark.parametrize("age", [20, 21, 30])
async def test_a_proof_ends_with_the_name_of_who_grew_up_in_between(world: World, age: int) -> None:
    worker = await world.somebody("SW")
    now = clock.now()
    plan = {"opened_at": now - (age - 17) * 365 * DAY, "zone": "UTC", "overlays": []}
    born = date(now.year - age, 1, 1).isoformat()

    async def work() -> Kept:
        async with database.transaction(worker.id):
            return await kept_until({**plan, "agency": world.agency}, born, now)

    kept = await database.in_fresh_context(work)
    assert kept.person == now + 90 * DAY if age > 20 else kept.person >= now + 90 * DAY
    assert kept.proof == max(kept.person, datetime(now.year - age + 21, 1, 1, tzinfo=UTC))


async def test_an_agency_chooses_between_floor_and_ceiling(world: World) -> None:
    agency = await world.an_agency()
    for person, circle in ((179, None), (1827, None), (None, 29), (None, 181)):
        with pytest.raises(Unfit, match="is kept"):
            await set_terms(agency, person=person, circle=circle)
    await set_terms(agency, person=180, circle=180)
    noted = await world.sql("SELECT object FROM audit WHERE operation = 'setTerms'")
    assert [one["object"] for one in noted] == [agency]


async def _night(at: datetime) -> dict[str, int]:
    async def work() -> dict[str, int]:
        database.act_as("worker")
        async with database.transaction():
            return await carry_out(at)

    return await database.in_fresh_context(work)


async def _set_back(world: World, days: int) -> None:
    """As if all of it had been so many days ago: the database's clock cannot be moved."""
    await world.sql(
        "UPDATE plan SET closed_at = closed_at - $1::interval,"
        " keep_until = keep_until - $1::interval, circle_until = circle_until - $1::interval",
        days * DAY,
    )


async def test_a_longer_term_and_a_shorter_one_are_kept_to_the_day(world: World) -> None:
    worker = await world.somebody("SW")
    assert world.agency is not None
    await set_terms(world.agency, person=500, circle=40)
    plan = (await world.a_plan(worker))["id"]
    await in_the_circle(worker, plan, "FA", name="Relative")
    now = await world.plan(worker, plan)
    closed = await worker.post(f"/plans/{plan}/state", {"state": "closed"}, version=now["version"])
    assert closed.status_code == 200, closed.text
    gone = {}
    for day, more in ((39, 39), (40, 1), (499, 459), (500, 1)):
        await _set_back(world, more)
        counts = await _night(clock.now())
        gone[day] = (counts["relatives"], counts["people"])
    assert gone == {39: (0, 0), 40: (1, 0), 499: (0, 0), 500: (0, 1)}


async def test_who_was_a_minor_goes_after_half_of_it(world: World) -> None:
    worker = await world.somebody("SW")
    born = f"{clock.now().year - 17}-12-31"
    await _closed(world, worker, birth_date=born)
    await _set_back(world, 181)
    assert (await _night(clock.now()))["people"] == 0
    await _set_back(world, 1)
    assert (await _night(clock.now()))["people"] == 1


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE plan SET keep_until = now() - interval '9 years'",
        "UPDATE plan SET circle_until = now() - interval '9 years'",
        "UPDATE plan SET proof_until = now() - interval '9 years'",
        "UPDATE plan SET closed_at = now() - interval '9 years', state = 'closed'",
        "UPDATE plan SET person = (SELECT p.id FROM person p WHERE p.id <> plan.person LIMIT 1)",
        "UPDATE plan SET state = 'closed'",
        "UPDATE plan SET state = 'closed', closed_at = now() WHERE state <> 'closed'",
        "UPDATE plan SET closed_at = now() WHERE state <> 'closed'",
        "UPDATE plan SET overlays = '{under18}' WHERE state <> 'closed'",
        "UPDATE plan SET opened_at = opened_at - interval '1 year' WHERE state <> 'closed'",
        "UPDATE plan SET zone = 'Asia/Almaty' WHERE state <> 'closed'",
        "UPDATE mandate SET person = NULL",
        "UPDATE mandate SET plan = (SELECT p.id FROM plan p WHERE p.id <> mandate.plan LIMIT 1)",
        "UPDATE member SET plan = (SELECT p.id FROM plan p WHERE p.id <> member.plan LIMIT 1)",
        "INSERT INTO member (id, agency, plan) SELECT person, agency, id FROM plan",
    ],
)
async def test_who_took_the_jobs_over_makes_no_term_run_out(world: World, attack: str) -> None:
    worker = await world.somebody("SW")
    closed, _ = await _closed(world, worker)
    plan = (await world.a_plan(worker))["id"]
    await in_the_circle(worker, plan, "FA", name="Relative")
    held = await asyncpg.connect(world.server.url(migrate.role_name("worker"), world.database_name))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await held.execute(attack)
    finally:
        await held.close()
    assert closed


async def test_what_cannot_be_read_keeps_nobody_from_being_closed(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, person={"name": "Imaginary", "language": "en"})
    await world.sql(
        "UPDATE person SET identity = 'x' WHERE id IN (SELECT person FROM plan WHERE id = $1)",
        UUID(plan["id"]),
    )
    path = f"/plans/{plan['id']}/state"
    closed = await worker.post(path, {"state": "closed"}, version=plan["version"])
    assert closed.status_code == 200, closed.text


async def test_no_birth_date_stands_anywhere_where_a_job_could_read_it(world: World) -> None:
    worker = await world.somebody("SW")
    await _closed(world, worker, birth_date=CANARY)
    tables = await world.sql(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        " AND table_type = 'BASE TABLE'"
    )
    for table in tables:
        rows = await world.sql(f"SELECT t::text AS row FROM {table['table_name']} t")
        assert not [row for row in rows if CANARY in row["row"]], table["table_name"]
