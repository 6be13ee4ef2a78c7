"""The program's own processes, started as a service manager would, against the stand-in."""

import asyncio
import base64
import os
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from backend import migrate
from bots.channels.telegram import STAND_IN_TOKEN
from bots.phones.app import StandIn, create_phones
from bots.phones.client import Phones
from tests.forks import Fork
from tests.world import World

KEY = base64.b64encode(bytes(range(32))).decode()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@asynccontextmanager
async def stand_in_on_a_port() -> AsyncIterator[tuple[Phones, str]]:
    """The stand-in behind a real socket; a client of its control API and its address."""
    app: StandIn = create_phones(may_kill=True)
    port = free_port()
    shown: Any = app
    server = uvicorn.Server(
        uvicorn.Config(
            shown,
            host="127.0.0.1",
            port=port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event for it
        await asyncio.sleep(0.01)
    address = f"http://127.0.0.1:{port}"
    try:
        async with Phones(address) as phones, httpx.AsyncClient() as http:
            # a phone can write to a bot only when the bot has shown itself
            await http.get(f"{address}/bot{STAND_IN_TOKEN}/getMe")
            yield phones, address
    finally:
        server.should_exit = True
        await serving


def environment(world: World, address: str, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "APP_DATABASE_URL": world.server.url(migrate.role_name("app"), world.database_name),
        "WORKER_DATABASE_URL": world.server.url(migrate.role_name("worker"), world.database_name),
        "VAULT_KEY": KEY,
        "AUDIT_KEY": KEY,
        "TELEGRAM_TOKEN": STAND_IN_TOKEN,
        "TELEGRAM_API": address,
        "MESSAGES_A_SECOND": "0",  # the stand-in counts only where a test lets it
        **more,
    }


def start(verb: str, env: dict[str, str], log: Path) -> Fork:
    """Start a verb; its lines go to a file that the test may look at."""
    return Fork([verb], env, log, log)


def end(process: Fork) -> int:
    process.terminate()
    try:
        return process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
