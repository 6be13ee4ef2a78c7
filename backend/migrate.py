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

LOCK = 4_806_113  # any number that nobody else uses on this database


def role_name(role: Role) -> str:
    return f"throughcare_{role}"


async def prepare(admin_url: str, passwords: Mapping[Role, str] | None = None) -> None:
    """Make the missing roles and put the database into the owner's hands.

    Raises SettingsError with the SQL for an administrator where the connection may not.
    """
    held = await asyncpg.connect(admin_url)
    try:
        there = {row["rolname"] for row in await held.fetch("SELECT rolname FROM pg_roles")}
        missing = [role for role in ROLES if role_name(role) not in there]
        owns = await held.fetchval(
            "SELECT pg_get_userbyid(datdba) = $1 FROM pg_database"
            " WHERE datname = current_database()",
            role_name("owner"),
        )
        if not missing and owns:
            return
        name = await held.fetchval("SELECT quote_ident(current_database())")
        try:
            for role in missing:
                with contextlib.suppress(
                    asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError
                ):
                    await held.execute(await _create(held, role, (passwords or {}).get(role)))
            for sql in _hand_over(name):
                await held.execute(sql)
        except asyncpg.InsufficientPrivilegeError as error:
            todo = [await _create(held, role, None) for role in missing] + _hand_over(name)
            raise SettingsError(
                "the roles are not all there and may not be made from here;"
                " let a superuser run this, with a password for each:\n" + "\n".join(todo)
            ) from error
    finally:
        await held.close()


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


async def migrate(owner_url: str) -> None:
    """Bring the database to this release. A second one that starts meanwhile waits its turn."""
    as_owner = {"role": role_name("owner")}  # also where a superuser's URL was given
    lock = await asyncpg.connect(owner_url)
    try:
        await lock.execute("SELECT pg_advisory_lock($1)", LOCK)
        await database.connect("owner", owner_url, size=2, settings=as_owner)
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                done = await ForwardsMigrationManager(app_name="throughcare").run()
        finally:
            await database.disconnect("owner")
        if not done.success:
            raise SettingsError(f"a migration failed: {done.message}\n{said.getvalue()}")
    finally:
        await lock.close()


@click.command(help="Make the roles where we may, and bring the database to this release.")
def command() -> None:
    try:
        asyncio.run(_run(settings()))
    except (SettingsError, OSError, asyncpg.PostgresError, embedded.EmbeddedError) as error:
        click.echo(f"migrate: {error}", err=True)
        sys.exit(1)
    click.echo("migrate: the database is at this release")


async def _run(configured: Settings) -> None:
    if configured.embedded:
        server = embedded.start(configured.data)
        try:
            await prepare(server.url("postgres"))
            await migrate(server.url(role_name("owner")))
        finally:
            embedded.stop(server)
        return
    if not configured.database_url:
        raise SettingsError("DATABASE_URL, the owner's, is missing")
    await prepare(configured.database_url, passwords(configured))
    await migrate(configured.database_url)


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
