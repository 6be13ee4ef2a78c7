"""Two senders that are killed again and again: what is lost, and what is said twice.

A worker is frozen, what it has on its way is counted, and it is killed with signal 9; another takes
its place. What it had on its way may have arrived, so at most that much is said once more.
"""

import asyncio
import base64
import os
import random
import signal
import subprocess
import sys
import time
from typing import Any

import asyncpg
import httpx

from backend.settings import ROOT
from benchmarks import outbox
from benchmarks.ground import Ground, ground

MESSAGES, WORKERS, KILLS = 6_000, 2, 40
ANSWER_SECONDS, QUIET_SECONDS, PATIENCE_SECONDS = 0.02, 3, 120
KEY = base64.b64encode(bytes(range(32))).decode()
_ON_ITS_WAY = """
SELECT count(*) FROM message
 WHERE state = 'claimed' AND sending_at IS NOT NULL AND worker LIKE '%:' || $1::text
"""
_STATES = "SELECT state, count(*) AS n FROM message GROUP BY state"


class Workers:
    """So many of them, as a service manager would start them."""

    def __init__(
        self, place: Ground, address: str, *, count: int = WORKERS, bots: int = 1, pace: int = 0
    ) -> None:
        numbers = range(outbox.FIRST_BOT, outbox.FIRST_BOT + bots)
        self._env = {
            **os.environ,
            "WORKER_DATABASE_URL": place.url("worker"),
            "APP_DATABASE_URL": place.url("app"),
            "VAULT_KEY": KEY,
            "AUDIT_KEY": KEY,
            "TELEGRAM_TOKEN": "\n".join(f"{number}:x" for number in numbers),
            "TELEGRAM_API": address.rstrip("/"),
            "MESSAGES_A_SECOND": str(pace),
        }
        self._running = [self._start() for _ in range(count)]

    def _start(self) -> "subprocess.Popen[bytes]":
        words = [sys.executable, "throughcare.py", "worker"]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(words, env=self._env, cwd=ROOT, stderr=quiet)

    async def kill(self, which: int, held: Any) -> int:
        """Kill one of them and start another; how much it had on its way."""
        victim = self._running[which]
        victim.send_signal(signal.SIGSTOP)  # so that nothing more of it begins
        on_its_way: int = await held.fetchval(_ON_ITS_WAY, str(victim.pid))
        victim.kill()
        await asyncio.to_thread(victim.wait)
        self._running[which] = self._start()
        return on_its_way

    def end(self) -> None:
        for one in self._running:
            one.kill()
            one.wait()


async def run(seed: int) -> tuple[list[dict[str, float]], list[str]]:
    """How many were lost, were said twice, and were on their way at a kill."""
    chance = random.Random(seed)
    async with ground() as place, outbox.a_chat_service(ANSWER_SECONDS) as service:
        await outbox.fill_answers(place, MESSAGES)
        held = await asyncpg.connect(place.url())
        workers = Workers(place, str(service.base_url))
        on_their_way, seen = 0, 0
        try:
            for _ in range(KILLS):
                seen = await _more(service, seen + chance.randint(50, 200))
                on_their_way += await workers.kill(chance.randrange(WORKERS), held)
            states = await _ended(held)
        finally:
            workers.end()
            await held.close()
        counted = (await service.get("/counted")).json()
    figures = {
        "messages": MESSAGES,
        "kills": KILLS,
        "lost": MESSAGES - counted["different"],
        "for a human": states.get("unknown", 0),
        "not marked": MESSAGES - states.get("sent", 0) - states.get("unknown", 0),
        "twice": counted["twice"],
        "more often": counted["more often"],
        "on their way at a kill": on_their_way,
    }
    missed = [name for name in ("lost", "not marked", "more often") if figures[name]]
    if figures["twice"] > on_their_way:
        missed.append("more was said twice than was on its way")
    return [figures], missed


async def _more(service: httpx.AsyncClient, wanted: int) -> int:
    """Wait until so many have come in all, or nothing more comes."""
    came, since = 0, time.monotonic()
    while came < wanted and time.monotonic() - since < QUIET_SECONDS:
        before, came = came, int((await service.get("/counted")).json()["messages"])
        since = time.monotonic() if came > before else since
        await asyncio.sleep(0.02)
    return came


async def _ended(held: Any) -> dict[str, int]:
    for _ in range(PATIENCE_SECONDS * 2):
        states = {row["state"]: row["n"] for row in await held.fetch(_STATES)}
        if not states.keys() & {"queued", "claimed"}:
            break
        await asyncio.sleep(0.5)
    return states
