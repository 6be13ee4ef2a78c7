"""Each answer that the chat service may give, many times at once, to a worker as it runs.

Counted is what no sender that understands the answers does: a message that is lost, one that is
said again though it may not be, or not again though it should.
"""

import asyncio
from collections import Counter

import asyncpg

from backend.actors.actions import unseal_with
from benchmarks import outbox
from benchmarks.crash import Workers
from benchmarks.ground import ground
from benchmarks.stub import FAULTS, UNAUTHORISED, fault_of

EACH, PATIENCE_SECONDS = 50, 150
_OPEN = "SELECT count(*) FROM message WHERE state IN ('queued', 'claimed')"
_ROWS = """
SELECT m.state, l.id, l.chat, l.subject, k.wrapped, b.number
  FROM message m JOIN link l ON l.id = m.link JOIN subject_key k ON k.id = l.subject
  JOIN bot b ON b.id = m.bot
"""


async def run() -> tuple[list[dict[str, float]], list[str]]:
    """For each fault how many rows did not end as they should, and how many requests were wrong."""
    async with ground() as place, outbox.a_chat_service(0.02, "faults") as service:
        await outbox.fill_answers(place, 2 * EACH * len(FAULTS), bots=2)
        held = await asyncpg.connect(place.url())
        workers = Workers(place, str(service.base_url), count=2, bots=2)
        try:
            for _ in range(PATIENCE_SECONDS):
                if not await held.fetchval(_OPEN):
                    break
                await asyncio.sleep(1)
            rows = await held.fetch(_ROWS)
        finally:
            workers.end()
            await held.close()
        requests = (await service.get("/requests")).json()
    met, lost, wrong = Counter[str](), Counter[str](), Counter[str]()
    for row in rows:
        at = f"link.chat:{row['id']}"
        chat = int(unseal_with(row["wrapped"], row["subject"], at, row["chat"]))
        fault = fault_of(f"bot{row['number']}:x", chat)
        met[fault.name] += 1
        lost[fault.name] += row["state"] != fault.ends
        wrong[fault.name] += requests.get(str(chat), 0) != fault.requests
    wrong[UNAUTHORISED.name] -= 1  # the one that was refused
    figures = [
        {f"{name}: met": met[name], "lost": lost[name], "said wrongly": wrong[name]} for name in met
    ]
    missed = [f"{name}: {n} lost" for name, n in lost.items() if n]
    missed += [f"{name}: {n} said wrongly" for name, n in wrong.items() if n]
    return [dict(one) for one in figures], missed
