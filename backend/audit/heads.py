"""The head, the last seal of some minute, leaves the host: into a file and to an address.

Each is a row that waits until it has left, so that nothing is lost while the other side is away.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import httpx

from backend import clock
from backend.audit.chain import Head
from backend.database import transaction
from backend.outbound import Only

log = logging.getLogger(__name__)

FILE = "audit.heads"
PATIENCE_SECONDS = 8  # a transaction may not idle longer than fifteen
AT_ONCE = 500

_MAKE = """
INSERT INTO audit_head (id, at, mac)
SELECT id, $1, mac FROM audit_seal ORDER BY id DESC LIMIT 1
ON CONFLICT (id) DO NOTHING
"""
_WAITING = {
    "file": """
        SELECT id AS number, at, mac FROM audit_head WHERE filed_at IS NULL
         ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
        """,
    "post": """
        SELECT id AS number, at, mac FROM audit_head WHERE posted_at IS NULL
         ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
        """,
}
_HAVE_LEFT = {
    "file": "UPDATE audit_head SET filed_at = $2 WHERE id = ANY ($1)",
    "post": "UPDATE audit_head SET posted_at = $2 WHERE id = ANY ($1)",
}
Send = Callable[[bytes], Awaitable[None]]


async def export_head(folder: Path | None, url: str | None) -> None:
    """Make the head of now, if there is a new one, and send what has not left by each way.

    What fails is sent again in the next round; one way does not wait for the other.
    """
    ways: dict[str, Send] = {}
    if folder is not None:
        ways["file"] = partial(_file, folder / FILE)
    if url is not None:
        ways["post"] = partial(_post, url)
    if not ways:
        return
    async with transaction() as held:
        await held.execute(_MAKE, clock.now())
    for way, send in ways.items():
        await _send(way, send)


async def _send(way: str, send: Send) -> None:
    async with transaction() as held:
        rows = await held.fetch(_WAITING[way], AT_ONCE)
        if not rows:
            return
        lines = "".join(Head(row["number"], row["at"], row["mac"]).line() for row in rows)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await send(lines.encode())
        except (OSError, httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("a head of the audit did not leave", extra={"error": type(error).__name__})
            return
        await held.execute(_HAVE_LEFT[way], [row["number"] for row in rows], clock.now())


async def _file(file: Path, lines: bytes) -> None:
    await asyncio.to_thread(append, file, lines)


def append(file: Path, lines: bytes) -> None:
    """On the disk when it returns: a head that is lost with the power would prove nothing."""
    number = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        with os.fdopen(number, "ab", closefd=False) as opened:
            opened.write(lines)
        os.fsync(number)
    finally:
        os.close(number)


async def _post(url: str, lines: bytes) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, transport=Only(url)) as client:
        answer = await client.post(url, content=lines, headers={"Content-Type": "text/plain"})
        answer.raise_for_status()
