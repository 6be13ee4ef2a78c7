"""Debian's Chromium, started once for the tests of a process; each of them has its own context."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

CHROMIUM = Path("/usr/bin/chromium")
IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
    pytest.mark.usefixtures("chromium"),
]
QUIETLY = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_started: list[Browser] = []


def browser() -> Browser:
    """The one of this process, for tests marked with `IN_A_BROWSER`."""
    return _started[0]


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[None]:
    async with async_playwright() as player:
        _started.append(await player.chromium.launch(executable_path=CHROMIUM, args=QUIETLY))
        try:
            yield
        finally:
            await _started.pop().close()
