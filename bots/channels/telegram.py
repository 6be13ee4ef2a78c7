"""One way out: the Telegram Bot API. What it answers is told in our words, never raised."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import httpx
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from backend.outbound import Only
from backend.settings import Settings
from bots.texts.catalogue import Button

log = logging.getLogger(__name__)

# The library's way to say that delays are spans of time and not bare numbers, whoever makes a bot.
os.environ.setdefault("PTB_TIMEDELTA", "true")
API = "https://api.telegram.org"
# The token with which the bot speaks to the stand-in, where no real one is given.
STAND_IN_TOKEN = "1000:the-stand-in-asks-for-nothing"  # noqa: S105 - it opens nothing
CONNECTIONS = 10  # the connection pool grows slower than it helps beyond this
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


def make_bot(settings: Settings) -> Bot:
    """A bot for the real service, or for the stand-in where no token is given."""
    stand_in = f"http://127.0.0.1:{settings.phones_port}"
    base = settings.telegram_api or (API if settings.telegram_token else stand_in)
    request = HTTPXRequest(
        connection_pool_size=CONNECTIONS,
        connect_timeout=5,
        read_timeout=10,
        write_timeout=10,
        pool_timeout=5,
        httpx_kwargs={"transport": Only(base, connections=CONNECTIONS)},
    )
    return Bot(
        settings.telegram_token or STAND_IN_TOKEN,
        base_url=f"{base}/bot",
        request=request,
        get_updates_request=HTTPXRequest(
            connection_pool_size=1, read_timeout=40, httpx_kwargs={"transport": Only(base)}
        ),
    )


@asynccontextmanager
async def opened(bot: Bot) -> AsyncIterator[Bot]:
    """Hold the bot's connections; a chat service that is away at the start is waited for later."""
    with suppress(TelegramError):
        await bot.initialize()
    try:
        yield bot
    finally:
        await bot.shutdown()


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
            reply_markup=InlineKeyboardMarkup(_rows(buttons)) if buttons else None,
            protect_content=True,
            disable_notification=silent,
        )
    except TelegramError as error:
        return _understood(error)
    except (ValueError, KeyError, TypeError):
        # an answer that is no answer: the request may have had its effect
        return Delivery(Result.AMBIGUOUS)
    return Delivery(Result.SENT, message.message_id)


def _rows(buttons: list[tuple[Button, str]]) -> list[list[InlineKeyboardButton]]:
    """Short labels share a row, as long as their letters fit a small screen."""
    rows: list[list[InlineKeyboardButton]] = []
    room = 0
    for button, data in buttons:
        if len(button.label) > room:
            rows.append([])
            room = LABELS_IN_A_ROW
        rows[-1].append(InlineKeyboardButton(button.label, callback_data=data))
        room -= len(button.label)
    return rows


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
        case TimedOut() | NetworkError():
            return Delivery(Result.RETRY if _never_left(error) else Result.AMBIGUOUS)
        case _:
            return Delivery(Result.AMBIGUOUS)


_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_ANSWERED = ("Internal Server Error", "Bad Gateway", "Service Unavailable", "Gateway Timeout")


def _never_left(error: TelegramError) -> bool:
    """A server error with a body was answered, not delivered; a failed connection never left."""
    cause = error.__cause__
    if isinstance(cause, _UNSENT):
        return True
    return cause is None and any(words in error.message for words in _ANSWERED)
