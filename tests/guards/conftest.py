from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from backend import embedded


@pytest.fixture
async def catalog(server: embedded.Server) -> AsyncIterator[Any]:
    """A superuser of a migrated database."""
    held = await asyncpg.connect(server.url())
    try:
        yield held
    finally:
        await held.close()
