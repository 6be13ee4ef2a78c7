"""Requests handed straight to the application: without a client around it each costs half."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

import httpx

KEPT = "/%:@!$&'()*+,;=~"  # what a path may hold as it is


async def ask(
    app: Any, method: str, path: str, headers: Mapping[str, str], content: bytes = b""
) -> httpx.Response:
    """The answer of the application, as `httpx.ASGITransport` would bring it, without a request."""
    route, _, query = path.partition("?")
    raw = quote(route, safe=KEPT)
    sent = {
        "host": "api",
        "accept": "*/*",
        "user-agent": "test",
        "content-length": str(len(content)),
        **{name.lower(): value for name, value in headers.items()},
    }
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw),
        "raw_path": raw.encode(),
        "root_path": "",
        "query_string": quote(query, safe=KEPT + "?").encode(),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 123),
        "server": ("api", None),
    }
    coming = [{"type": "http.request", "body": content, "more_body": False}]
    started: dict[str, Any] = {}
    body = bytearray()

    async def receive() -> dict[str, Any]:
        return coming.pop() if coming else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, send)
    return httpx.Response(started["status"], headers=started["headers"], content=bytes(body))
