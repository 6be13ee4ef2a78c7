"""What an officer and an auditor look at: ids, codes and instants, and never a word of a case."""

from collections.abc import Sequence
from typing import Any

from backend.access import Actor, require
from backend.audit.actions import record
from backend.database import transaction

A_PAGE = 100


async def list_agency_holds(actor: Actor) -> Sequence[Any]:
    """The legal holds that stand in the agency, without their reasons."""
    require(actor, "listAgencyHolds")
    async with transaction(actor.id) as held:
        await record(actor, "listAgencyHolds")
        rows: Sequence[Any] = await held.fetch(
            "SELECT * FROM holds_of_agency() ORDER BY set_at, id"
        )
        return rows


async def list_proofs(actor: Actor) -> Sequence[Any]:
    """How much went by which rule of retention, the latest first."""
    require(actor, "listProofs")
    async with transaction(actor.id) as held:
        await record(actor, "listProofs")
        rows: Sequence[Any] = await held.fetch(
            "SELECT id, at, reason AS rule, times FROM audit WHERE operation = 'retention'"
            " ORDER BY at DESC, id DESC LIMIT $1",
            A_PAGE,
        )
        return rows


async def list_record(actor: Actor, *, before: int | None) -> Sequence[Any]:
    """Who did and read what in the agency, as ids, the latest first."""
    require(actor, "listRecord")
    async with transaction(actor.id) as held:
        await record(actor, "listRecord")
        rows: Sequence[Any] = await held.fetch(
            "SELECT id, at, actor, role, operation, plan, object, purpose, outcome FROM audit"
            " WHERE agency = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            actor.agency,
            before or 2**62,
            A_PAGE,
        )
        return rows
