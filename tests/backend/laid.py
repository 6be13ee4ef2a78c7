"""Rows laid for one question to a function that runs as the owner, and taken back afterwards.

They are laid without the triggers and keys of the database, and the owner's own policies hide
nothing: what stands between the question and its answer is the function.
"""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import asyncpg

from backend import embedded
from tests.databases import copied

# Of the audit the owner sees what is old enough and nothing else: its function builds on that.
_POLICIES = """
SELECT tablename, policyname FROM pg_policies
 WHERE roles = '{throughcare_owner}' AND qual <> 'true' AND tablename <> 'audit'
"""
_COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable = 'NO', column_default IS NULL
  FROM information_schema.columns WHERE table_schema = 'public'
"""
_USUAL: Mapping[str, Mapping[str, object]] = {
    "actor": {"kind": "staff"},
    "agency": {"zone": "Africa/Tunis", "regime": "ngo", "working_days": [1]},
    "data_flow": {"purpose": "care", "basis": "law"},
    "mandate": {"role": "CO"},
    "member": {"zone": "Africa/Tunis", "role": "ME"},
    "plan": {"state": "active_outside", "zone": "Africa/Tunis", "certainty": "expected"},
    "staff": {"role": "CO"},
    "wall": {"kind": "excluded"},
}
_OWN = frozenset({"login", "hash", "access", "code", "alias"})  # that no other row has
HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=366)


def of(name: str) -> UUID:
    """The id of the row of this name."""
    return uuid5(NAMESPACE_OID, name)


@dataclass(frozen=True)
class Row:
    """A name stands for its row's id, where an id is asked for; a time is told from now on."""

    table: str
    values: Mapping[str, object]


def row(table: str, **values: object) -> Row:
    return Row(table, values)


Rows = Mapping[str, Row]
# What is different of a row, or that it is not there, or one more.
But = Mapping[str, Mapping[str, object] | Row | None]


def changed(rows: Rows, but: But) -> Rows:
    found = dict(rows)
    for name, change in but.items():
        if change is None:
            del found[name]
        elif isinstance(change, Row):
            assert name not in found, name
            found[name] = change
        else:
            found[name] = Row(found[name].table, {**found[name].values, **change})
    return found


@dataclass(frozen=True)
class Laid:
    held: Any
    types: Mapping[str, Mapping[str, str]]  # of each table's columns
    usual: Mapping[str, Mapping[str, object]]  # what a row says of which nothing is said

    @asynccontextmanager
    async def rows(self, rows: Rows, *, actor: str | None = None) -> AsyncIterator[datetime]:
        """These are there, and no other; `actor` is in scope now, which is what comes out."""
        now = datetime.now(UTC)
        whole = self.held.transaction()
        await whole.start()
        try:
            # within it, so that they are as if an earlier one had written them
            async with self.unguarded(), self.held.transaction():
                for name, one in rows.items():
                    await self._lay(name, one, now)
            said = {"app.now": now.isoformat(), "app.actor": str(of(actor)) if actor else ""}
            for setting, value in said.items():
                await self.held.execute("SELECT set_config($1, $2, true)", setting, value)
            yield now
        finally:
            await whole.rollback()

    @asynccontextmanager
    async def unguarded(self) -> AsyncIterator[None]:
        await self.held.execute("SET LOCAL session_replication_role = replica")
        yield
        await self.held.execute("SET LOCAL session_replication_role = origin")

    async def ask(self, sql: str, *values: object) -> Any:
        """What the function says: the first value of the first row."""
        return await self.held.fetchval(f"SELECT * FROM {sql}", *values)

    async def all(self, sql: str) -> list[Any]:
        """The first value of each row."""
        return [one[0] for one in await self.held.fetch(sql)]

    async def _lay(self, name: str, one: Row, now: datetime) -> None:
        types, usual = self.types[one.table], self.usual[one.table]
        values = {**usual, **dict.fromkeys(_OWN & usual.keys(), name), "id": name, **one.values}
        said = {key: _as_json(value, types[key], now) for key, value in values.items()}
        names = ", ".join(said)
        await self.held.execute(
            f"INSERT INTO {one.table} ({names}) SELECT {names}"
            f" FROM jsonb_populate_record(NULL::{one.table}, $1::jsonb)",
            json.dumps(said),
        )


def _as_json(value: object, kind: str, now: datetime) -> object:
    if isinstance(value, timedelta):
        at = now + value
        return at.date().isoformat() if kind == "date" else at.isoformat()
    if kind == "uuid" and isinstance(value, str):
        return str(of(value))
    if kind == "bytea" and isinstance(value, str):
        return "\\x" + value.encode().hex()
    return value


@asynccontextmanager
async def an_empty_database(server: embedded.Server) -> AsyncIterator[Laid]:
    async with copied(server) as name:
        held = await asyncpg.connect(server.url(database=name))
        try:
            for one in await held.fetch(_POLICIES):
                await held.execute(f"ALTER POLICY {one[1]} ON {one[0]} USING (true)")
            types: dict[str, dict[str, str]] = defaultdict(dict)
            usual: dict[str, dict[str, object]] = defaultdict(dict)
            for table, column, kind, needed, bare in await held.fetch(_COLUMNS):
                types[table][column] = kind
                if column == "agency":
                    usual[table][column] = "here"
                elif needed and (bare or column in _OWN):
                    at = kind.startswith("timestamp")
                    usual[table][column] = timedelta(0) if at else "somebody"
            for table, values in _USUAL.items():
                usual[table] |= values
            yield Laid(held, types, usual)
        finally:
            await held.close()
