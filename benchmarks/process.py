"""The API as a process of its own, started as a service manager would."""

import asyncio
import base64
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from backend.settings import ROOT
from benchmarks.ground import Ground


@dataclass(frozen=True)
class Api:
    port: int
    process: "subprocess.Popen[bytes]"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@asynccontextmanager
async def an_api(place: Ground, *, lines: Path | None = None, **more: str) -> AsyncIterator[Api]:
    """One that answers; what it logs goes to `lines`, or nowhere."""
    port = free_port()
    env = {
        **os.environ,
        "APP_DATABASE_URL": place.url("app"),
        "VAULT_KEY": base64.b64encode(bytes(range(32))).decode(),
        "API_PORT": str(port),
        **more,
    }
    with (lines or Path(os.devnull)).open("ab") as log:
        started = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "throughcare.py", "api"], env=env, cwd=ROOT, stderr=log
        )
    try:
        await _answers(port)
        yield Api(port, started)
    finally:
        started.terminate()
        await asyncio.to_thread(started.wait)


async def _answers(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(300):
            try:
                await client.get("/health/live")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
    raise RuntimeError("the API did not begin to answer within half a minute")
