"""`./run api`: the HTTP API and the pages, on one address."""

import asyncio
import sys

import click
import uvicorn

from backend import database, logs, migrate
from backend.actors.actions import vault
from backend.app import create_app
from backend.database import Role
from backend.errors import DatabaseBusy
from backend.settings import Settings, SettingsError, settings


async def connect_as(role: Role, configured: Settings) -> None:
    """Open the pool of a role. Raises SettingsError for the owner's or a superuser's URL."""
    url = migrate.urls(configured).get(role)
    if url is None:
        raise SettingsError(f"{role.upper()}_DATABASE_URL is missing")
    await database.connect(role, url, size=configured.pool)
    row = await database.fetch_one(
        "SELECT r.rolsuper OR r.rolbypassrls OR r.rolcreaterole AS mighty,"
        " pg_has_role(current_user, d.datdba, 'USAGE') AS owns"
        " FROM pg_roles r, pg_database d"
        " WHERE r.rolname = current_user AND d.datname = current_database()"
    )
    if row is None or row["mighty"] or row["owns"]:
        await database.disconnect(role)
        raise SettingsError(
            f"the {role} refuses to run as the owner or a superuser of the database;"
            f" give it its own role in {role.upper()}_DATABASE_URL"
        )


@click.command(help="Serve the HTTP API and the pages.")
@click.option("--port", type=int, help="default: API_PORT or 8000")
def command(port: int | None) -> None:
    logs.set_up()
    configured = settings()
    try:
        vault()
        asyncio.run(serve(configured, port or configured.api_port))
    except (SettingsError, DatabaseBusy, OSError) as error:
        click.echo(f"api: {error}", err=True)
        sys.exit(1)


async def serve(configured: Settings, port: int) -> None:
    await connect_as("app", configured)
    try:
        await server(create_app(docs=configured.docs), configured.host, port).serve()
    finally:
        await database.disconnect("app")


def server(app: object, host: str, port: int) -> uvicorn.Server:
    """A uvicorn that stops within seconds and leaves logging to us."""
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=10,
        limit_concurrency=500,
        proxy_headers=False,
    )
    return uvicorn.Server(config)
