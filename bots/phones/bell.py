"""Waiting for a change without looking again and again."""

import asyncio
from collections.abc import Callable
from contextlib import suppress


class Bell:
    """Wakes everybody who waits. `version` counts the changes; a closed bell lets nobody wait."""

    def __init__(self) -> None:
        self.version = 0
        self.closed = False
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self.version += 1
        self._rung.set()
        self._rung = asyncio.Event()

    def close(self) -> None:
        self.closed = True
        self.ring()

    async def until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return when `ready()` holds, when the bell is closed, or after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not (ready() or self.closed):
                    await self._rung.wait()
