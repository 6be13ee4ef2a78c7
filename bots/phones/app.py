"""The stand-in as one Litestar app. Its state lives in it, so several can run side by side."""

import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Litestar, Request, Response
from litestar.datastructures import ResponseHeader, State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig
from litestar.types import LifeSpanReceive, LifeSpanScope, LifeSpanSend, Receive, Scope, Send

from backend import clock as domain_clock
from bots.phones.api import answer_bug, answer_http_error, bot_api
from bots.phones.control import LineControl, PhonesControl, answer_trouble
from bots.phones.exchange import Exchange, Next, TroubleError
from bots.phones.hangup import close_line
from bots.phones.keep import Keeper
from bots.phones.page import Page
from bots.phones.webhook import Courier

HERE = Path(__file__).parent
# `phones.test` is for callers inside the process: no name server ever answers for it.
HOSTS = ("127.0.0.1", "localhost", "::1", "phones.test")
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class StandIn(Litestar):
    """Litestar, and a request may also end without an answer."""

    exchange: Exchange
    courier: Courier

    async def __call__(
        self,
        scope: Scope | LifeSpanScope,
        receive: Receive | LifeSpanReceive,
        send: Send | LifeSpanSend,
    ) -> None:
        await super().__call__(scope, receive, send)
        if scope["type"] != "lifespan":
            await close_line(scope, cast("Receive", receive), cast("Send", send))

    def transport(self) -> httpx.ASGITransport:
        """A way for any httpx client in this process to reach it without a socket."""
        return httpx.ASGITransport(cast("Any", self))


def create_phones(
    *,
    clock: Callable[[], datetime] = domain_clock.now,
    ticks: Callable[[], float] = time.monotonic,
    refused: Iterable[str] = (),
    limits: bool = False,
    record: Path | None = None,
    keep: Path | None = None,
    zone: str = "UTC",
    numbers: Next | None = None,
    may_kill: bool = False,
    webhook_transport: httpx.AsyncBaseTransport | None = None,
    webhook_pause: float = 1.0,
) -> StandIn:
    """Make a stand-in.

    `clock` dates messages and `ticks` (seconds) measures the limits, which are off
    unless `limits`. `refused` tokens get 401. `record` gets every call as a line of
    JSON; `keep` holds phones and chats over a restart. `zone` (IANA) is for the
    page. `may_kill` allows faults that kill a process: for tests alone.
    `webhook_pause` (seconds) is the first pause before an update is pushed again.
    """
    exchange = Exchange(
        clock=clock,
        ticks=ticks,
        refused=refused,
        limits=limits,
        record=record,
        zone=zone,
        numbers=numbers,
    )
    app = _app(_running(keep), may_kill=may_kill)
    app.exchange = exchange
    app.courier = Courier(exchange, transport=webhook_transport, pause=webhook_pause)
    return app


def _running(keep: Path | None) -> Callable[[StandIn], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def running(app: StandIn) -> AsyncIterator[None]:
        async with Keeper(app.exchange, keep):
            try:
                yield
            finally:
                app.exchange.close()
                await app.courier.close()

    return running


def _app(
    running: Callable[[StandIn], AbstractAsyncContextManager[None]],
    *,
    may_kill: bool,
) -> StandIn:
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined
    )
    return StandIn(
        [
            bot_api,
            PhonesControl,
            LineControl,
            Page,
            create_static_files_router("/static", [HERE / "static"]),
        ],
        before_request=_from_here,
        dependencies={
            "exchange": _told(lambda app: app.exchange),
            "courier": _told(lambda app: app.courier),
            "may_kill": _told(lambda _: may_kill),
        },
        exception_handlers={
            TroubleError: answer_trouble,
            HTTPException: answer_http_error,
            Exception: answer_bug,
        },
        lifespan=[cast("Any", running)],
        logging_config=None,
        openapi_config=None,
        response_headers=[
            ResponseHeader(name="content-security-policy", value=POLICY),
            ResponseHeader(name="referrer-policy", value="same-origin"),
            ResponseHeader(name="x-content-type-options", value="nosniff"),
        ],
        template_config=TemplateConfig(engine=JinjaTemplateEngine.from_environment(templates)),
    )


def _told(of: Callable[[StandIn], Any]) -> Provide:
    def tell(request: Request[Any, Any, State]) -> Any:
        return of(cast("StandIn", request.app))

    return Provide(tell, sync_to_thread=False)


async def _from_here(request: Request[Any, Any, State]) -> Response[str] | None:
    """Keep other web sites out: a page elsewhere could otherwise tap buttons here."""
    host = request.headers.get("host", "")
    origin = request.headers.get("origin")
    if urlsplit(f"//{host}").hostname not in HOSTS:
        return Response("This answers to 127.0.0.1 only.", status_code=421, media_type="text/plain")
    if origin is not None and urlsplit(origin).netloc != host:
        return Response("Not from another site.", status_code=403, media_type="text/plain")
    return None
