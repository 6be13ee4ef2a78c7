"""The row of somebody from outside on one plan: their name under their own key, and an alias."""

from dataclasses import dataclass
from datetime import time
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor
from backend.actors.actions import seal
from backend.agencies.aliases import free_alias
from backend.database import connection
from backend.errors import Taken, Unfit
from backend.messages.wording import UnfitAlias, check_alias


@dataclass(frozen=True)
class NewName:
    """`mentor` is whose profile it is, of a mentor."""

    id: UUID
    role: str
    name: str
    language: str | None = None
    zone: str | None = None
    alias: str | None = None
    gate: str | None = None
    call_weekday: int | None = None
    call_at: time | None = None
    standing: str | None = None
    mentor: UUID | None = None


async def write_member(actor: Actor, plan: Any, new: NewName) -> None:
    """For an actor that was made. Raises Unfit for an alias that is not fit for a chat, Taken."""
    held = connection()
    alias = await _alias(actor, plan, new.alias)
    agency = await held.fetchrow("SELECT language FROM agency WHERE id = $1", plan["agency"])
    await held.execute(
        "INSERT INTO member (id, agency, plan, version, role, alias, identity, language, zone,"
        " gate, call_weekday, call_at, standing, mentor)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        new.id,
        plan["agency"],
        plan["id"],
        new.role,
        alias,
        await seal(new.id, f"member.identity:{new.id}", {"name": new.name}),
        new.language or agency["language"],
        clock.check_zone(new.zone or plan["zone"]),
        new.gate,
        new.call_weekday,
        new.call_at,
        new.standing,
        new.mentor,
    )


async def _alias(actor: Actor, plan: Any, wanted: str | None) -> str:
    taken = {
        row["alias"]
        for row in await connection().fetch("SELECT alias FROM member WHERE plan = $1", plan["id"])
    }
    try:
        # unlike every other of the agency: one chat may speak of the plans of several people
        alias = (
            check_alias(wanted)
            if wanted
            else await free_alias(actor.agency, but=taken | {plan["alias"]})
        )
    except UnfitAlias as error:
        raise Unfit(f"The alias is not fit for a chat: {error}.") from error
    if alias in taken:
        raise Taken("Somebody else on this plan uses this alias.")
    return alias
