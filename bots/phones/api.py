"""The Bot API over HTTP: `/bot<token>/<method>`.

Each call is kept byte for byte first, then takes effect, then is answered.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from litestar import HttpMethod, Request, Response, route
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.types import ASGIApp

from bots.phones import methods
from bots.phones.exchange import Bot, Exchange
from bots.phones.faults import freeze, kill
from bots.phones.hangup import hang_up
from bots.phones.params import Params, read
from bots.phones.refusals import Refusal, not_found
from bots.phones.webhook import Courier
from bots.phones.wire import Call, Fault

TOKEN = re.compile(r"bot((\d+):[A-Za-z0-9_-]+)")
DESCRIPTIONS = {
    403: "Forbidden: bot was blocked by the user",
    409: "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running",
}

log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, State]
Act = Callable[[], Awaitable[Response[Any]]]


@route("/{address:str}/{method:str}", http_method=[HttpMethod.GET, HttpMethod.POST])
async def bot_api(
    request: AnyRequest,
    exchange: NamedDependency[Exchange],
    courier: NamedDependency[Courier],
    address: FromPath[str],
    method: FromPath[str],
) -> ASGIApp:
    token = TOKEN.fullmatch(address)
    call = await _keep(request, exchange, int(token[2]) if token else None, method)
    try:
        try:
            call.params = await read(request)
        finally:
            exchange.calls.write(call)
        if token is None:
            raise not_found()
        bot, params = exchange.bot(token[1]), Params(call.params)
    except Refusal as refusal:
        call.status = refusal.status
        return _refused(refusal).to_asgi_response(None, request)

    async def act() -> Response[Any]:
        try:
            return await _carry_out(exchange, courier, bot, method, params)
        except Refusal as refusal:
            return _refused(refusal)

    fault = exchange.faults.met_by(method, bot.id, params.chat_or_none())
    response = await _play(fault, act) if fault else await act()
    if response is None:
        return hang_up
    call.status = response.status_code or 200
    return response.to_asgi_response(None, request)


def answer_http_error(_: AnyRequest, error: HTTPException) -> Response[Any]:
    """What the framework refuses (a body too large, a wrong verb), in the API's shape."""
    refusal = _refused(Refusal(error.status_code, HTTPStatus(error.status_code).phrase))
    refusal.content |= {"detail": error.detail, "extra": error.extra}
    return refusal


def answer_bug(_: AnyRequest, error: Exception) -> Response[Any]:
    log.error("the stand-in failed", exc_info=error)
    return _refused(Refusal(500, "Internal Server Error"))


async def _keep(request: AnyRequest, exchange: Exchange, bot: int | None, method: str) -> Call:
    call = Call(
        0,
        exchange.ticks(),
        exchange.clock(),
        bot,
        method,
        request.headers.get("content-type", ""),
        request.scope["query_string"].decode("latin-1"),
        await request.body(),
    )
    exchange.calls.keep(call)
    return call


async def _carry_out(
    exchange: Exchange, courier: Courier, bot: Bot, method: str, params: Params
) -> Response[Any]:
    match method.lower():
        case "setwebhook":
            return _ok(*await courier.set_hook(bot, params))
        case "deletewebhook":
            return _ok(*await courier.delete_hook(bot, params))
        case "getwebhookinfo":
            return _ok(courier.info(bot))
    return _ok(await methods.call(exchange, bot, method, params))


async def _play(fault: Fault, act: Act) -> Response[Any] | None:
    """Answer as the fault wants it; None is no answer at all."""
    done = await act() if fault.effect else None
    await asyncio.sleep(fault.delay)
    if fault.kill is not None and fault.when == "before":
        kill(fault.kill)
        return None
    if fault.drop:
        return None
    if fault.garbage is not None:
        return Response(fault.garbage, status_code=200, media_type="text/html")
    if fault.code is not None:
        return _refused(_refusal(fault, fault.code))
    done = done or await act()
    if fault.kill is not None:
        freeze(fault.kill)
        done.background = BackgroundTask(_finish, fault.kill)
    return done


async def _finish(process: int) -> None:
    kill(process)


def _refusal(fault: Fault, code: int) -> Refusal:
    wanted = {
        "retry_after": fault.retry_after,
        "migrate_to_chat_id": fault.migrate_to_chat,
    }
    parameters = {name: value for name, value in wanted.items() if value is not None}
    text = f"Too Many Requests: retry after {fault.retry_after}" if fault.retry_after else ""
    text = fault.description or text or DESCRIPTIONS.get(code) or HTTPStatus(code).phrase
    return Refusal(code, text, **parameters)


def _ok(result: Any, description: str = "") -> Response[Any]:
    more = {"description": description} if description else {}
    return Response({"ok": True, "result": result, **more}, status_code=200)


def _refused(refusal: Refusal) -> Response[Any]:
    body: dict[str, Any] = {
        "ok": False,
        "error_code": refusal.status,
        "description": refusal.text,
    }
    if refusal.parameters:
        body["parameters"] = refusal.parameters
    return Response(body, status_code=refusal.status)
