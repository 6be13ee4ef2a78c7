"""Requests over kept connections, as fast as they are answered: raw sockets, one small process."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

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
    until = time.monotonic() + seconds
    started = time.monotonic()
    heard = await asyncio.gather(*(_one(port, talk(n), until) for n in range(connections)))
    spent = time.monotonic() - started
    return Heard([count for count, _ in heard], sum(good for _, good in heard), spent)


async def _one(port: int, request: Callable[[int], bytes], until: float) -> tuple[int, int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = good = 0
    try:
        while time.monotonic() < until:
            writer.write(request(count))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            count += 1
            good += head.startswith(b"HTTP/1.1 2")
    finally:
        writer.close()
    return count, good


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
