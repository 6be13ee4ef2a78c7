"""Legal hold: while one stands nothing of a person is erased, and no term runs out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.actors.actions import seal, unseal
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState
from backend.once import Written

COORDINATOR, WORKERS = ("CO",), ("SW", "CO")


@dataclass(frozen=True)
class NewHold:
    reason: str
    id: UUID = field(default_factory=uuid4)


async def own_plan(
    actor: Actor, plan_id: UUID, roles: Collection[str], *, by_glass: bool = True
) -> Any:
    """A plan of the actor's own agency. Raises NotFound."""
    plan = await find_plan(actor, plan_id, roles=roles, by_glass=by_glass)
    if plan["agency"] != actor.agency:
        raise NotFound
    return plan


async def own_plan_locked(actor: Actor, plan_id: UUID) -> Any:
    """The same for its coordinator, its person locked; not by glass. Raises NotFound.

    The person and not the plan: who has two plans is held or erased in one go. Whoever holds a
    plan meanwhile and writes a row that names the person need not wait, so nobody waits in a ring.
    """
    plan = await own_plan(actor, plan_id, COORDINATOR, by_glass=False)
    await connection().execute(
        "SELECT 1 FROM person WHERE id = $1 FOR NO KEY UPDATE", plan["person"]
    )
    return plan


async def is_held(person: UUID) -> bool:
    """Whether a hold stands, on whatever plan of this person it was set."""
    return bool(await connection().fetchval("SELECT is_held($1)", person))


async def set_hold(actor: Actor, plan_id: UUID, new: NewHold) -> Written:
    """Let nothing of this person be erased until the hold has ended. Raises NotFound."""
    require(actor, "setLegalHold")
    async with transaction(actor.id) as held:
        plan = await own_plan_locked(actor, plan_id)
        await held.execute(
            "INSERT INTO legal_hold (id, agency, plan, version, person, reason, set_by, set_at)"
            " VALUES ($1, $2, $3, 1, $4, $5, $6, $7)",
            new.id,
            plan["agency"],
            plan["id"],
            plan["person"],
            await seal(plan["person"], f"legal_hold.reason:{new.id}", new.reason),
            actor.id,
            clock.now(),
        )
        await record(actor, "setLegalHold", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


async def list_holds(actor: Actor, plan_id: UUID) -> Sequence[dict[str, Any]]:
    """The holds that stand on this plan, oldest first, with their reasons. Raises NotFound."""
    require(actor, "listLegalHolds")
    async with transaction(actor.id) as held:
        plan = await own_plan(actor, plan_id, WORKERS)
        await record(actor, "listLegalHolds", plan=plan_id)
        rows = await held.fetch(
            "SELECT h.*, s.alias FROM legal_hold h JOIN staff s ON s.id = h.set_by"
            " WHERE h.person = $1 AND h.ended_at IS NULL ORDER BY h.set_at, h.id",
            plan["person"],
        )
        return [{**row, "reason": await _reason(row)} for row in rows]


async def _reason(row: Any) -> Any:
    return await unseal(row["person"], f"legal_hold.reason:{row['id']}", row["reason"])


async def end_hold(actor: Actor, id_: UUID, seen: int) -> Written:
    """Let go of it. Raises NotFound, VersionStale, NotFromThisState."""
    require(actor, "endLegalHold")
    async with transaction(actor.id) as held:
        plan_id = await held.fetchval("SELECT plan FROM legal_hold WHERE id = $1", id_)
        await own_plan_locked(actor, plan_id)  # None is nobody's plan
        row = await held.fetchrow("SELECT * FROM legal_hold WHERE id = $1 FOR UPDATE", id_)
        check_version(row, seen)
        if row["ended_at"] is not None:
            raise NotFromThisState("It has ended before.")
        await held.execute(
            "UPDATE legal_hold SET ended_at = $2, ended_by = $3, version = version + 1"
            " WHERE id = $1",
            id_,
            clock.now(),
            actor.id,
        )
        await record(actor, "endLegalHold", plan=plan_id, thing=id_)
        return Written(id_, seen + 1)
