"""A pass ends with its mandate and with its plan. It opens nothing then anyhow; this says so."""

from collections.abc import Mapping
from typing import Any
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


async def end_own_passes_of(plan: Mapping[str, Any]) -> None:
    """The person's own, whoever holds the paper; a lawyer or guardian goes on coming in."""
    await connection().execute(
        "UPDATE entry_pass SET ended_at = $3, version = version + 1"
        " WHERE plan = $1 AND subject = $2 AND ended_at IS NULL",
        plan["id"],
        plan["person"],
        clock.now(),
    )
