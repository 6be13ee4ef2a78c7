"""Requests over kept connections, as fast as they are answered: raw sockets, one small process."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

# For a connection (by its number): what it sends as its so-manieth request.
Talk = Callable[[int], Callable[[int], bytes]]


@dataclass(frozen=True)
class Heard:
    """What a window of load came to: answers of each connection, all that were 2xx, seconds."""

    counts: list[int]
    good: int
    seconds: float

    @property
    def answers(self) -> int:
        return sum(self.counts)

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


async def load(port: int, talk: Talk, *, connections: int = 16, seconds: float = 3.0) -> Heard:
    """Let each connection send its requests one after another for a while."""
    loop = asyncio.get_running_loop()
    started = time.monotonic()
    callers = [Caller(talk(n), started + seconds) for n in range(connections)]
    await asyncio.gather(
        *(loop.create_connection(partial(_same, one), "127.0.0.1", port) for one in callers)
    )
    await asyncio.gather(*(one.done for one in callers))
    spent = time.monotonic() - started
    return Heard([one.count for one in callers], sum(one.good for one in callers), spent)


def _same(caller: "Caller") -> "Caller":
    return caller


class Caller(asyncio.Protocol):
    """One kept connection. Only status and length are looked at, so that it costs little."""

    def __init__(self, request: Callable[[int], bytes], until: float) -> None:
        self.request, self.until = request, until
        self.count = self.good = 0
        self.heard = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.request(0))

    def data_received(self, data: bytes) -> None:
        self.heard += data
        head, found, body = self.heard.partition(b"\r\n\r\n")
        if not found or len(body) < int(_LENGTH.search(head)[1]):  # type: ignore[index]
            return
        self.heard = b""
        self.count += 1
        self.good += head.startswith(b"HTTP/1.1 2")
        if time.monotonic() < self.until:
            self.transport.write(self.request(self.count))
        else:
            self.transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        self.done.set_result(None)


_LENGTH = re.compile(rb"(?i)content-length: *([0-9]+)")


def get(path: str, token: str) -> Talk:
    """The same request again and again."""
    whole = _request(f"GET {path}", token)
    return lambda _: lambda _: whole


def patch(path: str, token: str, body: bytes, *headers: str) -> bytes:
    more = ("Content-Type: application/json", f"Content-Length: {len(body)}", *headers)
    return _request(f"PATCH {path}", token, *more) + body


def _request(what: str, token: str, *headers: str) -> bytes:
    lines = (f"{what} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}", *headers)
    return "\r\n".join((*lines, "", "")).encode()
