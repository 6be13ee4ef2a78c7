"""A pass ends with its mandate and with its plan. It opens nothing then anyhow; this says so."""

from uuid import UUID

from backend import clock
from backend.database import connection


async def end_passes(mandate: UUID, *, by: UUID) -> None:
    await connection().execute(
        "UPDATE entry_pass SET ended_at = $2, ended_by = $3, version = version + 1"
        " WHERE mandate = $1 AND ended_at IS NULL",
        mandate,
        clock.now(),
        by,
    )


async def end_passes_of(plan: UUID) -> None:
    await connection().execute(
        "UPDATE entry_pass SET ended_at = $2, version = version + 1"
        " WHERE plan = $1 AND ended_at IS NULL",
        plan,
        clock.now(),
    )
