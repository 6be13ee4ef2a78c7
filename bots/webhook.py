"""The webhook: one route behind the proxy. An update is committed before it is answered 200."""

import asyncio
import hmac
import logging
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
import uvicorn
from litestar import Litestar, Request, Response, post
from telegram import Bot
from telegram.error import TelegramError

from backend.database import in_fresh_context
from backend.errors import DatabaseBusy
from backend.messages import inbox
from bots.channels.telegram import number_of
from bots.intake import KINDS

log = logging.getLogger(__name__)

PATH = "/telegram"
SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
LARGEST_UPDATE = 1024 * 1024
ANNOUNCE_AGAIN_SECONDS = 15
INT8 = 2**63


def _silent(status: int) -> Response[None]:
    return Response(None, status_code=status, media_type="text/plain")


def secret_of(number: str, secret: str) -> str:
    """By which the chat service says for which bot it calls: one of each, from the one we keep."""
    return hmac.new(secret.encode(), number.encode(), "sha256").hexdigest()


def create_webhook(numbers: Sequence[str], secret: str, came: Callable[[], None]) -> Litestar:
    """The application that the chat service calls; `came` is called after each commit.

    A wrong or missing secret is 401 and a body that is no update 400, both without a
    word; where the database is away the answer is 503, so that the update comes again.
    """
    secrets = {secret_of(number, secret).encode(): number for number in numbers}

    @post(PATH, status_code=200, include_in_schema=False)
    async def take(request: Request[Any, Any, Any]) -> Response[None]:
        said = request.headers.get(SECRET, "").encode()
        # all of them are looked at, whichever it is
        bots = [number for known, number in secrets.items() if hmac.compare_digest(said, known)]
        if not bots:
            return _silent(401)
        try:
            update = msgspec.json.decode(await request.body(), type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return _silent(400)
        number = update.get("update_id")
        if not isinstance(number, int) or not 0 <= number < INT8:
            return _silent(400)
        try:
            await in_fresh_context(partial(inbox.take, bots[0], number, update))
        except DatabaseBusy:
            return _silent(503)
        came()
        return _silent(200)

    return Litestar(
        [take], openapi_config=None, logging_config=None, request_max_body_size=LARGEST_UPDATE
    )


async def listen(
    bots: Sequence[Bot],
    came: Callable[[], None],
    *,
    url: str,
    secret: str,
    host: str,
    port: int,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Tell the chat service that we are at `url`, and serve until the task is cancelled."""
    config = uvicorn.Config(
        create_webhook([number_of(bot) for bot in bots], secret, came),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        proxy_headers=False,
        ssl_context_factory=(lambda *_: tls) if tls else None,
    )
    async with asyncio.TaskGroup() as tasks:
        for bot in bots:
            tasks.create_task(_announce(bot, url, secret_of(number_of(bot), secret)))
        tasks.create_task(uvicorn.Server(config).serve())


async def _announce(bot: Bot, url: str, secret: str) -> None:
    """Until the chat service has heard it; an address of an earlier start may stand meanwhile."""
    while True:
        try:
            await bot.set_webhook(url + PATH, secret_token=secret, allowed_updates=KINDS)
        except TelegramError as error:
            log.warning("the webhook could not be set", extra={"error": type(error).__name__})
            await asyncio.sleep(ANNOUNCE_AGAIN_SECONDS)
        else:
            return
