"""Send what is due. No transaction is open while the chat service is talked to.

A row is claimed (commit), judged and noted as being sent (commit), said, and
marked (commit). Killed anywhere in between, another worker takes it up when the
lease is over; what may have arrived already is told apart from what has not.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from telegram import Bot

from backend import clock
from backend.actors.actions import unseal, vault
from backend.database import connection, in_fresh_context, transaction
from backend.errors import DatabaseBusy
from backend.messages import sending
from backend.messages.links import end_link
from backend.messages.taps import button_data, tap_hash
from backend.messages.values import values_of
from backend.vault import VaultError
from bots.channels import telegram
from bots.channels.telegram import Delivery, Result
from bots.conversations.dates import day_buttons
from bots.texts.catalogue import (
    MissingText,
    MissingValue,
    Text,
    UnfitValue,
    needs,
    render,
)

log = logging.getLogger(__name__)

WORKER = f"{socket.gethostname()[:20]}:{os.getpid()}"
AT_ONCE = 8
TOKEN_AGAIN_AFTER = timedelta(seconds=15)
ANOTHER_AGAIN_AFTER = timedelta(minutes=5)
_NUMBER = "SELECT number FROM bot WHERE id = $1"
_MAY_HAVE_ARRIVED = "UPDATE message SET ambiguous = true WHERE id = $1"
MARK_AGAIN_AFTER_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 6.0)


async def send_due(
    bot: Bot, stopping: asyncio.Event | None = None, pace: int = sending.NO_PACE
) -> int:
    """Send everything that is due, batch by batch; how many rows were handled.

    At a `pace` (messages a second, of a bot) one chat gets one a second. Once `stopping` is set
    no further batch is taken up.
    """
    handled = 0
    limit, speaks = asyncio.Semaphore(AT_ONCE), _Speaker(bot)
    while speaks.may and not (stopping and stopping.is_set()):
        claimed = await in_fresh_context(lambda: sending.claim(WORKER, pace))
        rows = claimed.messages
        if not rows and claimed.soon:
            await asyncio.sleep(1 / pace)
            continue
        if not rows:
            break
        line = itemgetter("line")
        by_chat = groupby(sorted(rows, key=line), key=line)
        work = [in_fresh_context(_in_order(speaks, limit, list(group))) for _, group in by_chat]
        await asyncio.gather(*work)
        handled += len(rows)
    return handled


@dataclass
class _Speaker:
    """Our bot in this round. Once its token was refused all waits for the next.

    A message in the chat of another bot waits alone; the round says once that there was one.
    """

    bot: Bot
    may: bool = True
    said: bool = False


def _in_order(speaks: _Speaker, limit: asyncio.Semaphore, messages: Sequence[Any]) -> Any:
    """Say them one after the other; once one of them has to wait, so have all that follow."""

    async def run() -> None:
        async with limit:
            until: datetime | None = None
            for message in messages:
                try:
                    if until is None and speaks.may:
                        until = await in_fresh_context(partial(_send, speaks, message))
                    else:
                        await in_fresh_context(partial(_behind, message, until))
                except Exception as error:  # noqa: BLE001 - one message never stops the next
                    # its claim runs out and it is tried again, five times, then a human is told
                    log.error("a send failed", extra={"error": type(error).__name__})  # noqa: TRY400

    return run


async def _behind(message: Any, until: datetime | None) -> None:
    """What is next in the chat was not taken; or, without an instant, nothing is from us."""
    async with transaction():
        if until is None:
            await _wait_for_token(message)
        else:
            await sending.put_back(message, until, counted=False, held=True)


async def _send(speaks: _Speaker, message: Any) -> datetime | None:
    """Say it; until when its chat is held, where the chat service did not take it."""
    prepared = await _prepare(message, speaks)
    if prepared is None:
        return None
    chat, text, data = prepared
    delivery = await telegram.send(
        speaks.bot,
        chat,
        text.body,
        list(zip(text.buttons, data, strict=True)),
        silent=not message["critical"],
    )
    speaks.may = speaks.may and delivery.result is not Result.TOKEN
    until = _held_until(message, delivery)
    await _surely(partial(_mark, message, delivery, until))
    return until


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


async def _prepare(message: Any, speaks: _Speaker) -> tuple[int, Text, list[str]] | None:
    """Judge and render; None where nothing is to be said now. One transaction."""
    async with transaction():
        verdict, link = await sending.judge(message)
        if verdict.wait_until is not None:
            await sending.put_back(message, verdict.wait_until, counted=False)
            return None
        if not verdict.send:
            await sending.give_up(message, verdict)
            return None
        if not await _is_of_our_bot(message, speaks):
            return None
        try:
            chat = await _chat_of(message, link)
            language = link["language"] if link else await _language(message)
            values = await values_of(message, link, needs(message["key"], language))
            text = render(message["key"], language, values)
            if message["key"] == "DATE-ASK":
                text = Text(
                    text.body, (*day_buttons(message["local_due"], language), *text.buttons)
                )
        except (MissingText, MissingValue, UnfitValue, VaultError) as error:
            log.warning("a message was blocked", extra={"error": type(error).__name__})
            blocked = sending.Verdict(reason="blocked-text", task="tell-by-voice")
            await sending.give_up(message, blocked)
            return None
        tap = tap_hash(message["id"]) if text.buttons else None
        if not await sending.start_sending(message, values, tap):
            return None
        data = [button_data(message["id"], button.action) for button in text.buttons]
        return chat, text, data


async def _chat_of(message: Any, link: Any) -> int:
    if link is None:
        place = f"message.chat:{message['id']}"
        return int(vault().unseal_own("chat", place, message["chat"]))
    sealed = await unseal(link["subject"], f"link.chat:{link['id']}", link["chat"])
    return int(sealed)


async def _language(message: Any) -> str:
    language: str = await connection().fetchval(
        "SELECT language FROM agency WHERE id = $1", message["agency"]
    )
    return language


async def _mark(message: Any, delivery: Delivery, until: datetime | None) -> None:
    async with transaction() as held:
        match delivery.result:
            case Result.SENT:
                await sending.mark(
                    message, "sent", sent_at=clock.now(), provider_id=delivery.message
                )
            case Result.HOLD | Result.RETRY if until is not None:
                counted = delivery.result is Result.RETRY
                await sending.put_back(message, until, counted=counted, held=True)
            case Result.TOKEN:
                await _wait_for_token(message)
            case Result.AMBIGUOUS if until is not None:
                await held.execute(_MAY_HAVE_ARRIVED, message["id"])
                await sending.put_back(message, until, held=True)
            case Result.AMBIGUOUS:
                verdict = sending.Verdict(reason="delivery-unknown", task="undeliverable")
                await sending.give_up(message, verdict)
            case Result.BLOCKED:
                await _blocked(message)  # the chat before what was said in it, as everybody
                await sending.mark(message, "failed", reason="blocked")
            case _:
                verdict = sending.Verdict(reason="refused", task="undeliverable")
                await sending.give_up(message, verdict)


async def _is_of_our_bot(message: Any, speaks: _Speaker) -> bool:
    """Whether its chat is with the bot that speaks; to the chat of another it is a stranger."""
    number = await connection().fetchval(_NUMBER, message["bot"])
    if number == telegram.number_of(speaks.bot):
        return True
    if not speaks.said:
        log.error("the token is not of the bot that these chats are with")
    speaks.said = True
    await _wait_for_token(message, ANOTHER_AGAIN_AFTER)
    return False


async def _wait_for_token(message: Any, pause: timedelta = TOKEN_AGAIN_AFTER) -> None:
    """That is about us and not about this message: it waits for a good one, but not for ever."""
    now = clock.now()
    if now > message["expires_at"]:  # an answer, which else is never too late
        await sending.give_up(message, sending.Verdict(reason="too-late", task="late-message"))
        return
    await sending.put_back(message, now + pause, counted=False, longer=False, held=True)


def _back_off(message: Any) -> timedelta:
    attempt: int = message["attempt"]
    return sending.BACK_OFF[min(attempt, len(sending.BACK_OFF)) - 1]


async def _blocked(message: Any) -> None:
    """The recipient closed the chat: that is a withdrawn consent, and a human is told."""
    link_id: UUID | None = message["link"]
    if link_id is None:
        return
    link = await connection().fetchrow("SELECT * FROM link WHERE id = $1 FOR UPDATE", link_id)
    if link["state"] in {"active", "unconfirmed", "invited"}:
        await end_link(link, "inactive", task="link-inactive")
