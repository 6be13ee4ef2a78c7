"""Transactions of whoever has the terminal of the installation.

They connect as the owner of the database and speak as the application's role, so that every row
policy holds for them too. Whom a connection came as is the one thing of it that no statement can
change: by that the database tells the terminal from the API, and lets it alone make agencies,
accounts without an invitation, bots and courts.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from backend.database import act_as, transaction


@asynccontextmanager
async def at_terminal(actor: UUID | None = None) -> AsyncIterator[Any]:
    """A transaction of the operator's, or the open one, whosever it is."""
    before = act_as("operator")
    try:
        async with transaction(actor) as held:
            yield held
    finally:
        before.var.reset(before)
