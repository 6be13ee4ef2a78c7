"""The page that shows every phone. Works with forms alone; a script makes it quicker."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Template
from msgspec import Struct

from bots.phones import hands
from bots.phones.exchange import Bot, Exchange, TroubleError
from bots.phones.wire import Message, Phone

WAIT = 25.0
LANGUAGES = [
    *("ar", "bm", "bs", "en", "fr", "hr", "id", "kk"),
    *("lg", "mk", "nb", "nl", "ru", "sq", "sr", "sw"),
]


class Bubble(Struct):
    """A message as the page shows it. `day` is set on the first message of a day."""

    message: Message
    time: str
    day: str
    rows: list[list[tuple[int, dict[str, Any]]]]


class NewPhoneForm(Struct):
    label: str = ""
    language: str = "en"


class TextForm(Struct):
    text: str = ""


class TapForm(Struct):
    message: int
    button: int


class BlockForm(Struct):
    on: bool


class Page(Controller):
    """`after` waits until something has changed since that version."""

    @get("/")
    async def show(
        self,
        exchange: NamedDependency[Exchange],
        bot: FromQuery[int | None] = None,
        note: FromQuery[str] = "",
        after: FromQuery[int | None] = None,
    ) -> Template:
        if after is not None:
            await exchange.seen.until(lambda: exchange.seen.version != after, WAIT)
        chosen = _chosen(exchange, bot)
        return Template(
            "phones.html",
            context={
                "version": exchange.seen.version,
                "bots": list(exchange.bots.values()),
                "bot": chosen,
                "several": len(exchange.bots) > 1,
                "phones": list(exchange.phones.values()),
                "bubbles": lambda phone: list(_bubbles(exchange, chosen, phone)),
                "languages": LANGUAGES,
                "note": note,
            },
        )

    @get("/favicon.ico")
    async def icon(self) -> Redirect:
        return Redirect("/static/icon.svg", status_code=302)

    @post("/phones", status_code=303)
    async def add(
        self, exchange: NamedDependency[Exchange], data: URLEncodedBody[NewPhoneForm]
    ) -> Redirect:
        label = data.label.strip()[:60] or "A phone"
        phone = Phone(exchange.next.phone, label, data.language, exchange.zone)
        return _do(phone.id, lambda: exchange.add_phone(phone))

    @post("/phones/{number:int}/say", status_code=303)
    async def say(
        self,
        exchange: NamedDependency[Exchange],
        number: FromPath[int],
        data: URLEncodedBody[TextForm],
        bot: FromQuery[int | None] = None,
    ) -> Redirect:
        def act() -> None:
            if data.text.strip():
                to, phone = exchange.find_bot(bot), exchange.find_phone(number)
                hands.say(exchange, to, phone, data.text.strip())

        return _do(number, act, bot)

    @post("/phones/{number:int}/open", status_code=303)
    async def open_link(
        self,
        exchange: NamedDependency[Exchange],
        number: FromPath[int],
        data: URLEncodedBody[TextForm],
        bot: FromQuery[int | None] = None,
    ) -> Redirect:
        def act() -> None:
            to, phone = exchange.find_bot(bot), exchange.find_phone(number)
            hands.open_link(exchange, phone, data.text, to)

        return _do(number, act, bot)

    @post("/phones/{number:int}/tap", status_code=303)
    async def tap(
        self,
        exchange: NamedDependency[Exchange],
        number: FromPath[int],
        data: URLEncodedBody[TapForm],
        bot: FromQuery[int | None] = None,
    ) -> Redirect:
        def act() -> None:
            to, phone = exchange.find_bot(bot), exchange.find_phone(number)
            hands.tap(exchange, to, phone, button=data.button, message=data.message)

        return _do(number, act, bot)

    @post("/phones/{number:int}/block", status_code=303)
    async def block(
        self,
        exchange: NamedDependency[Exchange],
        number: FromPath[int],
        data: URLEncodedBody[BlockForm],
        bot: FromQuery[int | None] = None,
    ) -> Redirect:
        def act() -> None:
            to, phone = exchange.find_bot(bot), exchange.find_phone(number)
            hands.block(exchange, to, phone, on=data.on)

        return _do(number, act, bot)


def _chosen(exchange: Exchange, bot: int | None) -> Bot | None:
    return exchange.bots.get(bot or 0) or next(iter(exchange.bots.values()), None)


def _do(number: int, act: Callable[[], object], bot: int | None = None) -> Redirect:
    """Act, then show the page at that phone, with a note where it could not be done."""
    query: dict[str, Any] = {"bot": bot} if bot else {}
    try:
        act()
    except TroubleError as trouble:
        query["note"] = str(trouble)
    address = f"/?{urlencode(query)}" if query else "/"
    return Redirect(f"{address}#phone-{number}", status_code=303)


def _bubbles(exchange: Exchange, bot: Bot | None, phone: Phone) -> Iterator[Bubble]:
    zone, last = ZoneInfo(phone.zone), None
    for message in exchange.chat(bot, phone.id) if bot else []:
        at = message.at.astimezone(zone)
        day = f"{at:%A} {at.day} {at:%B %Y}"
        numbers = count()
        rows = [[(next(numbers), button) for button in row] for row in message.buttons]
        yield Bubble(message, f"{at:%H:%M}", day if day != last else "", rows)
        last = day
