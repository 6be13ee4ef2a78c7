"""Updates come in and take effect. What came in is committed before the service is told."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
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


async def work_off(bots: Sequence[Bot]) -> int:
    """Let every waiting update take effect, in order; how many did."""
    done, failed = 0, list[UUID]()
    by_number = {number_of(bot): bot for bot in bots}
    while True:
        later = _Later()
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
        if (bot := by_number.get(later.number)) is not None:
            for method, value in later.calls:
                await _afterwards(bot, method, value)


@dataclass
class _Later:
    """What its bot does once an update has taken effect."""

    number: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)


async def _one(failed: list[UUID], later: _Later) -> UUID | None:
    return await inbox.handle_next(partial(_handle, later), lost, failed)


async def _handle(later: _Later, row: Any, raw: dict[str, Any]) -> None:
    later.number = row["bot_number"]
    later.calls.clear()
    await handle(row, raw, later.calls)


async def _afterwards(bot: Bot, method: str, value: Any) -> None:
    """A courtesy to the chat service; when it fails nothing is lost."""
    try:
        if method == "answer_callback_query":
            await bot.answer_callback_query(value)
        elif method == "leave_chat":
            await bot.leave_chat(value)
    except TelegramError as error:
        log.info("a courtesy failed", extra={"error": type(error).__name__})


async def poll(bots: Sequence[Bot]) -> None:
    """Poll for ever, each bot by itself; trouble on either side is waited out."""
    turn = asyncio.Lock()
    async with asyncio.TaskGroup() as tasks:
        for bot in bots:
            tasks.create_task(_poll(bot, bots, turn))


async def _poll(bot: Bot, bots: Sequence[Bot], turn: asyncio.Lock) -> None:
    """The service is told of an update by the next call, when it has taken effect."""
    offset = 0
    while True:
        try:
            async with turn:  # else two would take up one after the other of one chat at once
                await work_off(bots)
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


async def work(bots: Sequence[Bot], came: asyncio.Event) -> None:
    """Work off for ever, whenever something came, and now and then all the same."""
    while True:
        try:
            came.clear()
            await work_off(bots)
            await asyncio.wait_for(came.wait(), LOOK_AGAIN_SECONDS)
        except TimeoutError:
            continue
        except Exception as error:  # noqa: BLE001 - whatever it was, the next round must come
            log.error("a round failed", extra={"error": type(error).__name__})  # noqa: TRY400
            await asyncio.sleep(PAUSE_SECONDS)
