"""Erasing a person: from then on they are to everybody like somebody who never was.

docs/decisions/0018-erasure-and-retention.md says what is kept, and what becomes unreadable.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, check_version, require
from backend.actors.actions import destroy_key
from backend.audit.actions import record
from backend.database import connection, moment, transaction
from backend.erasure.holds import COORDINATOR, is_held, own_plan
from backend.errors import NotFound, NotFromThisState, UnderLegalHold
from backend.messages import outbox
from backend.once import Written
from backend.plans.rules import OVER
from backend.staff.proof import require_fresh

WHY = "erased"


async def erase_person(actor: Actor, plan_id: UUID, seen: int) -> Written:
    """Destroy the keys of a person and of their circle, and end all that was going on for them.

    For a coordinator of the plan's agency who has just shown who they are. All of it is one
    transaction, and the mandates end last, the coordinator's own with them.
    Raises NotFound, VersionStale, ProveAgain, UnderLegalHold, TooManyTries, and
    NotFromThisState behind broken glass, under supervision, and where somebody holds another
    plan of this person on which the actor is no coordinator.
    """
    require(actor, "erasePerson")
    async with transaction(actor.id):
        plan = await own_plan(actor, plan_id, COORDINATOR)
        plans = await _plans(plan["person"])
        version = _version_of(plans, plan_id)
        check_version({"version": version}, seen)
        await require_fresh(actor)
        await _check(plan, plans)
        ids = [row["id"] for row in plans]
        await _silence(ids)
        await _close(actor, ids)
        await _let_go(plan["person"], ids)
        await destroy_key(plan["person"])
        await record(actor, "erasePerson", plan=plan_id, thing=plan["person"])
        await _end_mandates(ids)
        return Written(plan_id, version + 1)


async def _plans(person: UUID) -> Sequence[Any]:
    rows: Sequence[Any] = await connection().fetch(
        "SELECT * FROM plan WHERE person = $1 ORDER BY id FOR UPDATE", person
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
    held = connection()
    if await held.fetchval("SELECT glass FROM mandate WHERE id = $1", plan["mandate_id"]):
        raise NotFromThisState("Nobody is erased by whoever was let in for four hours.")
    if any(row["supervision"] and row["state"] not in OVER for row in plans):
        raise NotFromThisState("Under supervision: close the plan when that duty has ended.")
    if await held.fetchval("SELECT is_held_by_others($1)", plan["person"]):
        raise NotFromThisState("Somebody has another plan of this person that is not yours.")


async def _silence(plans: list[UUID]) -> None:
    """Nothing that waits is said, and no address of a chat is left."""
    held = connection()
    for plan in plans:
        await outbox.cancel_plan(plan, WHY)
    tasks = await held.fetch("SELECT id FROM task WHERE plan = ANY($1)", plans)
    about = [*plans, *(row["id"] for row in tasks)]  # staff are told of these in their own chats
    await outbox.cancel_about(about, WHY)
    await held.execute(
        "UPDATE message SET variables = NULL, version = version + 1"
        " WHERE variables IS NOT NULL AND (plan = ANY($1) OR subject = ANY($2))",
        plans,
        about,
    )
    await held.execute(
        "UPDATE link SET state = 'ended', ended_at = coalesce(ended_at, $2), token = NULL,"
        " pin = NULL, chat = NULL, chat_index = NULL, version = version + 1 WHERE plan = ANY($1)",
        plans,
        clock.now(),
    )


async def _close(actor: Actor, plans: list[UUID]) -> None:
    held, now = connection(), clock.now()
    await held.execute(
        "UPDATE task SET closed_at = $2, closed_by = $3, outcome = $4, version = version + 1"
        " WHERE plan = ANY($1) AND closed_at IS NULL",
        plans,
        now,
        actor.id,
        WHY,
    )
    # a court's reference names somebody: what it was found by goes too, and another may have it
    await held.execute(
        "UPDATE court_file SET ended_at = coalesce(ended_at, $2), version = version + 1,"
        " reference_index = decode(replace(gen_random_uuid()::text, '-', ''), 'hex')"
        " WHERE plan = ANY($1)",
        plans,
        now,
    )
    await held.execute(
        "UPDATE plan SET state = 'closed', version = version + 1 WHERE id = ANY($1)", plans
    )


async def _let_go(person: UUID, plans: list[UUID]) -> None:
    """Walls have nobody to stand around; the reasons of wishes lie under keys of the staff."""
    held = connection()
    await held.execute(
        "UPDATE wall SET ended_at = $2, version = version + 1"
        " WHERE person = $1 AND ended_at IS NULL",
        person,
        clock.now(),
    )
    # with the version that its asker saw: to take back a wish about nobody goes as before
    await held.execute(
        "UPDATE break_glass g SET reason = NULL FROM plan p"
        " WHERE p.id = ANY($1) AND g.reason IS NOT NULL AND ("
        "  (lower(g.alias) = lower(p.alias) AND g.asked_at >= p.opened_at)"
        "  OR g.id IN (SELECT m.glass FROM mandate m WHERE m.plan = p.id))",
        plans,
    )


async def _end_mandates(plans: list[UUID]) -> None:
    """A moment after this transaction, which still stands on one of them."""
    await connection().execute(
        "UPDATE mandate SET ends = greatest(starts, $2::timestamptz), version = version + 1"
        " WHERE plan = ANY($1) AND (ends IS NULL OR ends > $2)",
        plans,
        moment() + timedelta.resolution,
    )
