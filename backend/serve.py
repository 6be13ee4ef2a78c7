"""`./run api`: the HTTP API and the pages, on one address."""

import asyncio
import sys

import click
import uvicorn

from backend import logs
from backend.actors.actions import vault
from backend.app import create_app
from backend.processes import CANNOT_RUN, process
from backend.settings import Settings, settings


@click.command(help="Serve the HTTP API and the pages.")
@click.option("--port", type=int, help="default: API_PORT or 8000")
def command(port: int | None) -> None:
    logs.set_up()
    try:
        configured = settings()
        vault()
        asyncio.run(serve(configured, port or configured.api_port))
    except CANNOT_RUN as error:
        click.echo(f"api: {error}", err=True)
        sys.exit(1)


async def serve(configured: Settings, port: int) -> None:
    async with process("app", configured):
        await server(create_app(docs=configured.docs), configured.host, port).serve()


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
