"""A person is erased by two: one coordinator asks for it, another one lets it."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, require
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.erasure.holds import COORDINATOR, own_plan, own_plan_locked
from backend.errors import NotFromThisState
from backend.once import Written
from backend.plans.rules import OVER
from backend.second.actions import is_small, owe_review
from backend.second.rules import may_let

WAITS = timedelta(days=7)
WHOLE = "Nobody is under supervision here: erase the person."
_OPEN = """
SELECT w.*, s.alias FROM erasure_wish w JOIN staff s ON s.id = w.asked_by
 WHERE w.person = $1 AND w.ended_at IS NULL AND w.asked_at > $2 ORDER BY w.asked_at, w.id
"""


async def open_wishes(person: UUID) -> list[Any]:
    """The oldest first, of both kinds; one that nobody let within a week is none any more."""
    return list(await connection().fetch(_OPEN, person, clock.now() - WAITS))


async def ask_erasure(
    actor: Actor, plan_id: UUID, id_: UUID | None = None, *, voluntary: bool = False
) -> Written:
    """Ask for it, or for the voluntary part alone. Nothing happens before another lets it.

    Raises NotFound, and NotFromThisState where the actor has asked already, or asks for a part of
    somebody who may be erased as a whole.
    """
    require(actor, "askErasure")
    async with transaction(actor.id) as held:
        plan = await own_plan_locked(actor, plan_id)
        known = await open_wishes(plan["person"])
        if any((row["asked_by"], row["voluntary"]) == (actor.id, voluntary) for row in known):
            raise NotFromThisState("You have asked for it already.")
        if voluntary and not is_ordered(plan):
            raise NotFromThisState(WHOLE)
        new = id_ or uuid4()
        await held.execute(
            "INSERT INTO erasure_wish (id, agency, plan, version, person, asked_by, asked_at,"
            " voluntary) VALUES ($1, $2, $3, 1, $4, $5, $6, $7)",
            new,
            plan["agency"],
            plan["id"],
            plan["person"],
            actor.id,
            clock.now(),
            voluntary,
        )
        await record(actor, "askErasure", plan=plan_id, thing=new)
        return Written(new, 1, 201)


def is_ordered(plan: Any) -> bool:
    """Whether there is a duty that has not ended, for which a part has to stay."""
    return bool(plan["supervision"] and plan["state"] not in OVER)


async def end_erasure_wish(actor: Actor, id_: UUID, seen: int) -> Written:
    """Take it back, or refuse it: any coordinator of the plan.

    Raises NotFound, VersionStale, NotFromThisState.
    """
    require(actor, "endErasureWish")
    async with transaction(actor.id) as held:
        plan_id = await held.fetchval("SELECT plan FROM erasure_wish WHERE id = $1", id_)
        await own_plan_locked(actor, plan_id)  # None is nobody's plan
        row = await held.fetchrow("SELECT * FROM erasure_wish WHERE id = $1 FOR UPDATE", id_)
        check_version(row, seen)
        if row["ended_at"] is not None:
            raise NotFromThisState("It has ended before.")
        await record(actor, "endErasureWish", plan=plan_id, thing=id_)
        await end_wishes([id_])
        return Written(id_, seen + 1)


async def end_wishes(ids: list[UUID]) -> None:
    await connection().execute(
        "UPDATE erasure_wish SET ended_at = $2, version = version + 1"
        " WHERE id = ANY($1) AND ended_at IS NULL",
        ids,
        clock.now(),
    )


async def let_by(actor: Actor, person: UUID, *, voluntary: bool = False) -> None:
    """The wish that this erasure stands on, and the others for the same, have ended afterwards.

    Raises NotFromThisState where nobody else asked for it and the actor may not let their own.
    """
    now, small = clock.now(), await is_small(actor.agency)
    wishes = [row for row in await open_wishes(person) if row["voluntary"] == voluntary]
    fit = [row for row in wishes if may_let(row, actor.id, now, small=small)]
    if not fit:
        raise NotFromThisState("Another coordinator has to ask for it first.")
    if all(row["asked_by"] == actor.id for row in fit):
        await owe_review(actor, "erasure", fit[0]["id"])
    await end_wishes([row["id"] for row in wishes])


async def wishes_of(actor: Actor, plan_id: UUID) -> tuple[list[dict[str, Any]], set[bool]]:
    """The open wishes, and of which kinds (`voluntary`) the actor may let one. Raises NotFound."""
    async with transaction(actor.id):
        plan = await own_plan(actor, plan_id, COORDINATOR)
        now, small = clock.now(), await is_small(actor.agency)
        rows = [dict(row) for row in await open_wishes(plan["person"])]
        return rows, {row["voluntary"] for row in rows if may_let(row, actor.id, now, small=small)}
