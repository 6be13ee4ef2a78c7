"""`./run api`: the HTTP API and the pages, on one address."""

import asyncio
import gc
import signal
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
import uvicorn
import uvloop

from backend import logs
from backend.actors.actions import vault
from backend.app import create_app
from backend.listening import encrypted
from backend.processes import CANNOT_RUN, process
from backend.settings import Settings, settings


@click.command(help="Serve the HTTP API and the pages.")
@click.option("--port", type=int, help="default: API_PORT or 8000")
def command(port: int | None) -> None:
    logs.set_up()
    try:
        configured = settings()
        vault()
        uvloop.run(serve(configured, port or configured.api_port))
    except CANNOT_RUN as error:
        click.echo(f"api: {error}", err=True)
        sys.exit(1)


async def serve(configured: Settings, port: int) -> None:
    tls = encrypted(configured)
    async with process("app", configured):
        serving = server(create_app(docs=configured.docs), configured.host, port, tls)
        gc.freeze()  # what stands for good is not looked through again and again
        await serving.serve()


class Server(uvicorn.Server):
    """A uvicorn that ends with exit code 0 when told to; it raises the signal no second time."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self.handle_exit, name, None)
        try:
            yield
        finally:
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(name)


def server(app: object, host: str, port: int, tls: ssl.SSLContext | None = None) -> uvicorn.Server:
    """A uvicorn that stops within seconds and leaves logging to us.

    It has no limit of its own: that one counts idle connections too, and answers in plain text.
    How many requests are taken in at once is the envelope's to say.
    """
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=10,
        proxy_headers=False,
        ssl_context_factory=(lambda *_: tls) if tls else None,
    )
    return Server(config)
