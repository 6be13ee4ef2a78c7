"""No statement that the application is made to send makes a term run out, or a proof older."""

from uuid import UUID

import asyncpg
import pytest

from backend import migrate
from tests.backend.pages.browser import in_the_circle
from tests.world import Caller, World


async def _close(world: World, worker: Caller) -> UUID:
    plan = await world.a_plan(worker)
    path = f"/plans/{plan['id']}/state"
    answer = await worker.post(path, {"state": "closed"}, version=plan["version"])
    assert answer.status_code == 200, answer.text
    return UUID(plan["id"])


@pytest.mark.parametrize(
    "attack",
    [
        "state = 'closed', closed_at = now() - interval '9 years'",
        "state = 'closed', closed_at = now(), keep_until = now() + interval '89 days'",
        "state = 'closed', closed_at = now(), circle_until = now() + interval '14 days'",
        "state = 'closed', closed_at = now(), proof_until = now() + interval '89 days'",
        "keep_until = now() + interval '1 year'",
        "circle_until = now() + interval '1 year'",
        "proof_until = now() + interval '1 year'",
        "person = (SELECT o.person FROM plan o WHERE o.person <> plan.person LIMIT 1)",
    ],
)
async def test_no_statement_in_a_workers_name_makes_a_term_run_out(
    world: World, attack: str
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await world.a_plan(worker)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="set once"):
        await _as_app(world, worker, f"UPDATE plan SET {attack} WHERE id = '{plan}'")


@pytest.mark.parametrize(
    "attack",
    [
        "closed_at = now()",
        "closed_at = NULL",
        "state = 'active_outside'",
        "overlays = '{under18}'",
        "opened_at = opened_at - interval '1 year'",
        "zone = 'Asia/Almaty'",
        "keep_until = now() + interval '5 years'",
        "circle_until = now() + interval '5 years'",
        "proof_until = now() + interval '9 years'",
    ],
)
async def test_nobody_sets_a_term_a_second_time(world: World, attack: str) -> None:
    worker = await world.somebody("SW")
    plan = await _close(world, worker)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="set once"):
        await _as_app(world, worker, f"UPDATE plan SET {attack} WHERE id = '{plan}'")


