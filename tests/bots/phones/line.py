"""A stand-in with one real bot library and one pair of hands, in this process or over a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.request import HTTPXRequest

from bots.phones.app import StandIn, create_phones
from bots.phones.client import Phones
from bots.phones.serve import serving

TOKEN = "4000000001:" + "a" * 35
HERE = "http://phones.test"


class Clock:
    """Domain time that only the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2031, 3, 3, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def ahead(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Line:
    app: StandIn
    bot: Bot
    phones: Phones
    http: httpx.AsyncClient
    clock: Clock
    url: str

    async def call(self, method: str, token: str = TOKEN, **values: Any) -> httpx.Response:
        """A call as no library would make it."""
        return await self.http.post(f"/bot{token}/{method}", json=values)

    async def linked(self, label: str = "Sister", **how: Any) -> int:
        """A phone that has pressed start, and whose update was taken."""
        phone = await self.phones.phone(label, **how)
        await self.phones.say(phone.id, "/start")
        await self.take()
        return phone.id

    async def take(self) -> list[Any]:
        """All updates that wait, confirmed."""
        updates = await self.bot.get_updates(timeout=0)
        if updates:
            await self.bot.get_updates(offset=updates[-1].update_id + 1, timeout=0)
        return list(updates)


def bot_of(url: str, transport: httpx.AsyncBaseTransport | None = None, token: str = TOKEN) -> Bot:
    how = {"transport": transport} if transport else {}
    return Bot(
        token,
        base_url=f"{url}/bot",
        request=HTTPXRequest(httpx_kwargs=how),
        get_updates_request=HTTPXRequest(httpx_kwargs=how),
    )


@asynccontextmanager
async def in_process(**how: Any) -> AsyncIterator[Line]:
    clock = Clock()
    app = create_phones(clock=clock, **how)
    transport = app.transport()
    async with (
        app.lifespan(),
        bot_of(HERE, transport) as bot,
        Phones(HERE, transport) as phones,
        httpx.AsyncClient(transport=transport, base_url=HERE) as http,
    ):
        yield Line(app, bot, phones, http, clock, HERE)


@asynccontextmanager
async def over_a_socket(**how: Any) -> AsyncIterator[Line]:
    clock = Clock()
    app = create_phones(clock=clock, **how)
    async with (
        serving(app) as url,
        bot_of(url) as bot,
        Phones(url) as phones,
        httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http,
    ):
        yield Line(app, bot, phones, http, clock, url)


def keys(*rows: list[str]) -> InlineKeyboardMarkup:
    """Buttons whose data is their label."""
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=label) for label in row] for row in rows]
    )
