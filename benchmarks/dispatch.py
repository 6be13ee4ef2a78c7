"""The sender: messages a second and what one costs, beside the library as it comes.

Ours judges every message as things are now, seals what it says and marks it; the stock sender only
claims, says the same words over the library's own client, and marks. Both have fifty requests on
their way at once, to a service that answers after sixty milliseconds.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import httpx
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.request import HTTPXRequest

from backend import clock
from backend.actors.actions import unseal_with
from backend.database import connection, in_fresh_context, transaction
from backend.settings import read
from benchmarks import outbox
from benchmarks.ground import Ground, ground, speaking_as
from bots.channels.telegram import make_bot, opened
from workflows.sender.dispatch import send_due

MESSAGES, ANSWER_SECONDS, AT_ONCE, STOCK = 2_000, 0.06, 50, 400
BOTS, A_SECOND = 50, 30
GOALS = {"times the stock sender": 4.0, "times the CPU of a message": 8.0, "bots of a core": 50.0}

_CLAIM = """
UPDATE message m SET state = 'claimed', lease = clock_timestamp() + interval '30 s'
  FROM (SELECT id FROM message WHERE state = 'queued' AND due_at <= $1 ORDER BY due_at
         LIMIT 100 FOR UPDATE SKIP LOCKED) AS d, link l, subject_key k
 WHERE m.id = d.id AND l.id = m.link AND k.id = l.subject
RETURNING m.id, l.id AS link, l.chat, l.subject, k.wrapped
"""
_MARK = "UPDATE message SET state = 'sent', sent_at = $2 WHERE id = ANY ($1)"
_SENT = "SELECT count(*) FROM message WHERE state = 'sent'"
_KEYBOARD = InlineKeyboardMarkup(
    [[InlineKeyboardButton(word, callback_data="x" * 24)] for word in ("Done", "Not yet", "Help")]
)


async def ours(bots: Sequence[Bot]) -> None:
    await send_due(bots)


async def stock(bots: Sequence[Bot]) -> None:
    """What one writes first: claim a hundred, say them fifty at once, mark them together."""
    at_once = asyncio.Semaphore(AT_ONCE)
    left = STOCK

    async def say(row: Any) -> Any:
        place = f"link.chat:{row['link']}"
        chat = int(unseal_with(row["wrapped"], row["subject"], place, row["chat"]))
        async with at_once:
            await bots[0].send_message(
                chat, f"Is it done? {row['id']}", reply_markup=_KEYBOARD, protect_content=True
            )
        return row["id"]

    async def claim() -> list[Any]:
        async with transaction() as held:
            return list(await held.fetch(_CLAIM, clock.now()))

    async def mark(said: list[Any]) -> None:
        async with transaction() as held:
            await held.execute(_MARK, said, clock.now())

    while left > 0 and (rows := await in_fresh_context(claim)):
        said = list(await asyncio.gather(*map(say, rows)))
        await in_fresh_context(lambda said=said: mark(said))  # type: ignore[misc]
        left -= len(rows)


async def measured(
    place: Ground,
    service: httpx.AsyncClient,
    sender: Callable[[Sequence[Bot]], Awaitable[None]],
    bots: Sequence[Bot],
) -> dict[str, float]:
    """Messages a second, and milliseconds of this process for each."""
    await outbox.due(place, MESSAGES)
    await service.post("/forget")
    async with opened(*bots) as open_bots:
        began, spent = time.perf_counter(), time.process_time()
        await sender(open_bots)
        spent, took = time.process_time() - spent, time.perf_counter() - began
    sent = await in_fresh_context(_sent)
    counted = (await service.get("/counted")).json()
    if not counted["messages"] == counted["chats"] == sent:
        raise RuntimeError(f"{sent} are marked, the service saw {counted}")
    return {"messages": sent, "a second": sent / took, "CPU ms of a message": spent / sent * 1000}


async def _sent() -> int:
    async with transaction():
        return int(await connection().fetchval(_SENT))


def _stock_bot(address: str) -> Bot:
    def request() -> HTTPXRequest:
        return HTTPXRequest(connection_pool_size=AT_ONCE, pool_timeout=60, read_timeout=60)

    base = f"{address}/bot"
    return Bot("1000:x", base_url=base, request=request(), get_updates_request=request())


async def run() -> tuple[list[dict[str, float]], list[str]]:
    """The stock sender, ours with one bot, and ours with fifty."""
    async with ground() as place, outbox.a_chat_service(ANSWER_SECONDS) as service:
        address = str(service.base_url).rstrip("/")
        settings = replace(read({}), telegram_api=address)
        await outbox.fill(place, MESSAGES, BOTS)
        await outbox.spread(place, 1)
        async with speaking_as(place, "worker"):
            theirs = await measured(place, service, stock, [_stock_bot(address)])
            every = [make_bot(settings, f"{outbox.FIRST_BOT + n}:x") for n in range(BOTS)]
            one = await measured(place, service, ours, every[:1])
            await outbox.spread(place, BOTS)
            many = await measured(place, service, ours, every)
    clock.travel(None)
    times = {
        "times the stock sender": one["a second"] / theirs["a second"],
        "times the CPU of a message": theirs["CPU ms of a message"] / one["CPU ms of a message"],
        "bots of a core": 1000 / (many["CPU ms of a message"] * A_SECOND),
    }
    missed = [f"{name}: {times[name]:.1f}" for name, goal in GOALS.items() if times[name] < goal]
    return [theirs, one, many, times], missed
