"""Rows beside those of a plan, alike in all but whose they are, and what an act does to them.

Each test happens in one transaction that is never committed, as the owner of everything.
"""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn
from uuid import UUID, uuid4

from backend import clock, database, embedded
from backend.access import Actor
from backend.database import connection, transaction
from tests.backend.kept import Kept, a_copy
from tests.backend.scene import Scene
from tests.databases import as_the_owner_of_everything

_NOTE = """
CREATE TABLE noted (at text NOT NULL, id text NOT NULL, agency text, plan text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO noted
    SELECT tg_table_name, o ->> 'id', o ->> 'agency',
           o ->> CASE tg_table_name WHEN 'plan' THEN 'id' ELSE 'plan' END FROM to_jsonb(old) o;
    RETURN NULL;
END $$
"""
_TABLES = """
SELECT c.table_name AS name,
       CASE WHEN bool_or(c.column_name = 'plan') THEN 'plan'
            WHEN bool_or(c.column_name = 'agency') THEN 'agency' END AS of
  FROM information_schema.columns c JOIN information_schema.tables t
    ON t.table_name = c.table_name AND t.table_schema = 'public' AND t.table_type = 'BASE TABLE'
 WHERE c.table_schema = 'public' GROUP BY 1
HAVING bool_or(c.column_name = 'id' AND c.data_type = 'uuid') ORDER BY 1
"""
# Of each row of the plan, and of its agency, one that says `$2` instead, where it says any of that.
# What happens once is told apart by its step.
_BESIDE = """
INSERT INTO {table} SELECT c.* FROM {table} r,
       LATERAL (SELECT to_jsonb(r) AS was) w,
       LATERAL (SELECT jsonb_object_agg(key, value) AS other FROM jsonb_each($2::jsonb)
                 WHERE w.was ? key) o,
       LATERAL jsonb_populate_record(NULL::{table},
           w.was || jsonb_build_object('id', gen_random_uuid()) || o.other
           || CASE WHEN w.was ? 'step' THEN '{{"step": "beside"}}' ELSE '{{}}' END::jsonb) c
 WHERE r.{of} = $1 AND o.other IS NOT NULL
    ON CONFLICT DO NOTHING RETURNING id::text
"""
_LIKE = """
INSERT INTO {table} SELECT c.* FROM (SELECT * FROM {table} r WHERE {where} LIMIT 1) r,
       LATERAL jsonb_populate_record(NULL::{table},
           to_jsonb(r) || jsonb_build_object('id', gen_random_uuid()) || $1) c
RETURNING id
"""
LONG_AGO = {"starts": "2020-01-01T00:00:00Z", "ends": "2020-01-01T01:00:00Z"}


@dataclass
class Beside:
    """`plan` is one in which everything has happened; `other` is another of the same agency.

    `empty` is one more, of the other's person, in which there is nothing.
    """

    kept: Kept
    agency: UUID
    plan: UUID
    person: UUID
    other: UUID
    other_person: UUID
    other_link: UUID
    other_agency: UUID
    empty: UUID
    tables: Mapping[str, str | None]  # whose their rows are: a plan's, an agency's, or neither
    watched: set[str] = field(default_factory=set)

    def actor(self, role: str, scene: Scene | None = None, **more: Any) -> Actor:
        id_ = (scene or self.kept.scene).callers[role].id
        assert id_ is not None
        return Actor(id_, "staff", role, self.agency, **more)

    @asynccontextmanager
    async def undone(self, actor: Actor) -> AsyncIterator[Any]:
        """All of it is gone afterwards."""
        self.watched.clear()
        with suppress(_UndoneError):
            async with transaction(actor.id) as held:
                yield held
                _undo()

    async def add(self, but: Collection[str] = (), /, **other: object) -> None:
        """A row beside each, but in some tables; from now on they are watched."""
        values, made = json.dumps(other, default=str), []
        async with unguarded() as held:
            for table, of in self.tables.items():
                if of and table not in but:
                    sql = _BESIDE.format(table=table, of=of)
                    made += await held.fetch(sql, getattr(self, of), values)
        self.watched |= {row["id"] for row in made}

    async def changes(self, act: Awaitable[object]) -> Mapping[str, set[str]]:
        """The rows that it changed, table by table: of the plan, and none that is watched."""
        held = connection()
        await held.execute("DELETE FROM noted")
        await act
        noted = await held.fetch("SELECT * FROM noted")
        if amiss := {row["at"] for row in noted if self._is_beside(row)}:
            raise AssertionError(f"it changed rows beside those of the plan: {sorted(amiss)}")
        found: dict[str, set[str]] = defaultdict(set)
        for row in noted:
            found[row["at"]].add(row["id"])
        return found

    def _is_beside(self, row: Any) -> bool:
        foreign = row["plan"] not in {None, str(self.plan)} or (
            row["agency"] not in {None, str(self.agency)}
        )
        return foreign or row["id"] in self.watched


class _UndoneError(Exception):
    pass


def _undo() -> NoReturn:
    raise _UndoneError


@asynccontextmanager
async def unguarded() -> AsyncIterator[Any]:
    """The open transaction, without the triggers and keys of the database."""
    held = connection()
    await held.execute("SET LOCAL session_replication_role = replica")
    yield held
    await held.execute("SET LOCAL session_replication_role = origin")


async def a_row_like(table: str, where: str = "true", /, **other: object) -> UUID:
    """One like the one that is there, but for these values."""
    async with unguarded() as held:
        sql = _LIKE.format(table=table, where=where)
        made = await held.fetchval(sql, json.dumps(other, default=str))
    assert isinstance(made, UUID), f"{table} has no such row"
    return made


async def has_proved(actor: Actor) -> None:
    """A session of theirs in which they have just shown who they are."""
    just = {"proved_at": clock.now(), "access": f"\\x{uuid4().hex}"}
    await a_row_like("session", "ended_at IS NULL", id=actor.session, staff=actor.id, **just)


@asynccontextmanager
async def rows_beside(server: embedded.Server) -> AsyncIterator[Beside]:
    async with a_copy(server) as kept:
        await as_the_owner_of_everything(kept.world)
        tables = {one["name"]: one["of"] for one in await kept.world.sql(_TABLES)}
        async with kept.world.behind.held() as held:
            await held.execute(_NOTE)
            for table in tables:
                await held.execute(
                    f"CREATE TRIGGER note AFTER UPDATE OR DELETE ON {table}"
                    " FOR EACH ROW EXECUTE FUNCTION note()"
                )
        plans = [UUID(scene.docket.plan) for scene in (kept.scene, kept.other)]
        people = [
            (await kept.world.sql("SELECT person FROM plan WHERE id = $1", one))[0]["person"]
            for one in plans
        ]
        (link, *_) = await kept.world.sql("SELECT id FROM link WHERE plan = $1", plans[1])
        (there,) = await kept.world.sql(
            "SELECT agency FROM plan WHERE id = $1", UUID(kept.elsewhere.docket.plan)
        )
        assert kept.world.agency
        async with database.transaction():
            more = {"state": "closed", "person": people[1]}
            empty = await a_row_like("plan", **more)
        others = plans[1], people[1], link["id"], there["agency"], empty
        yield Beside(kept, kept.world.agency, plans[0], people[0], *others, tables)
