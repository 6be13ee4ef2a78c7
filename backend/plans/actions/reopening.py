"""A plan that stands still since a return is reopened with the person, for another release."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.audit.actions import record
from backend.calendars.rules import OpenDays
from backend.database import connection, transaction
from backend.errors import NotFromThisState, Unfit
from backend.once import Written
from backend.plans import rules
from backend.plans.actions.moving import Release, days_there, write_move
from backend.plans.actions.writing import begin_again, hold_rows, write_milestone
from backend.plans.again import rows_anew
from backend.plans.shape import LEFT_OUT

_OPEN = """
SELECT * FROM custody_return WHERE plan = $1 AND reopened_at IS NULL AND taken_back_at IS NULL
"""


async def open_return(plan: UUID) -> Any:
    """The return that holds a plan, or None; whoever works on it alone is told.

    The caller holds the plan's lock.
    """
    return await connection().fetchrow(_OPEN, plan)


async def reopen_plan(actor: Actor, id_: UUID, seen: int, to: Release) -> Written:
    """Go on inside, towards a new day of release; the written id is that of the move.

    What was prepared stays done. What belongs to a release is asked again, and so is every yes:
    what hung on one sleeps, and nothing that the person let be told is told any more. Nobody is
    told anything by this. Raises NotFound, VersionStale, Unfit, NotFromThisState where the person
    did not come back.
    """
    require(actor, "reopenPlan")
    async with transaction(actor.id):
        plan = await find_plan(actor, id_, group="release date", roles=("SW", "CO"), lock=True)
        check_version(plan, seen)
        back, now = await open_return(id_), clock.now()
        if back is None or plan["state"] != "paused":
            raise NotFromThisState("Only a plan that was paused by a return is reopened.")
        _check(plan, to)
        days = await days_there(plan, to)
        await end_for_another(actor, plan, back, now)
        version = await _go_on(plan, to)
        move = await write_move(actor, plan, to, version)
        await write_rows(actor, plan, to, days, move)
        await _settle(actor, plan)
        await record(actor, "reopenPlan", plan=id_, thing=move)
        return Written(move, version)


def _check(plan: Mapping[str, Any], to: Release) -> None:
    today = clock.today(plan["zone"])
    if to.certainty not in rules.CERTAINTIES:
        raise Unfit("certainty is confirmed, expected or earliest_possible.")
    if rules.is_slip(to.date, today):
        raise Unfit(rules.SLIP)
    if to.date < today:
        raise Unfit("The new day of release is not in the past.", field="release_date")


async def take_back(actor: Actor, plan: Mapping[str, Any], back: Any) -> None:
    """It was a mistake: the person never came back, and nobody is asked to say so any more.

    The caller makes the plan go on. A chat of the person's that has ended stays so.
    """
    await _end(back, actor, taken_back=clock.now())
    for row in await connection().fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND anchor = 'return_to_custody'"
        " AND state IN ('planned', 'in_progress') ORDER BY id FOR UPDATE",
        plan["id"],
    ):
        await write_milestone(actor, row, plan, {"state": "not_needed", "said_by": None})
    await connection().execute(
        "UPDATE task SET closed_at = $2, outcome = 'taken-back', version = version + 1"
        " WHERE plan = $1 AND closed_at IS NULL AND kind IN ('tell-the-circle',"
        " 'appointment-in-doubt') AND opened_at >= $3",
        plan["id"],
        clock.now(),
        back["returned_at"],
    )


async def end_for_another(actor: Actor, plan: Mapping[str, Any], back: Any, now: datetime) -> None:
    """The return ends, for another release comes; what was let for the last ends with it."""
    await _end(back, actor, reopened=now)
    await _end_what_was_let(plan, now)


async def _end(
    back: Any, actor: Actor, *, reopened: datetime | None = None, taken_back: datetime | None = None
) -> None:
    await connection().execute(
        "UPDATE custody_return SET reopened_at = $2, taken_back_at = $3, ended_by = $4,"
        " version = version + 1 WHERE id = $1",
        back["id"],
        reopened,
        taken_back,
        actor.id,
    )


async def _go_on(plan: Mapping[str, Any], to: Release) -> int:
    version: int = await connection().fetchval(
        "UPDATE plan SET state = 'active_inside', left_custody_at = NULL, release_date = $2,"
        " certainty = $3, release_time = $4, calendar = coalesce($5, calendar),"
        " version = version + 1 WHERE id = $1 RETURNING version",
        plan["id"],
        to.date,
        to.certainty,
        to.time,
        to.calendar,
    )
    return version


async def _end_what_was_let(plan: Mapping[str, Any], now: datetime) -> None:
    """What the person let be told was about another release: each is asked anew.

    The rows stay as proof. That they ended at the very instant of a reopening tells them from what
    somebody took back.
    """
    await connection().execute(
        "UPDATE disclosure SET withdrawn_at = $2, version = version + 1"
        " WHERE plan = $1 AND withdrawn_at IS NULL",
        plan["id"],
        now,
    )


async def write_rows(
    actor: Actor, plan: Mapping[str, Any], to: Release, days: OpenDays, move: UUID
) -> None:
    """What another release makes of the rows, with their history."""
    # what a change of its template or overlays took out stays out
    rows = [row for row in await hold_rows(plan["id"]) if row["what"] != LEFT_OUT]
    today, ordered = clock.today(plan["zone"]), plan["supervision"]
    anew = rows_anew(rows, to.date, today, days, supervision=ordered)
    await begin_again(actor, plan, [(one.row, one.state, one.due) for one in anew], move=move)


async def _settle(actor: Actor, plan: Mapping[str, Any]) -> None:
    """That the plan was reopened with the person settles the row which says so."""
    row = await connection().fetchrow(
        "SELECT * FROM milestone WHERE plan = $1 AND code = 'REC-02'"
        " AND state IN ('planned', 'in_progress') FOR UPDATE",
        plan["id"],
    )
    if row is not None:
        today = clock.today(plan["zone"])
        await write_milestone(actor, row, plan, {"state": "done", "done_on": today})
