"""The control API for tests and the story, below `/_ctl`. It answers on this machine only."""

import os
import re
from collections import Counter
from typing import Any

from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from bots.phones import hands
from bots.phones.exchange import Exchange, TroubleError
from bots.phones.wire import (
    Again,
    Blocking,
    BotView,
    Call,
    Fault,
    Group,
    Message,
    NewGroup,
    NewPhone,
    Numbers,
    Phone,
    Raw,
    Saying,
    Sent,
    Switch,
    Tapping,
    Update,
)

LONGEST_WAIT = 60.0


def answer_trouble(_: Request[Any, Any, State], error: TroubleError) -> Response[Any]:
    return Response({"detail": str(error)}, status_code=error.status)


class PhonesControl(Controller):
    """What people do."""

    path = "/_ctl"

    @post("/phones", status_code=200)
    async def add(self, exchange: NamedDependency[Exchange], data: JSONBody[NewPhone]) -> Phone:
        return exchange.add_phone(
            Phone(
                exchange.next.phone if data.id is None else data.id,
                data.label,
                data.language,
                data.zone or exchange.zone,
            )
        )

    @get("/phones")
    async def phones(self, exchange: NamedDependency[Exchange]) -> list[Phone]:
        return list(exchange.phones.values())

    @get("/phones/{number:int}/chat")
    async def chat(
        self,
        exchange: NamedDependency[Exchange],
        number: FromPath[int],
        bot: FromQuery[str | None] = None,
    ) -> list[Message]:
        return exchange.chat(exchange.find_bot(bot), exchange.find_phone(number).id)

    @post("/phones/{number:int}/say", status_code=200)
    async def say(
        self, exchange: NamedDependency[Exchange], number: FromPath[int], data: JSONBody[Saying]
    ) -> Update:
        phone, bot = exchange.find_phone(number), exchange.find_bot(data.bot)
        return Update(hands.say(exchange, bot, phone, data.text, kind=data.kind, group=data.group))

    @post("/phones/{number:int}/open", status_code=200)
    async def open_link(
        self, exchange: NamedDependency[Exchange], number: FromPath[int], data: JSONBody[Saying]
    ) -> Update:
        """Follow the invitation link in `text`."""
        bot = exchange.find_bot(data.bot) if data.bot is not None else None
        return Update(hands.open_link(exchange, exchange.find_phone(number), data.text, bot))

    @post("/phones/{number:int}/tap", status_code=200)
    async def tap(
        self, exchange: NamedDependency[Exchange], number: FromPath[int], data: JSONBody[Tapping]
    ) -> Update:
        phone, bot = exchange.find_phone(number), exchange.find_bot(data.bot)
        return Update(
            hands.tap(
                exchange, bot, phone, button=data.button, message=data.message, data=data.data
            )
        )

    @post("/phones/{number:int}/block", status_code=200)
    async def block(
        self, exchange: NamedDependency[Exchange], number: FromPath[int], data: JSONBody[Blocking]
    ) -> Phone:
        phone, bot = exchange.find_phone(number), exchange.find_bot(data.bot)
        hands.block(exchange, bot, phone, on=data.on)
        return phone

    @post("/groups", status_code=200)
    async def group(self, exchange: NamedDependency[Exchange], data: JSONBody[NewGroup]) -> Group:
        return hands.gather(exchange, exchange.find_bot(data.bot), data.title)


