"""How late a message is: from the commit that queues it to its request, alone and in a burst.

Alone, one after the other on an idle house, by the signal of the database and, as the net below
that, by a look every second. In a burst, two thousand at one instant through ten bots at the pace
that each may have; no bot and no chat may get more than the chat service takes.
"""

import asyncio
import random
import time
from typing import Any

import asyncpg
import httpx

from backend.messages.outbox import WAKE_SENDER
from benchmarks import outbox
from benchmarks.crash import Workers
from benchmarks.ground import ground

WARM_SECONDS = 8  # the first rounds of all jobs

ALONE, BY_A_LOOK, BURST, BOTS, A_SECOND = 200, 20, 2_000, 10, 25
P99_MS, LOOK_MS, TIMES_THE_IDEAL, OF_A_BOT, OF_A_CHAT = 25.0, 1_100.0, 1.1, 30, 1
_MAKE = """
INSERT INTO message (id, agency, version, bot, link, recipient, rule, step, subject, local_due,
                     key, urgent, critical, due_at, expires_at, created_at, state)
SELECT gen_random_uuid(), l.agency, 1, l.bot, l.id, l.subject, 'bench', $3, l.id, current_date,
       'START-OK', true, false, now(), now() + interval '1 day', now(), 'queued'
  FROM link l WHERE l.plan IS NULL ORDER BY l.id OFFSET $1 LIMIT $2
"""


async def _commit(held: Any, offset: int, count: int, step: str, *, wake: bool) -> float:
    """Queue so many messages; when that was committed."""
    async with held.transaction():
        await held.execute(_MAKE, offset, count, step)
        if wake:
            await held.execute(f"NOTIFY {WAKE_SENDER}")
    return time.monotonic()


async def _alone(
    held: Any, service: httpx.AsyncClient, count: int, pause: float, *, wake: bool
) -> list[float]:
    """Milliseconds from each commit to its request, sorted."""
    await service.post("/forget")
    chance, committed = random.Random(0), []
    for n in range(count):
        await asyncio.sleep(pause * (0.5 + chance.random()))
        committed.append(await _commit(held, n, 1, f"{wake}", wake=wake))
    await asyncio.sleep(2)
    came = (await service.get("/arrivals")).json()
    return sorted((at - since) * 1000 for at, since in zip(came, committed, strict=True))


async def _burst(held: Any, service: httpx.AsyncClient) -> tuple[float, dict[str, Any]]:
    """Seconds from one commit of all to the last request."""
    await service.post("/forget")
    since = await _commit(held, 0, BURST, "burst", wake=True)
    for _ in range(600):
        counted: dict[str, Any] = (await service.get("/counted")).json()
        if counted["messages"] >= BURST:
            break
        await asyncio.sleep(0.2)
    return (await service.get("/arrivals")).json()[-1] - since, counted


async def run() -> tuple[list[dict[str, float]], list[str]]:
    """Alone by the signal, alone by a look, and a burst."""
    async with ground() as place, outbox.a_chat_service(0.06) as service:
        await outbox.fill_answers(place, BURST, BOTS)
        held = await asyncpg.connect(place.url())
        await held.execute("DELETE FROM message")
        workers = Workers(place, str(service.base_url), count=1, bots=BOTS, pace=A_SECOND)
        try:
            await asyncio.sleep(WARM_SECONDS)
            told = await _alone(held, service, ALONE, 0.05, wake=True)
            looked = await _alone(held, service, BY_A_LOOK, 1.5, wake=False)
            seconds, counted = await _burst(held, service)
        finally:
            workers.end()
            await held.close()
    ideal = BURST / (BOTS * A_SECOND)
    alone = {"alone, ms p50": _part(told, 0.5), "p99": _part(told, 0.99)}
    alone |= {"by a look, ms p50": _part(looked, 0.5), "at most": looked[-1]}
    burst = {"burst, s": seconds, "of the ideal": seconds / ideal}
    burst["lost"] = BURST - counted["different"]
    burst |= {name: counted[f"{name} in a second"] for name in ("of a bot", "of a chat")}
    missed = [
        name
        for name, value, most in (
            ("alone, p99", alone["p99"], P99_MS),
            ("by a look", looked[-1], LOOK_MS),
            ("the burst", burst["of the ideal"], TIMES_THE_IDEAL),
            ("a bot in a second", burst["of a bot"], OF_A_BOT),
            ("a chat in a second", burst["of a chat"], OF_A_CHAT),
            ("lost", burst["lost"], 0),
        )
        if value > most
    ]
    return [alone, burst], missed


def _part(late: list[float], part: float) -> float:
    return late[min(len(late) - 1, int(len(late) * part))]
