"""A contact that was not, or a whole visit, is taken back within ten minutes: then it is gone."""

from typing import Any
from uuid import UUID

from backend import clock
from backend.access import OPERATIONS, Actor, find_plan, require
from backend.alerts.actions import close_answered
from backend.appointments.following import ask_no_more
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState
from backend.messages import outbox
from backend.once import Written
from backend.plans import undo
from backend.plans.actions.undoing import is_issued_since, take_back
from backend.plans.rules import WORKERS


async def undo_contact(actor: Actor, id_: UUID) -> Written:
    """Take back one's own contact, or the visit that goes by its id: with all that it settled, and
    the next date.

    Raises NotFound, and NotFromThisState that says why not.
    """
    require(actor, "undoContact")
    async with transaction(actor.id):
        row, plan = await _find(actor, id_, lock=True)
        if (why := await _why_not(actor, row, plan)) is not None:
            raise NotFromThisState(why)
        await take_back(actor, plan, id_, row["at"])
        await _no_next_date(plan["id"], id_)
        await record(actor, "undoContact", plan=plan["id"], thing=id_)
        await connection().execute("DELETE FROM contact WHERE id = $1", id_)
        return Written(id_, row["version"] + 1)


async def undoable(actor: Actor, id_: UUID) -> bool:
    """Whether the actor can take it back now. For a page, inside its transaction."""
    try:
        row, plan = await _find(actor, id_)
    except NotFound:
        return False
    return await _why_not(actor, row, plan) is None


async def _find(actor: Actor, id_: UUID, *, lock: bool = False) -> tuple[Any, Any]:
    held = connection()
    plan_id = await held.fetchval("SELECT plan FROM contact WHERE id = $1", id_)
    roles = sorted(OPERATIONS["undoContact"])
    plan = await find_plan(actor, plan_id, group="contacts", roles=roles, lock=lock, by_glass=True)
    # who waited for the plan may have waited for the very same to be taken back
    row = await held.fetchrow("SELECT * FROM contact WHERE id = $1", id_)
    if row is None or (row["actor"] != actor.id and plan["mandate"] not in WORKERS):
        raise NotFound
    return row, plan


async def _why_not(actor: Actor, row: Any, plan: Any) -> str | None:
    if row["actor"] != actor.id:
        return undo.OF_ANOTHER
    if undo.is_late(row["at"], clock.now()):
        return undo.LATE
    return await is_issued_since(plan["mandate"], plan["id"], row["at"])


_NEXT = (
    "SELECT id, version FROM appointment WHERE plan = $1 AND act = $2 AND was IS NULL FOR UPDATE"
)


async def _no_next_date(plan: UUID, visit: UUID) -> None:
    """The date that the visit planned: it is on no calendar, and nobody was told of it.

    Raises NotFromThisState where somebody has changed it since.
    """
    held = connection()
    for date_ in await held.fetch(_NEXT, plan, visit):
        if date_["version"] != 1:
            raise NotFromThisState(undo.SINCE)
        await outbox.cancel_about([date_["id"]], undo.TAKEN_BACK)
        await close_answered(date_["id"], undo.TAKEN_BACK)
        await ask_no_more(date_["id"], undo.TAKEN_BACK)
        await held.execute("DELETE FROM appointment WHERE id = $1", date_["id"])
