"""Who cares for whom: how many people a worker or mentor carries, and one human whom they may call.

Numbers are of people, by name and never by size: nobody is compared with anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, require
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, Unfit
from backend.mentors.places import name_of
from backend.once import Written


@dataclass(frozen=True)
class Care:
    """Colleagues and mentors of the agency, each with `people` and the `human` they may call."""

    staff: Sequence[dict[str, Any]]
    mentors: Sequence[dict[str, Any]]


_STAFF = """
SELECT s.id, s.alias, s.role, coalesce(l.people, 0) AS people, u.human
  FROM staff s LEFT JOIN load_of_house() l ON l.who = s.id LEFT JOIN support u ON u.id = s.id
 WHERE s.agency = $1 AND s.active ORDER BY s.alias, s.id
"""
_MENTORS = """
SELECT t.id, t.identity, k.wrapped, mentor_load(t.id) AS people, u.human
  FROM mentor t LEFT JOIN subject_key k ON k.id = t.id
  LEFT JOIN support u ON u.id = t.id WHERE t.agency = $1 AND t.ended_at IS NULL
"""


async def list_support(actor: Actor) -> Care:
    """Of the coordinator's own agency, in the order of their names."""
    require(actor, "listSupport")
    async with transaction(actor.id) as held:
        await record(actor, "listSupport", thing=actor.agency)
        staff = [dict(row) for row in await held.fetch(_STAFF, actor.agency)]
        mentors = [
            {**row, "alias": name_of(row) or ""} for row in await held.fetch(_MENTORS, actor.agency)
        ]
    return Care(staff, sorted(mentors, key=lambda m: (m["alias"].casefold(), str(m["id"]))))


_OF_THE_HOUSE = """
SELECT EXISTS (SELECT 1 FROM staff WHERE id = $1 AND agency = $2 AND active)
    OR EXISTS (SELECT 1 FROM mentor WHERE id = $1 AND agency = $2 AND ended_at IS NULL)
"""


async def set_support(actor: Actor, who: UUID, human: UUID | None) -> Written:
    """Say whom a mentor or colleague may call: another colleague of the agency, or nobody.

    Raises NotFound, Unfit.
    """
    require(actor, "setSupport")
    if who == human:
        raise Unfit("Nobody calls themselves.", field="human")
    async with transaction(actor.id) as held:
        there = await held.fetchval(_OF_THE_HOUSE, who, actor.agency)
        staff = "SELECT 1 FROM staff WHERE id = $1 AND agency = $2 AND active"
        if not there or (human and not await held.fetchval(staff, human, actor.agency)):
            raise NotFound
        version: int = await held.fetchval(
            "INSERT INTO support AS s (id, agency, version, human, set_by, set_at)"
            " VALUES ($1, $2, 1, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET human = $3,"
            " set_by = $4, set_at = $5, version = s.version + 1 RETURNING version",
            who,
            actor.agency,
            human,
            actor.id,
            clock.now(),
        )
        await record(actor, "setSupport", thing=who)
        return Written(who, version)


async def own_support(actor: Actor) -> str | None:
    """The alias of whom one may call oneself; None where nobody was named."""
    require(actor, "getSupport")
    async with transaction(actor.id):
        await record(actor, "getSupport", thing=actor.id)
        alias: str | None = await connection().fetchval(
            "SELECT s.alias FROM support u JOIN staff s ON s.id = u.human AND s.active"
            " WHERE u.id = $1",
            actor.id,
        )
        return alias
