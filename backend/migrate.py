"""`./run migrate`: the roles, where we may make them, and the database of this release."""

import asyncio
import contextlib
import io
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg
import click
from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager

from backend import database, embedded
from backend.database import ROLES, Role
from backend.settings import Settings, SettingsError, settings

TRIES = 5
# against the release before, which goes on working meanwhile and locks in another order
LOST_A_RACE = (
    asyncpg.exceptions.TransactionRollbackError,
    asyncpg.exceptions.LockNotAvailableError,
)
LOCK = 4_806_113  # any number that nobody else uses on this database


def role_name(role: Role) -> str:
    return f"throughcare_{role}"


# Every session of a role sees what the others of it do: with the id of whose request it is.
HIDDEN = "ALTER ROLE throughcare_app SET track_activities = off;"


async def prepare(admin_url: str, passwords: Mapping[Role, str] | None = None) -> bool:
    """Make the missing roles and put the database into the owner's hands.

    Raises SettingsError with the SQL for an administrator where the connection may not. False where
    all is in order but that a superuser has to say `HIDDEN` yet.
    """
    held = await asyncpg.connect(admin_url)
    try:
        if await _missing(held) or not await _handed_over(held):
            await _make(held, passwords or {})
        if not await _is_hidden(held):
            # or another process says it in this instant
            with contextlib.suppress(
                asyncpg.InsufficientPrivilegeError, asyncpg.InternalServerError
            ):
                await held.execute(HIDDEN)
        return await _is_hidden(held)
    finally:
        await held.close()


async def _make(held: Any, passwords: Mapping[Role, str]) -> None:
    missing = await _missing(held)
    name = await held.fetchval("SELECT quote_ident(current_database())")
    with contextlib.suppress(asyncpg.InsufficientPrivilegeError):
        for role in missing:
            with contextlib.suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
                await held.execute(await _create(held, role, passwords.get(role)))
        for sql in _hand_over(name):
            await held.execute(sql)
        with contextlib.suppress(asyncpg.InsufficientPrivilegeError):
            await held.execute(let_owner_speak())  # of no use but to an operator
        if await _handed_over(held):  # a REVOKE that may not is a warning, no error
            return
    missing = await _missing(held)  # some may be made by now
    todo = [await _create(held, role, None) for role in missing] + _hand_over(name)
    raise SettingsError(
        "the roles are not all there, or the database is not theirs alone, and that may not"
        " be mended from here; let a superuser run this, with a password for each role:\n"
        + "\n".join([*todo, let_owner_speak(), HIDDEN])
    )


async def _is_hidden(held: Any) -> bool:
    """Whether what a session of the application does is shown to no other one."""
    hidden: bool = await held.fetchval(
        "SELECT EXISTS (SELECT 1 FROM pg_db_role_setting"
        " WHERE setrole = 'throughcare_app'::regrole AND setdatabase = 0"
        "   AND 'track_activities=off' = ANY (setconfig))"
    )
    return hidden


async def _missing(held: Any) -> list[Role]:
    there = {row["rolname"] for row in await held.fetch("SELECT rolname FROM pg_roles")}
    return [role for role in ROLES if role_name(role) not in there]


async def _handed_over(held: Any) -> bool:
    """Whether all that `_hand_over` says has come true; every role is there already."""
    done: bool = await held.fetchval(
        "SELECT d.datdba = o.oid AND n.nspowner = o.oid"
        " AND NOT has_database_privilege('public', d.oid, 'CONNECT, TEMPORARY')"
        " AND (SELECT bool_and(has_database_privilege(r, d.oid, 'CONNECT'))"
        "        FROM unnest($2::text[]) AS r)"
        " FROM pg_database d, pg_namespace n, pg_roles o"
        " WHERE d.datname = current_database() AND n.nspname = 'public' AND o.rolname = $1",
        role_name("owner"),
        [role_name(role) for role in ROLES],
    )
    return done


async def _create(held: Any, role: Role, password: str | None) -> str:
    secret = f" PASSWORD {await held.fetchval('SELECT quote_literal($1)', password)}"
    return (
        f"CREATE ROLE {role_name(role)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE"
        f" {'BYPASSRLS' if role == 'backup' else 'NOBYPASSRLS'}{secret if password else ''};"
    )


