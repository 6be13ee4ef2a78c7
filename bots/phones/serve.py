"""`./run phones`: the stand-in on a loopback port."""

import asyncio
import contextlib
import errno
import logging
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import click
import uvicorn
from litestar import Litestar

from backend.settings import settings
from bots.phones.app import StandIn, create_phones
from bots.phones.exchange import Next

HOST = "127.0.0.1"


class Server(uvicorn.Server):
    """Lets long polls answer before it waits for them, and leaves signals to its caller."""

    def __init__(self, app: Litestar) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            log_level="warning",
            access_log=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=3,
        )
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if isinstance(self._app, StandIn):
            self._app.exchange.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(app: Litestar, port: int = 0) -> AsyncIterator[str]:
    """Serve an app on loopback in this event loop; gives the base URL. Port 0 takes a free one.

    Raises OSError where the port is taken.
    """
    server = Server(app)
    with _listening(port) as line:
        task = asyncio.create_task(server.serve(sockets=[line]))
        try:
            while not (server.started or task.done()):  # noqa: ASYNC110 - uvicorn tells nobody
                await asyncio.sleep(0.005)
            if task.done():
                await task
            yield f"http://{HOST}:{line.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


def _listening(port: int) -> socket.socket:
    # The protocol is named because asyncio turns Nagle's delay off only where it is:
    # without it each answer takes 40 ms.
    line = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        line.bind((HOST, port))
        line.listen(256)
    except OSError:
        line.close()
        raise
    return line


async def run(app: StandIn, port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with serving(app, port) as url:
        click.echo(f"phones   {url}")
        await stop.wait()


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Default: PHONES_PORT or 8001.")
@click.option("--limits/--no-limits", default=True, help="The real service's limits on messages.")
@click.option("--zone", default="UTC", show_default=True, help="Of the times on the page (IANA).")
@click.option(
    "--keep",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="PHONES_KEEP",
    help="Where phones and chats survive a restart. Default: phones.json beside the data.",
)
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="PHONES_RECORD",
    help="A file that gets each call of a bot as a line of JSON.",
)
def command(
    port: int | None, *, limits: bool, zone: str, keep: Path | None, record: Path | None
) -> None:
    """Stand in for the chat service on this machine, with a page that shows the phones."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    port = port or settings().phones_port
    start = int(time.time())
    app = create_phones(
        limits=limits,
        record=record,
        keep=keep or settings().data / "phones.json",
        zone=zone,
        # Whoever remembers numbers from an earlier run must never see one again.
        numbers=Next(message=start, update=start, query=start),
    )
    try:
        asyncio.run(run(app, port))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise click.ClickException(
            f"port {port} is taken ({error.strerror}); set PHONES_PORT or --port"
        ) from error
