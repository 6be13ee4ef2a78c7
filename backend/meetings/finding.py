"""A meeting, or somebody's part in it, for whoever may write it; the plan is locked."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from backend.access import Actor, check_version, find_plan
from backend.database import connection
from backend.errors import NotFound, NotFromThisState
from backend.meetings import inviting, rules
from backend.plans import rules as of_plans

WORKERS = sorted(of_plans.WORKERS)
READERS = ("SW", "CO", "PO", "PS", "TR", "CP")


async def find_meeting(actor: Actor, id_: UUID, *, coming: bool | None = None) -> tuple[Any, Any]:
    """A meeting of a plan that the actor leads, and the plan, which is locked.

    `coming` asks for one that is still to take place, or for one that did and is not approved yet.
    Raises NotFound, NotFromThisState.
    """
    held = connection()
    plan_id = await held.fetchval("SELECT plan FROM meeting WHERE id = $1", id_)
    plan = await find_plan(actor, plan_id, group=rules.GROUP, roles=WORKERS, lock=True)
    row = await held.fetchrow("SELECT * FROM meeting WHERE id = $1", id_)
    if row is None:
        raise NotFound
    row = rules.as_it_stands(row, plan)
    if coming is not None:
        check_state(row, coming=coming)
    return row, plan


def check_state(meeting: Mapping[str, Any], *, coming: bool) -> None:
    """Raises NotFromThisState."""
    if meeting["called_off_at"] is not None:
        raise NotFromThisState("It was called off.")
    if coming and meeting["took_place_at"] is not None:
        raise NotFromThisState("It has taken place.")
    if not coming and meeting["took_place_at"] is None:
        raise NotFromThisState("It has not taken place yet.")
    if meeting["approved_at"] is not None:
        raise NotFromThisState("The minutes were approved: add to them.")


async def find_member(actor: Actor, id_: UUID, seen: int) -> tuple[Any, Any, Any]:
    """Somebody's part in a meeting that is the actor's own, or theirs to write down; locked.

    With its meeting and plan. Raises NotFound, VersionStale.
    """
    held = connection()
    of = await held.fetchrow("SELECT plan, meeting FROM meeting_member WHERE id = $1", id_)
    # None is nobody's plan
    plan = await find_plan(actor, of and of["plan"], group=rules.GROUP, roles=READERS, lock=True)
    for member in await inviting.members_of(plan, of["meeting"]):
        if member["id"] != id_:
            continue
        own = member["actor"] == actor.id
        if not own and not (plan["mandate"] in WORKERS and rules.is_by_voice(member)):
            raise NotFound
        check_version(member, seen)
        meeting = await held.fetchrow("SELECT * FROM meeting WHERE id = $1", member["meeting"])
        return member, rules.as_it_stands(meeting, plan), plan
    raise NotFound