def _hand_over(name: str) -> list[str]:
    return [
        f"ALTER DATABASE {name} OWNER TO {role_name('owner')};",
        f"ALTER SCHEMA public OWNER TO {role_name('owner')};",
        f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC;",
        *(f"GRANT CONNECT ON DATABASE {name} TO {role_name(role)};" for role in ROLES),
    ]


def let_owner_speak() -> str:
    """An operator comes as the owner. It inherits nothing, so no policy of the app's is its own."""
    return f"GRANT {role_name('app')} TO {role_name('owner')} WITH INHERIT FALSE, SET TRUE;"


async def migrate(owner_url: str) -> None:
    """Bring the database to this release. A second one that starts meanwhile waits its turn."""
    # the role also where a superuser's URL was given; a large table may take its time
    as_owner = {"role": role_name("owner"), "statement_timeout": "0"}
    lock = await asyncpg.connect(owner_url)
    try:
        await lock.execute("SELECT pg_advisory_lock($1)", LOCK)
        await database.connect("owner", owner_url, size=2, settings=as_owner, seconds=None)
        try:
            await _forwards()
        finally:
            await database.disconnect("owner")
    finally:
        await lock.close()


async def _forwards() -> None:
    """Run what is left. Each migration is one transaction, so one that lost a race starts anew."""
    said = io.StringIO()
    for left in reversed(range(TRIES)):
        try:
            with contextlib.redirect_stdout(said):
                done = await ForwardsMigrationManager(app_name="throughcare").run()
            break
        except LOST_A_RACE:
            if not left:
                raise
            await asyncio.sleep(1)
    if not done.success:
        raise SettingsError(f"a migration failed: {done.message}\n{said.getvalue()}")


async def close(owner_url: str) -> None:
    """Take away what the release before alone still needs: none of its processes runs any more."""
    held = await asyncpg.connect(owner_url, server_settings={"role": role_name("owner")})
    try:
        await held.execute("SELECT close_release_before()")
    finally:
        await held.close()


async def is_open(owner_url: str) -> bool:
    """Whether something is still left open for the release before."""
    held = await asyncpg.connect(owner_url)
    try:
        left: bool = await held.fetchval(
            "SELECT EXISTS (SELECT 1 FROM pg_policies WHERE policyname LIKE 'release\\_before%')"
        )
        return left
    finally:
        await held.close()


@click.command(help="Make the roles where we may, and bring the database to this release.")
@click.option(
    "--close",
    "closing",
    is_flag=True,
    help="Once every process runs this release: close what was left open for the one before.",
)
def command(*, closing: bool) -> None:
    try:
        still_open = asyncio.run(_run(settings(), closing=closing))
    except (SettingsError, OSError, asyncpg.PostgresError, embedded.EmbeddedError) as error:
        click.echo(f"migrate: {error}", err=True)
        sys.exit(1)
    click.echo("migrate: the database is at this release")
    if still_open:
        click.echo("migrate: the release before may go on; once none of it runs: migrate --close")


async def _run(configured: Settings, *, closing: bool = False) -> bool:
    if configured.embedded:
        server = embedded.start(configured.data)
        try:
            await prepare(server.url("postgres"))
            return await _bring(server.url(role_name("owner")), closing=closing)
        finally:
            embedded.stop(server)
    if not configured.database_url:
        raise SettingsError("DATABASE_URL, the owner's, is missing")
    if not await prepare(configured.database_url, passwords(configured)):
        click.echo(f"migrate: let a superuser say once: {HIDDEN}", err=True)
    return await _bring(configured.database_url, closing=closing)


async def _bring(owner_url: str, *, closing: bool) -> bool:
    await migrate(owner_url)
    if closing:
        await close(owner_url)
    return await is_open(owner_url)


def passwords(configured: Settings) -> dict[Role, str]:
    """The passwords that the other roles' addresses name, for roles that are yet to be made."""
    given: dict[Role, str | None] = {
        "app": configured.app_database_url,
        "worker": configured.worker_database_url,
        "backup": configured.backup_database_url,
    }
    return {
        role: unquote(password)
        for role, url in given.items()
        if url and (password := urlsplit(url).password)
    }
