"""What surrounds every answer: a request id, the security headers, one log line."""

import logging
import time
from typing import Any
from uuid import uuid4

from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message

from backend.logs import request_id

log = logging.getLogger(__name__)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# A page says more about itself than these.
UNLESS_SAID = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class Enveloped(Litestar):
    """Litestar's middleware does not see what no route takes; this sees every answer."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request, started, status = str(uuid4()), time.perf_counter(), 500
        scope.setdefault("state", {})["request_id"] = request
        token = request_id.set(request)

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _dress(message, request)
            await send(message)

        try:
            await super().__call__(scope, receive, sending)
        finally:
            log.info("answered", extra=_fields(scope, status, started))
            request_id.reset(token)


def _dress(message: Any, request: str) -> None:
    headers = MutableScopeHeaders.from_message(message)
    headers["X-Request-Id"] = request
    for name, value in HEADERS.items():
        headers[name] = value
    for name, value in UNLESS_SAID.items():
        headers.setdefault(name, value)


def _fields(scope: Any, status: int, started: float) -> dict[str, object]:
    actor = scope["state"].get("actor")
    return {
        # the template of the route: a path could hold an id, a query even more
        "route": f"{scope['method'] if 'path_template' in scope else '-'}"
        f" {scope.get('path_template') or '-'}",
        "status": status,
        "ms": round((time.perf_counter() - started) * 1000, 1),
        "actor": str(actor.id) if actor else None,
    }