@pytest.mark.parametrize(
    "born",
    [
        "state = 'closed'",
        "state = 'transferred'",
        "state = 'ended_death'",
        "closed_at = now()",
        "keep_until = now()",
        "circle_until = now()",
        "proof_until = now()",
    ],
)
async def test_no_plan_begins_with_its_end(world: World, born: str) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    column, value = born.split(" = ")
    columns = await world.sql(
        "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'plan'"
    )
    names = [row["name"] for row in columns]
    values = [
        "gen_random_uuid()" if name == "id" else value if name == column else name for name in names
    ]
    sql = f"INSERT INTO plan ({', '.join(names)}) SELECT {', '.join(values)} FROM plan"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="written once"):
        await _as_app(world, worker, f"{sql} WHERE id = '{plan}'")


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE channel_consent SET withdrawn_at = '2000-01-01'",
        "UPDATE channel_consent SET given_at = '2000-01-01'",
        "UPDATE channel_consent SET plan = (SELECT id FROM plan WHERE id <> plan LIMIT 1)",
        "UPDATE disclosure SET withdrawn_at = '2000-01-01'",
        "UPDATE disclosure SET given_at = '2000-01-01'",
        "UPDATE disclosure SET until = '2000-01-01'",
        "UPDATE disclosure SET plan = (SELECT id FROM plan WHERE id <> plan LIMIT 1)",
        "UPDATE task SET plan = NULL",
        "UPDATE task SET opened_at = '2000-01-01'",
        "UPDATE message SET plan = NULL",
        "UPDATE message SET created_at = '2000-01-01'",
        "UPDATE mandate SET plan = (SELECT p.id FROM plan p WHERE p.id <> mandate.plan LIMIT 1)",
        "UPDATE mandate SET actor = granted_by WHERE role = 'FA'",
        "UPDATE mandate SET person = NULL",
        "UPDATE mandate SET role = 'CO'",
        "UPDATE mandate SET starts = '2000-01-01'",
        "UPDATE mandate SET glass = gen_random_uuid()",
    ],
)
async def test_no_statement_in_a_workers_name_makes_a_proof_older_or_anothers(
    world: World, attack: str
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await world.a_plan(worker)
    relative = await in_the_circle(worker, plan, "FA", name="Relative")
    yes = {"kind": "channel", "language": "en", "subject": relative, "channel": "telegram"}
    told = {"recipient": relative, "fact": "release_date", "purpose": "x", "until": "2099-01-01"}
    await worker.post(f"/plans/{plan}/consents", yes)
    assert (await worker.post(f"/plans/{plan}/disclosures", told)).status_code == 201
    await world.sql(
        "INSERT INTO task (id, agency, plan, version, kind, step, role, subject, local_due, due_at,"
        " urgency, opened_at) SELECT gen_random_uuid(), agency, id, 1, 'call-back', '', 'SW', id,"
        " current_date, now(), 1, now() FROM plan WHERE id = $1",
        UUID(plan),
    )
    await world.sql(
        "INSERT INTO message (id, agency, plan, version, bot, rule, step, subject, local_due, key,"
        " due_at, expires_at, created_at, state) SELECT gen_random_uuid(), p.agency, p.id, 1, b.id,"
        " 'x', '', p.id, current_date, 'CLOSE', now(), now(), now(), 'sent'"
        " FROM plan p JOIN bot b ON b.agency = p.agency WHERE p.id = $1",
        UUID(plan),
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="written once"):
        await _as_app(world, worker, attack)


@pytest.mark.parametrize("who", ["nobody new", "a colleague", "of another kind"])
async def test_nobody_who_was_there_is_put_into_a_circle_to_go_with_it(
    world: World, who: str
) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    there = (await world.a_plan(other))["id"]
    [victim] = await world.sql("SELECT person FROM plan WHERE id = $1", UUID(there))
    new = UUID(int=7)
    id_ = {"nobody new": victim["person"], "a colleague": other.id, "of another kind": new}[who]
    first = (
        f"INSERT INTO actor (id, agency, kind, created_at) SELECT '{new}', agency, 'staff', now()"
        f" FROM plan WHERE id = '{plan}'; "
    )
    sql = (
        "INSERT INTO member (id, agency, plan, version, role, alias, identity, language, zone)"
        f" SELECT '{id_}', agency, id, 1, 'FA', 'Alder', '', 'en', zone FROM plan"
        f" WHERE id = '{plan}'"
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await _as_app(world, worker, (first if id_ == new else "") + sql)
    await _as_app(
        world, worker, (first.replace("'staff'", "'member'") + sql.replace(str(id_), str(new)))
    )


async def test_whoever_is_new_comes_into_no_circle_but_ones_own(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    plan = (await world.a_plan(other))["id"]
    [row] = await world.sql("SELECT agency FROM plan WHERE id = $1", UUID(plan))
    new, agency = UUID(int=8), row["agency"]
    sql = (
        "INSERT INTO actor (id, agency, kind, created_at)"
        f" VALUES ('{new}', '{agency}', 'member', now());"
        " INSERT INTO member (id, agency, plan, version, role, alias, identity, language, zone)"
        f" VALUES ('{new}', '{agency}', '{plan}', 1, 'FA', 'Alder', '', 'en', 'UTC')"
    )
    # this table's own wall, and not that of the change row which would stand next
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match='policy for table "member"'):
        await _as_app(world, worker, sql)
    await _as_app(world, other, sql)


async def _as_app(world: World, worker: Caller, sql: str) -> None:
    """A statement that somebody made the application send in a worker's name."""
    held = await asyncpg.connect(world.server.url(migrate.role_name("app"), world.database_name))
    try:
        async with held.transaction():
            await held.execute("SELECT set_config('app.actor', $1, true)", str(worker.id))
            await held.execute("SELECT set_config('app.now', now()::text, true)")
            await held.execute(sql)
    finally:
        await held.close()