class LineControl(Controller):
    """What a test does to the line between the bot and the phones, and what it sees there."""

    path = "/_ctl"

    @get("/bots")
    async def bots(self, exchange: NamedDependency[Exchange]) -> list[BotView]:
        return [
            BotView(
                bot.id,
                bot.name,
                bot.username,
                len(bot.mailbox.pending),
                bot.mailbox.hook.url if bot.mailbox.hook else "",
                bot.mailbox.hook.error if bot.mailbox.hook else "",
            )
            for bot in exchange.bots.values()
        ]

    @get("/sent")
    async def sent(  # noqa: PLR0917 - query parameters have names
        self,
        exchange: NamedDependency[Exchange],
        since: FromQuery[int] = 0,
        wait: FromQuery[int] = 0,
        timeout: FromQuery[float] = 5.0,  # noqa: ASYNC109 - the caller's words
        chat: FromQuery[int | None] = None,
        method: FromQuery[str | None] = None,
    ) -> list[Sent]:
        """What took effect after number `since`; waits until there are `wait` of them."""

        def found() -> list[Sent]:
            return [
                sent
                for sent in exchange.sent
                if sent.seq > since and chat in (None, sent.chat) and method in (None, sent.method)
            ]

        def enough() -> bool:
            return len(exchange.sent) >= wait and len(found()) >= wait

        await exchange.seen.until(enough, min(timeout, LONGEST_WAIT))
        return found()

    @get("/counts")
    async def counts(
        self, exchange: NamedDependency[Exchange], pattern: FromQuery[str | None] = None
    ) -> dict[str, int]:
        """How often each text was sent. With `pattern`, how often its first group was found."""
        texts = [sent.text for sent in exchange.sent if sent.method == "sendMessage"]
        if pattern is None:
            return Counter(texts)
        found = (re.search(pattern, text) for text in texts)
        return Counter(match[match.re.groups and 1] for match in found if match)

    @get("/calls")
    async def calls(
        self, exchange: NamedDependency[Exchange], since: FromQuery[int] = 0
    ) -> list[Call]:
        return exchange.calls.since(since)

    @get("/settled")
    async def settled(
        self,
        exchange: NamedDependency[Exchange],
        timeout: FromQuery[float] = 5.0,  # noqa: ASYNC109 - the caller's word
    ) -> bool:
        """Whether every update was taken, after waiting for it."""

        def quiet() -> bool:
            return not any(bot.mailbox.pending for bot in exchange.bots.values())

        await exchange.traffic.until(quiet, min(timeout, LONGEST_WAIT))
        return quiet()

    @post("/inject", status_code=200)
    async def inject(self, exchange: NamedDependency[Exchange], data: JSONBody[Raw]) -> Update:
        """Any update at all; its number is given here."""
        content = {k: v for k, v in data.update.items() if k != "update_id"}
        return Update(exchange.find_bot(data.bot).mailbox.put(content))

    @post("/redeliver", status_code=200)
    async def redeliver(self, exchange: NamedDependency[Exchange], data: JSONBody[Again]) -> Update:
        if not exchange.find_bot(data.bot).mailbox.again(data.update):
            raise TroubleError(f"no update {data.update}", 404)
        return Update(data.update)

    @post("/faults", status_code=200)
    async def fault(
        self,
        exchange: NamedDependency[Exchange],
        may_kill: NamedDependency[bool],
        data: JSONBody[Fault],
    ) -> Fault:
        if data.kill is not None and not may_kill:
            raise TroubleError("this stand-in was not made to kill")
        if data.kill is not None and (data.kill <= 1 or data.kill == os.getpid()):
            raise TroubleError("not that process")
        exchange.faults.add(data)
        return data

    @delete("/faults")
    async def no_faults(self, exchange: NamedDependency[Exchange]) -> None:
        exchange.faults.clear()

    @post("/limits", status_code=200)
    async def limits(self, exchange: NamedDependency[Exchange], data: JSONBody[Switch]) -> Switch:
        exchange.flood.on = data.on
        return data

    @post("/numbers", status_code=200)
    async def numbers(
        self, exchange: NamedDependency[Exchange], data: JSONBody[Numbers]
    ) -> Numbers:
        exchange.next.phone = data.phone or exchange.next.phone
        exchange.next.message = data.message or exchange.next.message
        if data.update:
            exchange.next.update = data.update
            for bot in exchange.bots.values():
                bot.mailbox.next = data.update
        return data

    @post("/reset", status_code=200)
    async def reset(self, exchange: NamedDependency[Exchange]) -> None:
        exchange.reset()
