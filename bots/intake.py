"""Updates come in and take effect. What came in is committed before the service is told."""

import asyncio
import logging
from functools import partial
from typing import Any
from uuid import UUID

from telegram import Bot
from telegram.error import RetryAfter, TelegramError

from backend.database import in_fresh_context
from backend.errors import DatabaseBusy
from backend.messages import inbox
from backend.messages.inbox import UpdateFailed
from bots.app import handle
from bots.channels.telegram import number_of
from bots.conversations.lost import lost

log = logging.getLogger(__name__)

LONG_POLL_SECONDS = 25
PAUSE_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 20
KINDS = ["message", "callback_query", "my_chat_member"]


async def take_in(bot: Bot, offset: int, *, wait: int = LONG_POLL_SECONDS) -> int:
    """One round of polling; the next offset. An update is committed before the service knows."""
    updates = await bot.get_updates(offset=offset, timeout=wait, allowed_updates=KINDS)
    for update in updates:
        raw = update.to_dict()
        await in_fresh_context(partial(inbox.take, number_of(bot), update.update_id, raw))
        offset = update.update_id + 1
    return offset


async def work_off(bot: Bot) -> int:
    """Let every waiting update take effect, in order; how many did."""
    done, failed = 0, list[UUID]()
    while True:
        later: list[tuple[str, Any]] = []
        try:
            found = await in_fresh_context(partial(_one, failed, later))
        except UpdateFailed as error:
            # nothing of its content may reach the log
            log.warning("an update failed", extra={"error": type(error.__cause__).__name__})
            failed.append(error.update)
            continue
        if found is None:
            return done
        done += 1
        for method, value in later:
            await _afterwards(bot, method, value)


async def _one(failed: list[UUID], later: list[tuple[str, Any]]) -> UUID | None:
    return await inbox.handle_next(partial(_handle, later), lost, failed)


async def _handle(later: list[tuple[str, Any]], row: Any, raw: dict[str, Any]) -> None:
    later.clear()
    await handle(row, raw, later)


async def _afterwards(bot: Bot, method: str, value: Any) -> None:
    """A courtesy to the chat service; when it fails nothing is lost."""
    try:
        if method == "answer_callback_query":
            await bot.answer_callback_query(value)
        elif method == "leave_chat":
            await bot.leave_chat(value)
    except TelegramError as error:
        log.info("a courtesy failed", extra={"error": type(error).__name__})


async def poll(bot: Bot) -> None:
    """Poll for ever; trouble on either side is waited out."""
    offset = 0
    while True:
        try:
            await work_off(bot)
            offset = await take_in(bot, offset)
        except RetryAfter:
            log.warning("the chat service asks for patience")
            await asyncio.sleep(PAUSE_SECONDS * 5)
        except (TelegramError, DatabaseBusy) as error:
            log.warning("waiting", extra={"error": type(error).__name__})
            await asyncio.sleep(PAUSE_SECONDS)
        except Exception as error:  # noqa: BLE001 - whatever it was, the next round must come
            log.error("a round failed", extra={"error": type(error).__name__})  # noqa: TRY400
            await asyncio.sleep(PAUSE_SECONDS)


async def work(bot: Bot, came: asyncio.Event) -> None:
    """Work off for ever, whenever something came, and now and then all the same."""
    while True:
        try:
            came.clear()
            await work_off(bot)
            await asyncio.wait_for(came.wait(), LOOK_AGAIN_SECONDS)
        except TimeoutError:
            continue
        except Exception as error:  # noqa: BLE001 - whatever it was, the next round must come
            log.error("a round failed", extra={"error": type(error).__name__})  # noqa: TRY400
            await asyncio.sleep(PAUSE_SECONDS)
