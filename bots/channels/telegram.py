"""One way out: the Telegram Bot API. What it answers is told in our words, never raised."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import msgspec
from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from backend.settings import Settings
from bots.channels.request import NeverLeft, Request
from bots.texts.catalogue import Button

log = logging.getLogger(__name__)

# The library's way to say that delays are spans of time and not bare numbers, whoever makes a bot.
os.environ.setdefault("PTB_TIMEDELTA", "true")
API = "https://api.telegram.org"
# The token with which the bot speaks to the stand-in, where no real one is given.
STAND_IN_TOKEN = "1000:the-stand-in-asks-for-nothing"  # noqa: S105 - it opens nothing
CONNECTIONS = 50
LABELS_IN_A_ROW = 16  # letters; longer buttons get a row of their own


class Result(StrEnum):
    SENT = "sent"
    HOLD = "hold"  # too many requests: nothing before `seconds` have passed
    RETRY = "retry"  # surely not delivered
    AMBIGUOUS = "ambiguous"  # it may have arrived
    BLOCKED = "blocked"  # the recipient closed the chat
    REFUSED = "refused"  # this message can never be sent
    TOKEN = "token"  # noqa: S105 - our own access is wrong: nothing can be sent


@dataclass(frozen=True)
class Delivery:
    result: Result
    message: int | None = None
    seconds: int = 0


def make_bots(settings: Settings) -> list[Bot]:
    """One for each token that is set; for the stand-in one where there is none."""
    return [make_bot(settings, token) for token in settings.telegram_tokens or [STAND_IN_TOKEN]]


def make_bot(settings: Settings, token: str = STAND_IN_TOKEN) -> Bot:
    """A bot for the real service, or for the stand-in where no token is set."""
    stand_in = f"http://127.0.0.1:{settings.phones_port}"
    base = settings.telegram_api or (API if settings.telegram_token else stand_in)
    return Bot(
        token,
        base_url=f"{base}/bot",
        request=Request(base, connections=CONNECTIONS),
        get_updates_request=Request(base),
    )


@asynccontextmanager
async def opened(*bots: Bot) -> AsyncIterator[Sequence[Bot]]:
    """Hold the bots' connections; a chat service that is away at the start is waited for later."""
    await asyncio.gather(*map(_begin, bots))
    try:
        yield bots
    finally:
        await asyncio.gather(*(bot.shutdown() for bot in bots))


async def _begin(bot: Bot) -> None:
    with suppress(TelegramError):
        await bot.initialize()


def number_of(bot: Bot) -> str:
    return bot.token.partition(":")[0]


async def send(
    bot: Bot, chat: int, body: str, buttons: list[tuple[Button, str]], *, silent: bool
) -> Delivery:
    """Send a text with its buttons, each with the data that its tap will bring back."""
    try:
        message = await bot.send_message(
            chat,
            body,
            reply_markup=_keyboard(buttons) if buttons else None,
            protect_content=True,
            disable_notification=silent,
        )
    except TelegramError as error:
        return _understood(error)
    except (ValueError, KeyError, TypeError):
        # an answer that is no answer: the request may have had its effect
        return Delivery(Result.AMBIGUOUS)
    return Delivery(Result.SENT, message.message_id)


async def take_away(bot: Bot, chat: int, numbers: Sequence[int]) -> Result:
    """Delete messages of ours, a hundred at most; those that are gone already are no trouble."""
    try:
        await bot.delete_messages(chat, numbers)
    except TelegramError as error:
        return _understood(error).result
    except (ValueError, KeyError, TypeError):
        return Result.AMBIGUOUS
    return Result.SENT


def _keyboard(buttons: list[tuple[Button, str]]) -> Any:
    """In the service's own JSON: to make the library's objects of it costs as much as to send it.

    Short labels share a row, as long as their letters fit a small screen.
    """
    rows: list[list[dict[str, str]]] = []
    room = 0
    for button, data in buttons:
        if len(button.label) > room:
            rows.append([])
            room = LABELS_IN_A_ROW
        rows[-1].append({"text": button.label, "callback_data": data})
        room -= len(button.label)
    return msgspec.json.encode({"inline_keyboard": rows}).decode()


def _understood(error: TelegramError) -> Delivery:
    """The order matters: BadRequest and TimedOut are kinds of NetworkError."""
    match error:
        case RetryAfter():
            wait = error.retry_after
            seconds = wait.total_seconds() if isinstance(wait, timedelta) else wait
            return Delivery(Result.HOLD, seconds=int(seconds))
        case Forbidden():
            return Delivery(Result.BLOCKED)
        case InvalidToken() | Conflict():
            log.error("the chat service refuses our token", extra={"error": type(error).__name__})
            return Delivery(Result.TOKEN)
        case ChatMigrated():
            return Delivery(Result.BLOCKED)
        case BadRequest():
            gone = "chat not found" in error.message.lower()
            return Delivery(Result.BLOCKED if gone else Result.REFUSED)
        case NeverLeft():
            return Delivery(Result.RETRY)
        case NetworkError():
            return Delivery(Result.RETRY if _was_answered(error) else Result.AMBIGUOUS)
        case _:
            return Delivery(Result.AMBIGUOUS)


_ANSWERED = ("Internal Server Error", "Bad Gateway", "Service Unavailable", "Gateway Timeout")


def _was_answered(error: TelegramError) -> bool:
    """A server error with a body was answered, and not delivered."""
    return error.__cause__ is None and any(words in error.message for words in _ANSWERED)
