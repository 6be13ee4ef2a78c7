"""Free texts that somebody of the circle wrote: for the social worker's eyes, for thirty days.

A coordinator reads them for the four hours of a broken glass, and answers for none of them.

Nothing here is parsed, copied into the plan or quoted to anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import TOLD, Actor, check_version, find_plan, require
from backend.actors.actions import unseal
from backend.alerts.actions import close_tasks
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound
from backend.once import Written

LATEST = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))
PAGE = 20


@dataclass(frozen=True)
class IncomingLine:
    """One text. `name` is that of a mentor or relative; None where the person wrote."""

    id: UUID
    version: int
    plan: UUID
    alias: str
    zone: str
    name: str | None
    role: str
    received_at: datetime
    read_at: datetime | None
    text: str


_MINE = f"""
SELECT i.id, i.version, i.plan, i.subject, i.received_at, i.read_at, i.text, p.alias, p.zone,
       coalesce(b.role, 'PE') AS role, b.identity
  FROM incoming i JOIN plan p ON p.id = i.plan LEFT JOIN member b ON b.id = i.subject
  JOIN subject_key k ON k.id = i.subject AND k.wrapped IS NOT NULL
 WHERE i.text IS NOT NULL AND (i.received_at, i.id) < ($3, $4)
   AND EXISTS (SELECT 1 FROM mandate m WHERE m.plan = i.plan AND m.actor = $1
                  AND (m.role = 'SW' OR (m.role = 'CO' AND m.glass IS NOT NULL))
                  AND m.starts <= $2 AND (m.ends IS NULL OR m.ends > $2)
                  AND {TOLD.format(group="'chat text'", at="$2")}
                  AND {TOLD.format(group="'alias'", at="$2")})
 ORDER BY i.received_at DESC, i.id DESC LIMIT $5
"""


async def list_incoming(
    actor: Actor, *, before: tuple[datetime, UUID] | None = None, limit: int = PAGE
) -> Sequence[IncomingLine]:
    """The texts of the actor's plans, newest first, a page at a time.

    Each text that is shown is a reading of its own in the record of who looked.
    """
    require(actor, "readIncoming")
    async with transaction(actor.id) as held:
        since = before or LATEST
        rows = await held.fetch(_MINE, actor.id, clock.now(), *since, limit)
        for row in rows:
            await record(actor, "readIncoming", plan=row["plan"], thing=row["id"])
        return [await _line(row) for row in rows]


async def _line(row: Any) -> IncomingLine:
    member = f"member.identity:{row['subject']}"
    identity = await unseal(row["subject"], member, row["identity"])
    return IncomingLine(
        id=row["id"],
        version=row["version"],
        plan=row["plan"],
        alias=row["alias"],
        zone=row["zone"],
        name=identity["name"] if identity else None,
        role=row["role"],
        received_at=row["received_at"],
        read_at=row["read_at"],
        text=await unseal(row["subject"], f"incoming.text:{row['id']}", row["text"]),
    )


async def mark_read(actor: Actor, id_: UUID, seen: int) -> Written:
    """Say that a text was read; one that was marked before stays so.

    Raises NotFound for a text that is not of the actor's plans, VersionStale.
    """
    require(actor, "readIncoming")
    async with transaction(actor.id):
        held = connection()
        row = await held.fetchrow("SELECT * FROM incoming WHERE id = $1 FOR UPDATE", id_)
        if row is None:
            raise NotFound
        await find_plan(actor, row["plan"], group="chat text", roles=("SW",), by_glass=False)
        check_version(row, seen)
        version = await held.fetchval(
            "UPDATE incoming SET read_at = coalesce(read_at, $2), version = version + 1"
            " WHERE id = $1 RETURNING version",
            id_,
            clock.now(),
        )
        await close_tasks(id_, "free-text", "read")
        await record(actor, "readIncoming", plan=row["plan"], thing=id_, outcome="marked")
        return Written(id_, version)
