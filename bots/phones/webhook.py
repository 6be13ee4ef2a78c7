"""Pushing a bot's updates to its webhook until each is taken, and the three methods about it."""

import asyncio
import re
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx

from bots.phones.exchange import Bot, Exchange
from bots.phones.mailbox import Hook, Pending
from bots.phones.params import Params
from bots.phones.refusals import bad

SECRET = re.compile(r"[A-Za-z0-9_-]*")
LONGEST_SECRET = 256
LONGEST_PAUSE = 60.0
HEADER = "X-Telegram-Bot-Api-Secret-Token"
HERE = ("127.0.0.1", "localhost", "::1")
MOST_CONNECTIONS = 100


class Courier:
    """Delivers over `transport` (None: the network). `pause` (seconds) is the first back-off.

    Updates of one chat go in order, one at a time; chats go side by side. Whatever
    is not answered with 2xx within `patience` seconds comes again, after a pause
    that doubles up to a minute, or after the time that Retry-After asks for.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: float = 1.0,
        patience: float = 10.0,
    ) -> None:
        self._exchange = exchange
        self._make = partial(
            httpx.AsyncClient,
            transport=transport,
            timeout=patience,
            trust_env=False,
            follow_redirects=False,
        )
        # made when a bot sets a webhook: it reads the authorities of the machine, which takes long
        self._made: httpx.AsyncClient | None = None
        self._pause = pause
        self._rounds: dict[int, asyncio.Task[None]] = {}

    async def set_hook(self, bot: Bot, params: Params) -> tuple[bool, str]:
        """setWebhook: only to this machine, so that no test can reach another. Raises Refusal."""
        url, secret = params.text("url"), params.text("secret_token")
        if not url:
            return await self.delete_hook(bot, params)
        if not _is_here(url):
            raise bad("bad webhook: the stand-in delivers to this machine only")
        if len(secret) > LONGEST_SECRET:
            raise bad("secret token is too long")
        if not SECRET.fullmatch(secret):
            raise bad("secret token contains unallowed characters")
        await self._stop(bot)
        self._drop(bot, params)
        self._client()  # before anything waits for it
        most = params.number("max_connections", 40)
        bot.mailbox.hook = Hook(url, secret, max(1, min(most, MOST_CONNECTIONS)))
        bot.mailbox.forget_poll()
        self._rounds[bot.id] = asyncio.create_task(self._round(bot, bot.mailbox.hook))
        return True, "Webhook was set"

    async def delete_hook(self, bot: Bot, params: Params) -> tuple[bool, str]:
        was = bot.mailbox.hook is not None
        await self._stop(bot)
        self._drop(bot, params)
        bot.mailbox.hook = None
        return True, "Webhook was deleted" if was else "Webhook is already deleted"

    def info(self, bot: Bot) -> dict[str, Any]:
        hook = bot.mailbox.hook or Hook("")
        failed = {"last_error_date": hook.error_at, "last_error_message": hook.error}
        return {
            "url": hook.url,
            "has_custom_certificate": False,
            "pending_update_count": len(bot.mailbox.pending),
            "max_connections": hook.connections,
        } | (failed if hook.error else {})

    async def close(self) -> None:
        for bot in self._exchange.bots.values():
            await self._stop(bot)
        if self._made is not None:
            await self._made.aclose()

    def _client(self) -> httpx.AsyncClient:
        if self._made is None:
            self._made = self._make()
        return self._made

    async def _stop(self, bot: Bot) -> None:
        if task := self._rounds.pop(bot.id, None):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _drop(self, bot: Bot, params: Params) -> None:
        if params.flag("drop_pending_updates"):
            bot.mailbox.empty()

    async def _round(self, bot: Bot, hook: Hook) -> None:
        busy: set[int] = set()

        def waiting() -> set[int]:
            return {_lane(p) for p in bot.mailbox.pending} - busy

        async with asyncio.TaskGroup() as group:
            while not self._exchange.traffic.closed:
                for lane in sorted(waiting())[: hook.connections - len(busy)]:
                    busy.add(lane)
                    group.create_task(self._walk(bot, hook, lane, busy))
                await self._exchange.traffic.until(
                    lambda: bool(waiting()) and len(busy) < hook.connections, LONGEST_PAUSE
                )

    async def _walk(self, bot: Bot, hook: Hook, lane: int, busy: set[int]) -> None:
        """Deliver what is pending for one chat, in order."""
        tries = 0
        while mine := [p for p in bot.mailbox.pending if _lane(p) == lane]:
            wanted = await self._push(hook, mine[0])
            if wanted is None:
                tries = 0
                bot.mailbox.taken(mine[0])
                continue
            await asyncio.sleep(wanted or min(self._pause * 2**tries, LONGEST_PAUSE))
            tries += 1
        busy.discard(lane)
        self._exchange.traffic.ring()

    async def _push(self, hook: Hook, pending: Pending) -> float | None:
        """None when it was taken, else the seconds that the receiver asked us to wait (0: none)."""
        headers = {HEADER: hook.secret} if hook.secret else {}
        try:
            answer = await self._client().post(hook.url, json=pending.update, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return self._failed(hook, str(error) or type(error).__name__, "")
        if answer.is_success:
            return None
        text = f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"
        return self._failed(hook, text, answer.headers.get("retry-after", ""))

    def _failed(self, hook: Hook, text: str, retry_after: str) -> float:
        hook.error = text
        hook.error_at = int(self._exchange.clock().timestamp())
        return min(float(retry_after), 3600.0) if retry_after.isdecimal() else 0.0


def _is_here(url: str) -> bool:
    with suppress(ValueError):
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and parts.hostname in HERE
    return False


def _lane(pending: Pending) -> int:
    """The chat that an update belongs to; of its own where it has none."""
    content: Any = next((v for k, v in pending.update.items() if k != "update_id"), None)
    if isinstance(content, dict):
        inner = content.get("message", content)
        if isinstance(inner, dict) and isinstance(inner.get("chat"), dict):
            return int(inner["chat"].get("id", pending.id))
    return pending.id
