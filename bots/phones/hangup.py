"""Ending a request without any answer, as a cut cable does."""

from typing import Any

import httpx
from litestar.types import Receive, Scope, Send

MARK = "phones.hang_up"


async def hang_up(scope: Scope, receive: Receive, send: Send) -> None:
    """An answer that is none: whoever serves the app closes the line (see `close_line`)."""
    del receive, send
    scope["state"][MARK] = True


async def close_line(scope: Scope, receive: Receive, send: Send) -> None:
    """Close the connection below a request that ended in `hang_up`; nothing otherwise.

    ASGI has no word for it. uvicorn's `send` belongs to the object that holds the
    socket. In one process there is no socket: the caller gets the error that
    httpx raises when a server goes away.
    """
    if not scope.get("state", {}).get(MARK):
        return
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
