"""How a process gets at the database: as one role, and with the Postgres that comes along
where no other is given.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import asyncpg

from backend import database, embedded
from backend.database import BROKEN, ROLES, Role
from backend.errors import DatabaseBusy
from backend.migrate import let_owner_speak, role_name
from backend.settings import Settings, SettingsError

# What keeps a process from running, each with one line for the operator.
CANNOT_RUN = (
    SettingsError,
    DatabaseBusy,
    embedded.EmbeddedError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
)


PATIENCE_SECONDS = 60
OWNERS: tuple[Role, ...] = ("owner", "operator")  # who come by the owner's address


@dataclass(frozen=True)
class Reach:
    """How to reach the database: `admin` may make roles, where the installation has such a URL."""

    admin: str | None
    roles: Mapping[Role, str]

    def url(self, role: Role) -> str:
        """Raises SettingsError where the role's setting is missing."""
        if role not in self.roles:
            raise SettingsError(f"{_setting(role)} is missing")
        return self.roles[role]


@contextmanager
def reach(configured: Settings) -> Iterator[Reach]:
    """Hold the embedded Postgres for as long as the body runs; another one needs no holding.

    It stops with the last process that holds it. Raises EmbeddedError.
    """
    if not configured.embedded:
        given: dict[Role, str | None] = {
            "owner": configured.database_url,
            "operator": configured.database_url,
            "app": configured.app_database_url,
            "worker": configured.worker_database_url,
            "backup": configured.backup_database_url,
        }
        roles = {role: url for role, url in given.items() if url}
        yield Reach(configured.database_url, roles)
        return
    server = embedded.start(configured.data)
    try:
        roles = {role: server.url(role_name(role)) for role in ROLES}
        yield Reach(server.url("postgres"), {**roles, "operator": server.url("postgres")})
    finally:
        embedded.stop(server)


@asynccontextmanager
async def process(role: Role, configured: Settings) -> AsyncIterator[Reach]:
    """Be a process that speaks as this role. Raises one of CANNOT_RUN.

    An owner's or a superuser's URL is refused with SettingsError, but for the operator.
    """
    with reach(configured) as found:
        try:
            await _connect(role, found.url(role), configured.pool, _said(role, configured))
            yield found
        finally:
            await database.disconnect(role)


def _setting(role: Role) -> str:
    return "DATABASE_URL" if role in OWNERS else f"{role.upper()}_DATABASE_URL"


def _said(role: Role, configured: Settings) -> Mapping[str, str]:
    """What a role's connections say when they begin."""
    if role not in {"app", "operator"}:
        return {}
    speaks = {"role": role_name("app")} if role == "operator" else {}
    return {**database.limiting(configured.limits), **speaks}


async def _connect(role: Role, url: str, size: int, settings: Mapping[str, str]) -> None:
    """A database that is on its way up is waited for; after a minute its error is the answer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            await database.connect(role, url, size=size, settings=settings)
            await _refuse_might(role)
        except (*BROKEN, DatabaseBusy):
            await database.disconnect(role)
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)
        except asyncpg.InsufficientPrivilegeError as error:
            if role != "operator":
                raise
            raise SettingsError(
                "the owner of the database may not speak as the application yet;"
                f" let a superuser run this: {let_owner_speak()}"
            ) from error
        else:
            return


async def _refuse_might(role: Role) -> None:
    row = await database.fetch_one(
        "SELECT r.rolsuper OR r.rolbypassrls OR r.rolcreaterole AS mighty,"
        " pg_has_role(current_user, d.datdba, 'USAGE') AS owns, current_user AS name,"
        " session_user <> current_user AS came_as_another"
        " FROM pg_roles r, pg_database d"
        " WHERE r.rolname = current_user AND d.datname = current_database()"
    )
    if row is None or row["mighty"] or row["owns"]:
        raise SettingsError(
            f"the {role} refuses to run as the owner or a superuser of the database;"
            f" give it its own role in {_setting(role)}"
        )
    if role == "operator":
        if not row["came_as_another"]:
            raise SettingsError(f"{_setting(role)} is to name the owner of the database")
    elif row["name"] != role_name(role) or row["came_as_another"]:
        # the jobs' role sees every plan: an API that spoke as it would stand without its wall;
        # and one that came as the owner could do what an operator may
        raise SettingsError(
            f"the {role} runs as {role_name(role)} and as nobody else;"
            f" {_setting(role)} names another role"
        )
