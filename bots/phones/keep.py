"""Phones and chats over a restart, in one file: the database they are linked in is kept too."""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from bots.phones.exchange import Exchange
from bots.phones.mailbox import Pending
from bots.phones.wire import Group, Message, Phone

log = logging.getLogger(__name__)

CALM = 0.2  # seconds: changes that come together are written together


class KeptBot(msgspec.Struct):
    """A bot without its token: the next call brings that."""

    id: int
    profile: dict[str, Any]
    pending: list[Pending]
    next_update: int


class Kept(msgspec.Struct):
    next_message: int
    next_query: int
    bots: list[KeptBot]
    phones: list[Phone]
    groups: list[Group]
    messages: list[Message]


class Keeper:
    """Reads the file when entered, writes it after changes and when left. No path, no file."""

    def __init__(self, exchange: Exchange, path: Path | None) -> None:
        self._exchange = exchange
        self._path = path
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._path is not None:
            self._load(self._path)
            self._task = asyncio.create_task(self._follow(self._path))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._path is not None and self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._save(self._path)

    async def _follow(self, path: Path) -> None:
        written = self._mark()
        while True:
            await asyncio.sleep(CALM)
            if self._mark() != written:
                written = self._mark()
                self._save(path)

    def _mark(self) -> tuple[int, int]:
        return self._exchange.seen.version, self._exchange.traffic.version

    def _load(self, path: Path) -> None:
        if not path.exists():
            return
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=Kept)
        except msgspec.DecodeError:
            path.replace(path.with_name(f"{path.name}.unreadable"))
            log.warning("%s cannot be read; it is put aside and the phones start empty", path.name)
            return
        exchange = self._exchange
        exchange.next.message = max(exchange.next.message, kept.next_message)
        exchange.next.query = max(exchange.next.query, kept.next_query)
        exchange.groups = {group.id: group for group in kept.groups}
        exchange.next.group = min([exchange.next.group, *(g - 1 for g in exchange.groups)])
        exchange.messages = {message.id: message for message in kept.messages}
        for phone in kept.phones:
            exchange.add_phone(phone)
        for old in kept.bots:
            bot = exchange.add_bot(old.id, max(exchange.next.update, old.next_update))
            bot.profile = old.profile
            bot.mailbox.pending = old.pending

    def _save(self, path: Path) -> None:
        exchange = self._exchange
        kept = Kept(
            exchange.next.message,
            exchange.next.query,
            [
                KeptBot(bot.id, bot.profile, bot.mailbox.pending, bot.mailbox.next)
                for bot in exchange.bots.values()
            ],
            list(exchange.phones.values()),
            list(exchange.groups.values()),
            list(exchange.messages.values()),
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(msgspec.json.encode(kept))
        fresh.replace(path)
