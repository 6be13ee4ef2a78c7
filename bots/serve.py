"""`./run bot`: takes updates in, lets them take effect. Polling, or a webhook behind a proxy."""

import asyncio
import logging
import signal
import sys
from functools import partial
from typing import Any
from uuid import UUID

import click
from telegram import Bot
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError

from backend import logs
from backend.actors.actions import vault
from backend.database import in_fresh_context
from backend.errors import DatabaseBusy
from backend.messages import inbox
from backend.messages.inbox import UpdateFailed
from backend.processes import CANNOT_RUN, process
from backend.settings import Settings, settings
from bots.app import handle
from bots.channels.telegram import make_bot, number_of, opened

log = logging.getLogger(__name__)

LONG_POLL_SECONDS = 25
PAUSE_SECONDS = 1.0
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
    return await inbox.handle_next(partial(_handle, later), failed)


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


async def poll(bot: Bot, stopping: asyncio.Event) -> None:
    """Poll until told to stop; trouble on either side is waited out."""
    offset = 0
    while not stopping.is_set():
        try:
            await work_off(bot)
            offset = await take_in(bot, offset)
        except RetryAfter as error:
            log.warning("the chat service asks for patience", extra={"error": str(error)})
            await asyncio.sleep(PAUSE_SECONDS * 5)
        except (BadRequest, NetworkError, TelegramError, DatabaseBusy) as error:
            log.warning("waiting", extra={"error": type(error).__name__})
            await asyncio.sleep(PAUSE_SECONDS)


@click.command(help="Take chat updates in and let them take effect.")
def command() -> None:
    logs.set_up()
    try:
        vault()
        asyncio.run(_run(settings()))
    except CANNOT_RUN as error:
        click.echo(f"bot: {error}", err=True)
        sys.exit(1)


async def _run(configured: Settings) -> None:
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    async with process("worker", configured), opened(make_bot(configured)) as bot:
        polling = asyncio.ensure_future(poll(bot, stopping))
        await stopping.wait()
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
