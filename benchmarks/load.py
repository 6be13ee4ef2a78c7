"""Requests over kept connections, as fast as they are answered: raw sockets, one small process."""

import asyncio
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Heard:
    """What a window of load came to: answers in all, those that were 2xx, and seconds."""

    answers: int
    good: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


async def load(port: int, request: bytes, *, connections: int = 16, seconds: float = 3.0) -> Heard:
    """Send one request again and again on each connection for a while."""
    until = time.monotonic() + seconds
    started = time.monotonic()
    counts = await asyncio.gather(*(_one(port, request, until) for _ in range(connections)))
    spent = time.monotonic() - started
    return Heard(sum(count for count, _ in counts), sum(good for _, good in counts), spent)


async def _one(port: int, request: bytes, until: float) -> tuple[int, int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = good = 0
    try:
        while time.monotonic() < until:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            count += 1
            good += head.startswith(b"HTTP/1.1 2")
    finally:
        writer.close()
    return count, good


def get(path: str, token: str) -> bytes:
    lines = (f"GET {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}", "", "")
    return "\r\n".join(lines).encode()
