"""No statement that the application is made to send makes a term run out, or a proof older."""

from uuid import UUID

import asyncpg
import pytest

from backend import migrate
from backend.database import Role
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
        "UPDATE channel_consent SET subject = recorded_by",
        "UPDATE channel_consent SET language = 'fr'",
        "UPDATE disclosure SET recipient = recorded_by",
        "UPDATE disclosure SET fact = 'good_news'",
        "UPDATE disclosure SET purpose = 'another'",
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


@pytest.mark.parametrize("again", ["NULL", "now() + interval '1 day'"])
@pytest.mark.parametrize(
    ("table", "role"),
    [("channel_consent", "app"), ("channel_consent", "worker"), ("disclosure", "app")],
)
async def test_what_was_taken_back_stays_taken_back(
    world: World, table: str, again: str, role: Role
) -> None:
    worker, _ = await _with_a_yes(world)
    await _as_app(world, worker, f"UPDATE {table} SET withdrawn_at = now()")
    same = f"UPDATE {table} SET withdrawn_at = withdrawn_at, version = version + 1"
    await _as_app(world, worker, same, role)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="written once"):
        await _as_app(world, worker, f"UPDATE {table} SET withdrawn_at = {again}", role)


@pytest.mark.parametrize(
    "change",
    [
        {"given_at": "now() - interval '2 days'"},
        {"withdrawn_at": "now()"},
        {"recorded_by": "$other"},
        {},
    ],
)
@pytest.mark.parametrize("table", ["channel_consent", "disclosure", "participation"])
async def test_a_yes_is_of_now_and_of_whoever_heard_it(
    world: World, table: str, change: dict[str, str]
) -> None:
    worker, _ = await _with_a_yes(world)
    other = await world.somebody("SW")
    names = (await world.sql(_COLUMNS, table))[0]["names"]
    if table == "participation":
        change = {name.replace("given_at", "recorded_at"): to for name, to in change.items()}
    change = {name: to for name, to in change.items() if name in names}
    values = dict(zip(names, names, strict=True)) | {"id": "gen_random_uuid()"}
    values |= {name: to.replace("$other", f"'{other.id}'") for name, to in change.items()}
    given = ", ".join(values.values())
    sql = f"INSERT INTO {table} ({', '.join(values)}) SELECT {given} FROM {table}"
    if not change:
        await _as_app(world, worker, sql)
        return
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="written once"):
        await _as_app(world, worker, sql)


@pytest.mark.parametrize("by", ["subject", "recorded_by"])
async def test_the_bot_writes_a_yes_in_the_name_of_whoever_gave_it_alone(
    world: World, by: str
) -> None:
    worker, _ = await _with_a_yes(world)
    sql = (
        "INSERT INTO channel_consent (id, agency, plan, version, subject, channel, language,"
        f" recorded_by, given_at) SELECT gen_random_uuid(), agency, plan, 1, subject, channel,"
        f" language, {by}, now() FROM channel_consent"
    )
    if by == "subject":
        await _as_app(world, worker, sql, "worker")
        return
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="written once"):
        await _as_app(world, worker, sql, "worker")


@pytest.mark.parametrize(
    ("sql", "role"),
    [
        ("UPDATE participation SET answer = 'accepted'", "app"),
        ("UPDATE participation SET answer = 'accepted'", "worker"),
        ("INSERT INTO participation SELECT * FROM participation", "worker"),
        ("UPDATE disclosure SET recipient = recipient", "worker"),
        ("INSERT INTO disclosure SELECT * FROM disclosure", "worker"),
    ],
)
async def test_what_the_person_answered_is_changed_by_nobody_and_no_job_answers(
    world: World, sql: str, role: Role
) -> None:
    worker, _ = await _with_a_yes(world)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        await _as_app(world, worker, sql, role)


async def test_an_entry_of_the_registry_that_ended_does_not_begin_again(world: World) -> None:
    head = await world.somebody("AD")
    flow = await world.a_flow(await world.an_agency(name="Elsewhere"))
    ended = f"UPDATE data_flow SET ended_at = now(), ended_by = '{head.id}' WHERE id = '{flow}'"
    await _as_app(world, head, ended)
    sql = f"UPDATE data_flow SET ended_at = NULL, ended_by = NULL WHERE id = '{flow}'"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="written once"):
        await _as_app(world, head, sql)


_COLUMNS = """
SELECT array_agg(column_name::text ORDER BY ordinal_position) AS names
  FROM information_schema.columns WHERE table_name = $1
"""


async def _with_a_yes(world: World) -> tuple[Caller, str]:
    """A worker whose one plan has a relative with a yes of each kind."""
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    relative = await in_the_circle(worker, plan, "FA", name="Relative")
    yes = {"kind": "channel", "language": "en", "subject": relative, "channel": "telegram"}
    part = {"kind": "participation", "language": "en", "pathway": "VOC", "answer": "later"}
    told = {"recipient": relative, "fact": "release_date", "purpose": "x", "until": "2099-01-01"}
    for path, body in (("consents", yes), ("consents", part), ("disclosures", told)):
        assert (await worker.post(f"/plans/{plan}/{path}", body)).status_code == 201
    return worker, plan


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
    await world.a_plan(worker)  # a plan of their own, for else they add nobody at all
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


async def _as_app(world: World, worker: Caller, sql: str, role: Role = "app") -> None:
    """A statement that somebody made the application, or the jobs, send in a worker's name."""
    held = await asyncpg.connect(world.server.url(migrate.role_name(role), world.database_name))
    try:
        async with held.transaction():
            await held.execute("SELECT set_config('app.actor', $1, true)", str(worker.id))
            await held.execute("SELECT set_config('app.now', now()::text, true)")
            await held.execute(sql)
    finally:
        await held.close()
