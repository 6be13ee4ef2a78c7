"""The sign that the jobs run; the API's readiness says when it stops."""

from uuid import uuid4

from backend import clock
from backend.database import transaction


async def heartbeat(name: str = "worker") -> None:
    async with transaction() as held:
        await held.execute(
            "INSERT INTO heartbeat (id, name, at) VALUES ($1, $2, $3)"
            " ON CONFLICT (name) DO UPDATE SET at = excluded.at",
            uuid4(),
            name,
            clock.now(),
        )
