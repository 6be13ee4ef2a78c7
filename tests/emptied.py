"""How a database comes back to what it was before a test."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

# All that can be dirty is looked at in one statement and emptied in another. `replica` sleeps
# the triggers that make rows append-only and the foreign keys, so order does not matter. It is
# said once for the connection: each time it is said, every plan of the session is made anew.
SETTINGS = {"session_replication_role": "replica", "lock_timeout": "2s"}
TABLES = """
SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE nspname = 'public' AND relkind = 'r' ORDER BY 1
"""
SEQUENCES = """
SELECT format('%I.%I', schemaname, sequencename)::regclass::text AS name, start_value, last_value
FROM pg_sequences ORDER BY 1
"""
# What no emptying gives back: tables, functions, policies, rights and settings.
SHAPE = """
SELECT (SELECT sum(hashtextextended(concat(relname, relacl, relrowsecurity, relforcerowsecurity,
                                           relkind, relowner, relhastriggers, reloptions), 0))
        FROM pg_class WHERE relnamespace = 'public'::regnamespace),
       (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_attribute),
       (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_proc),
       (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_policy),
       (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_trigger),
       (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_constraint),
       (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_namespace),
       (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_db_role_setting),
       (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_auth_members),
       (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_authid)
"""
# Its state is told of no session of the application: who is in a transaction holds its number.
OPEN = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'virtualxid')
"""


@dataclass
class Beginning:
    """What a database was before the first test, and how to bring it back there."""

    look: str
    rows: Mapping[str, bytes]  # of the tables that migrations filled
    counters: str
    shape: asyncpg.Record


async def remember(held: Any) -> Beginning:
    """Look at a database in which nothing but migrations has written yet."""
    mark = await held.fetchval("SELECT pg_current_xact_id()::text::bigint")
    tables = [row["name"] for row in await held.fetch(TABLES)]
    rows: dict[str, bytes] = {}
    looks = []
    for name in tables:
        filled = await held.fetchval(f"SELECT count(*) FROM {name}")
        written = f"EXISTS (SELECT FROM {name})"
        if filled:
            kept = io.BytesIO()
            await held.copy_from_table(name, output=kept, format="binary")
            rows[name] = kept.getvalue()
            written = (
                f"EXISTS (SELECT FROM {name} WHERE xmin::text::bigint > {mark})"
                f" OR {filled} <> (SELECT count(*) FROM {name})"
            )
        looks.append(f"SELECT '{name}' AS name WHERE {written}")
    counters = ", ".join(
        f"setval('{row['name']}', {row['last_value'] or row['start_value']},"
        f" {str(row['last_value'] is not None).lower()})"
        for row in await held.fetch(SEQUENCES)
    )
    return Beginning(
        " UNION ALL ".join(looks),
        rows,
        f"SELECT {counters}" if counters else "SELECT 1",
        await held.fetchrow(SHAPE),
    )


async def empty(held: Any, beginning: Beginning) -> bool:
    """Bring it back; False where a test changed what cannot be brought back.

    `held` was opened with `SETTINGS`, and is the same from test to test: it keeps its plans.
    Raises what Postgres says where something still holds on to a row.
    """
    await held.fetch(OPEN)  # as a statement that is kept
    if await held.fetchrow(SHAPE) != beginning.shape:
        return False
    async with held.transaction():
        dirty = [row["name"] for row in await held.fetch(beginning.look)]
        await held.execute(";".join(["SELECT", *(f"DELETE FROM {name}" for name in dirty)]))
        for name in set(dirty) & set(beginning.rows):
            again = io.BytesIO(beginning.rows[name])
            await held.copy_to_table(name, source=again, format="binary")
        await held.execute(beginning.counters)
    return True
