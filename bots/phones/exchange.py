"""All that the stand-in knows: bots, phones, chats, and what went between them. Memory only."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from backend import clock as domain_clock
from bots.phones.bell import Bell
from bots.phones.calls import Calls
from bots.phones.faults import Faults
from bots.phones.flood import Flood
from bots.phones.mailbox import Mailbox
from bots.phones.refusals import bad, forbidden, unauthorized
from bots.phones.wire import Group, Message, Phone, Sent

# Beyond 32 bits, as new accounts are on the real service: a narrow column shows at once.
FIRST_PHONE = 7_000_000_001
FIRST_GROUP = -1_001_000_000_001
FIRST_UPDATE = 100_000_001


class TroubleError(Exception):
    """A hand at a phone cannot do this. `status` is 404 for what is not there, else 409."""

    def __init__(self, text: str, status: int = 409) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class Bot:
    id: int
    mailbox: Mailbox
    token: str | None = None
    profile: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.profile.get("name") or "Horizon Desk")

    @property
    def username(self) -> str:
        return f"desk_{self.id}_bot"


@dataclass
class Next:
    """The next number of each kind. Numbers only grow, also over `reset`."""

    phone: int = FIRST_PHONE
    group: int = FIRST_GROUP
    message: int = 1
    update: int = FIRST_UPDATE
    sent: int = 1
    query: int = 1


class Exchange:
    """The switchboard. `clock` dates messages; `ticks` (seconds) measures limits."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = domain_clock.now,
        ticks: Callable[[], float] = time.monotonic,
        refused: Iterable[str] = (),
        limits: bool = False,
        record: Path | None = None,
        zone: str = "UTC",
        numbers: Next | None = None,
    ) -> None:
        self.clock = clock
        self.ticks = ticks
        self.zone = zone
        self.refused = frozenset(refused)
        self.next = numbers or Next()
        self.bots: dict[int, Bot] = {}
        self.phones: dict[int, Phone] = {}
        self.groups: dict[int, Group] = {}
        self.messages: dict[int, Message] = {}
        self.queries: dict[str, tuple[int, int]] = {}
        self.sent: list[Sent] = []
        self.calls = Calls(record)
        self.faults = Faults()
        self.flood = Flood(ticks, on=limits)
        self.seen = Bell()
        self.traffic = Bell()

    def bot(self, token: str) -> Bot:
        """The bot of a token; the first use registers it. Raises Refusal (401)."""
        if token in self.refused:
            raise unauthorized()
        number = int(token.partition(":")[0])
        bot = self.bots.get(number) or self.add_bot(number)
        if bot.token not in (None, token):
            raise unauthorized()
        bot.token = token
        return bot

    def add_bot(self, number: int, first_update: int | None = None) -> Bot:
        bot = Bot(number, Mailbox(self.traffic, first_update or self.next.update))
        self.bots[number] = bot
        self.seen.ring()
        return bot

    def find_bot(self, wanted: int | str | None = None) -> Bot:
        """By id or user name; without either, the only bot there is. Raises TroubleError."""
        if wanted is None and len(self.bots) == 1:
            return next(iter(self.bots.values()))
        for bot in self.bots.values():
            if wanted in (bot.id, bot.username, str(bot.id)):
                return bot
        if wanted is None:
            raise TroubleError("say which bot" if self.bots else "no bot has called yet")
        raise TroubleError(f"no bot {wanted}", 404)

    def find_phone(self, number: int) -> Phone:
        """Raises TroubleError (404)."""
        if number not in self.phones:
            raise TroubleError(f"no phone {number}", 404)
        return self.phones[number]

    def add_phone(self, phone: Phone) -> Phone:
        if phone.id in self.phones:
            raise TroubleError(f"phone {phone.id} is there already")
        self.phones[phone.id] = phone
        self.next.phone = max(self.next.phone, phone.id + 1)
        self.seen.ring()
        return phone

    def reach(self, bot: Bot, chat: int) -> None:
        """Raises Refusal where the real service would not let this bot write to this chat."""
        if group := self.groups.get(chat):
            if bot.id not in group.bots:
                raise forbidden("bot is not a member of the supergroup chat")
            return
        phone = self.phones.get(chat)
        if phone is None:
            raise bad("chat not found")
        if bot.id in phone.blocked:
            raise forbidden("bot was blocked by the user")
        if bot.id not in phone.started:
            raise forbidden("bot can't initiate conversation with a user")

    def post(self, message: Message) -> Message:
        """Put a message into its chat, under a number of its own."""
        message.id, self.next.message = self.next.message, self.next.message + 1
        self.messages[message.id] = message
        self.seen.ring()
        return message

    def chat(self, bot: Bot, chat: int) -> list[Message]:
        """What a chat shows now, oldest first."""
        return [
            message
            for message in self.messages.values()
            if message.chat == chat and message.bot == bot.id and not message.deleted
        ]

    def log(self, sent: Sent) -> None:
        """Note that something took effect. Done before the bot gets its answer."""
        sent.seq, self.next.sent = self.next.sent, self.next.sent + 1
        self.sent.append(sent)
        self.seen.ring()

    def reset(self) -> None:
        """Forget phones, chats, calls and faults. Bots stay, with token and webhook."""
        for bot in self.bots.values():
            bot.mailbox.empty()
            bot.profile.clear()
        for kept in (self.phones, self.groups, self.messages, self.queries):
            kept.clear()
        self.sent.clear()
        self.calls.clear()
        self.faults.clear()
        self.seen.ring()

    def close(self) -> None:
        """Let every waiting request answer now."""
        self.seen.close()
        self.traffic.close()
