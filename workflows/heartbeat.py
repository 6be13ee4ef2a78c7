"""The sign that the jobs run; the API's readiness says when it stops.

Every worker beats under a name of its own, so that one that hangs is seen beside one that works.
"""

import socket
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, count
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.database import transaction

FORGOTTEN = timedelta(days=1)
HOST_LETTERS = 14  # a name has 24 at most


def host() -> str:
    """By what the names of this machine's or container's workers begin."""
    return f"worker:{socket.gethostname().partition('.')[0][:HOST_LETTERS]}:"


@dataclass
class Pulse:
    """The beat of one worker process; it has no name, and does not beat, before it claims one."""

    name: str | None = None
    id: UUID = field(default_factory=uuid4)

    async def claim(self, held: Any) -> None:
        """Take the first name of this host that is free, for as long as the connection lives.

        The database frees the name with the connection, however the process ended: so who comes
        after a killed worker takes its name, and its row. On a new connection the name that this
        one had is wanted first.
        """
        for name in chain(filter(None, [self.name]), (f"{host()}{n}" for n in count(1))):
            if await held.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", name):
                self.name = name
                return

    async def beat(self) -> None:
        """Write that this worker lives; forget an earlier name, and who was silent for a day.

        And a beat that is yet to come, which would never be silent.
        """
        if self.name is None:
            return
        name, now = self.name, clock.now()
        async with transaction() as held:
            await held.execute(
                "DELETE FROM heartbeat WHERE at NOT BETWEEN $1 AND $2 OR (id = $3 AND name <> $4)",
                now - FORGOTTEN,
                now + FORGOTTEN,
                self.id,
                name,
            )
            await held.execute(
                "INSERT INTO heartbeat (id, name, at) VALUES ($1, $2, $3)"
                " ON CONFLICT (name) DO UPDATE SET id = excluded.id, at = excluded.at",
                self.id,
                name,
                now,
            )

    async def end(self) -> None:
        """Take the row away: a worker that was told to stop is not silent."""
        self.name = None
        async with transaction() as held:
            # by id: another worker may have the name already
            await held.execute("DELETE FROM heartbeat WHERE id = $1", self.id)


PULSE = Pulse()  # of this process
