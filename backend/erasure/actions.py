"""Erasing a person: from then on they are to everybody like somebody who never was.

docs/decisions/0018-erasure-and-retention.md says what is kept, and what becomes unreadable.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, check_version, require
from backend.actors.actions import destroy_key, hold_keys
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.erasure.ending import end_mandates, end_what_goes_on
from backend.erasure.holds import is_held, own_plan_locked
from backend.erasure.wishes import let_by
from backend.errors import NotFound, NotFromThisState, UnderLegalHold
from backend.once import Written
from backend.plans.rules import OVER
from backend.plans.terms import close_with_terms
from backend.staff.proof import require_fresh


async def erase_person(actor: Actor, plan_id: UUID, seen: int) -> Written:
    """Destroy the keys of a person and of their circle, and end all that was going on for them.

    For a coordinator of the plan's agency who has just shown who they are, where another one has
    asked for it (backend/second says what a small agency does instead). All of it is one
    transaction, and the mandates end last, the coordinator's own with them.
    Raises NotFound, VersionStale, ProveAgain, UnderLegalHold, TooManyTries, and
    NotFromThisState where nobody else asked for it, under supervision, and where somebody holds
    another plan of this person on which the actor is no coordinator.
    """
    require(actor, "erasePerson")
    async with transaction(actor.id):
        plan = await own_plan_locked(actor, plan_id)
        plans = await _plans(plan["person"])
        await hold_keys()
        version = _version_of(plans, plan_id)
        check_version({"version": version}, seen)
        await require_fresh(actor)
        await _check(plan, plans)
        await let_by(actor, plan["person"])
        for row in plans:
            if row["closed_at"] is None:  # by the birth date, while it can be read
                await close_with_terms(row, clock.now())
        ids = [row["id"] for row in plans]
        await end_what_goes_on(plan["person"], ids, by=actor.id)
        await destroy_key(plan["person"])
        await record(actor, "erasePerson", plan=plan_id, thing=plan["person"])
        await end_mandates(ids)
        return Written(plan_id, version + 1)


async def _plans(person: UUID) -> Sequence[Any]:
    rows: Sequence[Any] = await connection().fetch(
        "SELECT * FROM plan WHERE person = $1 ORDER BY id FOR NO KEY UPDATE", person
    )
    return rows


def _version_of(plans: Sequence[Any], plan_id: UUID) -> int:
    """As it stands now that nobody else can change it."""
    for row in plans:
        if row["id"] == plan_id:
            return int(row["version"])
    raise NotFound


async def _check(plan: Any, plans: Sequence[Any]) -> None:
    if await is_held(plan["person"]):
        raise UnderLegalHold
    if any(row["supervision"] and row["state"] not in OVER for row in plans):
        raise NotFromThisState("Under supervision: close the plan when that duty has ended.")
    if await connection().fetchval("SELECT is_held_by_others($1)", plan["person"]):
        raise NotFromThisState("Somebody has another plan of this person that is not yours.")
