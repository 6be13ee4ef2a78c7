"""Rows of a plan, as somebody in the application's role sees them or as they might be added."""

import json
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from backend.database import transaction
from tests.plan_rows import PLAN_ROWS
from tests.world import World


async def plans_seen(actor: UUID | None) -> dict[str, set[UUID]]:
    """The plans of which an actor sees rows, table by table, as the application's role."""
    async with transaction(actor) as held:
        return {
            table: {
                row["plan"] for row in await held.fetch(f"SELECT {column} AS plan FROM {table}")
            }
            for table, column in PLAN_ROWS.items()
        }


async def a_new_copy(world: World, table: str, plan: str) -> dict[str, Any]:
    """A row of that plan under a fresh id, as JSON."""
    (found,) = await world.sql(
        f"SELECT to_jsonb(t)::text AS row FROM {table} t WHERE {PLAN_ROWS[table]} = $1 LIMIT 1",
        UUID(plan),
    )
    row: dict[str, Any] = json.loads(found["row"])
    row["id"] = 2**40 if isinstance(row["id"], int) else str(uuid4())
    return row


async def fetched_as(actor: UUID | None, sql: str, *values: object) -> list[asyncpg.Record]:
    async with transaction(actor) as held:
        found: list[asyncpg.Record] = await held.fetch(sql, *values)
        return found
