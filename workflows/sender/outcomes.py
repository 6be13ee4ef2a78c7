"""What the chat service answered, written down: what it took by the dozen, the rest one by one."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from backend import clock
from backend.database import connection, in_fresh_context, transaction
from backend.errors import DatabaseBusy
from backend.messages import sending
from backend.messages.judging import Verdict
from backend.messages.links import end_link
from bots.channels.telegram import Delivery, Result
from workflows import metrics
from workflows.sender.speakers import TOKEN_AGAIN_AFTER

ANOTHER_AGAIN_AFTER = timedelta(minutes=5)
MARK_AGAIN_AFTER_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 6.0)
_MAY_HAVE_ARRIVED = "UPDATE message SET ambiguous = true WHERE id = $1"

Taken = tuple[Any, int | None]


class Outcomes:
    """Writes what has come since it last wrote, all of it at once; nobody waits for company."""

    def __init__(self) -> None:
        self._come: list[tuple[Taken, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, message: Any, delivery: Delivery) -> datetime | None:
        """Until when the chat is held, where the chat service did not take the message."""
        if delivery.result is Result.SENT:
            metrics.was_sent(message, clock.now())
            await self._taken((message, delivery.message))
            return None
        metrics.became(message, delivery.result)
        until = _held_until(message, delivery)
        await _surely(partial(_mark, message, delivery, until))
        return until

    async def _taken(self, taken: Taken) -> None:
        written = asyncio.get_running_loop().create_future()
        self._come.append((taken, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await written

    async def _write(self) -> None:
        while self._come:
            come, self._come = self._come, []
            try:
                await _surely(partial(_mark_sent, [taken for taken, _ in come]))
            except Exception as error:  # noqa: BLE001 - it is for those who wait
                for _, written in come:
                    written.set_exception(error)
            else:
                for _, written in come:
                    written.set_result(None)
        self._writing = None


def _held_until(message: Any, delivery: Delivery) -> datetime | None:
    match delivery.result:
        case Result.HOLD:
            return clock.now() + timedelta(seconds=delivery.seconds)
        case Result.RETRY:
            return clock.now() + _back_off(message)
        case Result.AMBIGUOUS if not (message["critical"] or message["ambiguous"]):
            # it may have arrived: a plain reminder is said once more, a decision goes to a human
            return clock.now() + _back_off(message)
        case _:
            return None


def _back_off(message: Any) -> timedelta:
    attempt: int = message["attempt"]
    return sending.BACK_OFF[min(attempt, len(sending.BACK_OFF)) - 1]


async def _surely(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Write down what was said even if the database is away for a moment.

    Within the lease nobody else takes the row up, so a message need not be said again.
    """
    for pause in MARK_AGAIN_AFTER_SECONDS:
        try:
            await in_fresh_context(work)
        except DatabaseBusy:
            await asyncio.sleep(pause)
        else:
            return
    await work()


async def _mark_sent(batch: Sequence[Taken]) -> None:
    async with transaction():
        done = await sending.mark_sent(batch)
    for message, number in batch:
        if message["id"] not in done:  # somebody had it locked
            async with transaction():
                await sending.mark(message, "sent", sent_at=clock.now(), provider_id=number)


async def _mark(message: Any, delivery: Delivery, until: datetime | None) -> None:
    async with transaction() as held:
        match delivery.result:
            case Result.HOLD | Result.RETRY if until is not None:
                counted = delivery.result is Result.RETRY
                await sending.put_back(message, until, counted=counted, held=True)
            case Result.TOKEN:
                await wait_for_token(message, TOKEN_AGAIN_AFTER)
            case Result.AMBIGUOUS if until is not None:
                await held.execute(_MAY_HAVE_ARRIVED, message["id"])
                await sending.put_back(message, until, held=True)
            case Result.AMBIGUOUS:
                verdict = Verdict(reason="delivery-unknown", task="undeliverable")
                await sending.give_up(message, verdict)
            case Result.BLOCKED:
                await _blocked(message)  # the chat before what was said in it, as everybody
                await sending.mark(message, "failed", reason="blocked")
            case _:
                await sending.give_up(message, Verdict(reason="refused", task="undeliverable"))


async def wait_for_token(message: Any, pause: timedelta) -> None:
    """That is about us and not about this message: it waits for a good one, but not for ever."""
    now = clock.now()
    if now > message["expires_at"]:  # an answer, which else is never too late
        await sending.give_up(message, Verdict(reason="too-late", task="late-message"))
        return
    await sending.put_back(message, now + pause, counted=False, longer=False, held=True)


async def _blocked(message: Any) -> None:
    """The recipient closed the chat: that is a withdrawn consent, and a human is told."""
    link_id: UUID | None = message["link"]
    if link_id is None:
        return
    link = await connection().fetchrow("SELECT * FROM link WHERE id = $1 FOR UPDATE", link_id)
    if link["state"] in {"active", "unconfirmed", "invited"}:
        await end_link(link, "inactive", task="link-inactive")
