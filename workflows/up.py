"""`./run up`: everything in one terminal."""

import asyncio
import base64
import errno
import os
import socket
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace

import click

from backend import embedded, keyring
from backend.audit.seals import audit_key
from backend.settings import ROOT, Settings, SettingsError, settings
from workflows.supervise import Child, Door, Terminal, heed_signals, supervise

LOCAL = "127.0.0.1"
OWNERS = ("DATABASE_URL", "DATABASE_URL_FILE")
EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - read, not bound
PORT_SECONDS = 2.0  # the children of an `up` that was killed are gone by then


class PortError(Exception):
    """A port cannot be had; the text is one line for the operator."""


@click.command(help="Run Postgres, the API, the worker, the bot and the phones in one terminal.")
@click.option("--port", type=click.IntRange(1, 65535), help="The API's, in place of API_PORT.")
@click.option(
    "--phones-port", type=click.IntRange(1, 65535), help="The phones', in place of PHONES_PORT."
)
@click.option(
    "--demo/--no-demo",
    default=None,
    help="Load the demo agency, or not. Without either: only into the Postgres that comes along.",
)
def command(*, port: int | None, phones_port: int | None, demo: bool | None) -> None:
    try:
        given = settings()
        configured = replace(
            given, api_port=port or given.api_port, phones_port=phones_port or given.phones_port
        )
        sys.exit(asyncio.run(up(configured, demo=configured.embedded if demo is None else demo)))
    except (SettingsError, PortError, embedded.EmbeddedError) as error:
        click.echo(f"up: {error}", err=True)
        sys.exit(1)


async def up(configured: Settings, *, demo: bool) -> int:
    """Run until told to end; the exit code.

    Raises PortError before anything has started, EmbeddedError, and SettingsError.
    """
    if configured.listen_certificate:
        raise SettingsError("LISTEN_CERTIFICATE_FILE is for a server: up speaks plain http alone")
    ending = heed_signals()
    await asyncio.to_thread(require_free_ports, ports(configured))
    terminal = Terminal()
    server = None
    try:
        if configured.embedded:
            server = await asyncio.to_thread(embedded.start, configured.data)
            terminal.say(f"Postgres runs on {server.data}")
        terminal.say("starting; Ctrl-C ends everything")
        first = beforehand(configured, server, demo=demo)
        return await supervise(children(configured, server), ending, terminal, first=first)
    finally:
        if server:
            await asyncio.to_thread(embedded.stop, server)
            terminal.say(f"everything has ended; the data stays in {server.data}")
        terminal.close()


def beforehand(configured: Settings, server: embedded.Server | None, *, demo: bool) -> list[Child]:
    """What runs to its end before anything else. Of a server of our own nobody else makes use."""
    migrate = ("migrate", "--close") if server else ("migrate",)
    first = [program("migrate", migrate, configured, os.environ)]
    if demo:
        first.append(program("demo", ("admin", "demo"), configured, os.environ))
    return first


def children(configured: Settings, server: embedded.Server | None) -> list[Child]:
    """What runs for good. None of it is given the owner's url."""
    env = {name: value for name, value in os.environ.items() if name not in OWNERS}
    sealing = {}  # for the worker alone
    if server:
        sealing["AUDIT_KEY"] = base64.b64encode(audit_key(configured)).decode()
        env["APP_DATABASE_URL"] = server.url("throughcare_app")
        env["WORKER_DATABASE_URL"] = server.url("throughcare_worker")
        if keyring.given(configured) is None:
            keyring.keyring(configured)  # made here, once, and read by all of them
            env["VAULT_KEY_FILE"] = str(keyring.kept_ring(configured))
    stand_in = None if configured.telegram_token else f"http://{LOCAL}:{configured.phones_port}"
    if stand_in:
        env["TELEGRAM_API"] = stand_in
    host = LOCAL if configured.host in EVERYWHERE else configured.host
    api = replace(
        program("api", ("api",), configured, env),
        door=Door(host, configured.api_port, "/health/ready"),
        address=f"the API and the pages: http://{host}:{configured.api_port}",
    )
    worker = program("worker", ("worker",), configured, {**env, **sealing})
    bot = program("bot", ("bot",), configured, env)
    if not stand_in:
        return [api, worker, bot]
    phones = replace(
        program("phones", ("phones",), configured, env),
        door=Door(LOCAL, configured.phones_port),
        address=f"the phones: {stand_in}",
    )
    return [phones, api, worker, replace(bot, after="phones")]


def program(name: str, verb: Iterable[str], configured: Settings, env: Mapping[str, str]) -> Child:
    more = {
        "API_PORT": str(configured.api_port),
        "PHONES_PORT": str(configured.phones_port),
        "PYTHONUNBUFFERED": "1",
    }
    return Child(name, [sys.executable, str(ROOT / "throughcare.py"), *verb], {**env, **more})


def ports(configured: Settings) -> dict[str, tuple[str, int]]:
    """What will be listened on, by the name of the setting."""
    wanted = {"API_PORT": (configured.host, configured.api_port)}
    if not configured.telegram_token:
        wanted["PHONES_PORT"] = (LOCAL, configured.phones_port)
    elif configured.webhook_url:
        wanted["WEBHOOK_PORT"] = (configured.host, configured.webhook_port)
    return wanted


def require_free_ports(wanted: Mapping[str, tuple[str, int]]) -> None:
    """Raises PortError, naming the setting, for a port that stays taken for two seconds."""
    deadline = time.monotonic() + PORT_SECONDS
    with ExitStack() as held:  # all at once: two settings may name the same port
        for setting, (host, port) in wanted.items():
            while error := _refusal(held, host, port):
                if error.errno != errno.EADDRINUSE:
                    raise PortError(f"{setting}: {host}:{port}: {error.strerror}") from error
                if time.monotonic() > deadline:
                    raise PortError(
                        f"port {port} is taken by another program:"
                        f" end that one, or set {setting} to another port"
                    ) from error
                time.sleep(0.1)


def _refusal(held: ExitStack, host: str, port: int) -> OSError | None:
    """Why the port cannot be listened on; None when it is held now."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = held.enter_context(socket.socket(family, kind, protocol))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        return error
    return None
