"""The person is back in custody: the plan is paused, no machine says a word, humans call.

To everybody but those who work on it that is a pause like any other: state, dates and rows are as
they would be then. Why, is written nowhere.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from backend import clock
from backend.access import Actor, check_version, find_plan, is_by_glass, require
from backend.audit.actions import record
from backend.calendars.rules import open_days
from backend.database import connection, transaction
from backend.errors import NotFromThisState
from backend.once import Written
from backend.passes.ending import end_own_passes_of
from backend.plans import rules
from backend.plans.actions.muting import ask_to_call, doubt_dates, end_own_chats, mute
from backend.plans.actions.writing import begin_again, put_rows
from backend.templates.actions import template_of

WHY = "paused"


async def return_to_custody(actor: Actor, id_: UUID, seen: int) -> Written:
    """Pause the plan at once and say nothing to anybody; coordinator and worker call its circle.

    What was done stays, nothing counts as missed. Nobody of another agency may; whoever is on duty
    may through broken glass, and the person's own chat is ended by the next round of a job then.
    Raises NotFound, VersionStale, NotFromThisState where the person is inside.
    """
    require(actor, "returnToCustody")
    async with transaction(actor.id):
        plan = await find_plan(actor, id_, roles=("SW", "CO", "PS"), lock=True, by_glass=True)
        check_version(plan, seen)
        if plan["left_custody_at"] is None or plan["state"] not in rules.RUNNING | {"paused"}:
            raise NotFromThisState("Only somebody who has left custody comes back to it.")
        # chats before messages, messages before tasks: as everybody does
        if not await is_by_glass(plan):
            await end_own_chats(plan)
            await end_own_passes_of(plan)
        await mute(plan, WHY, of=rules.WORKERS)
        version = await _pause(actor, plan)
        await _put_rows(actor, plan)
        await doubt_dates(plan, str(version))
        await ask_to_call(plan, str(version))
        await record(actor, "returnToCustody", plan=id_, thing=id_)
        return Written(id_, version)


_RETURN = """
INSERT INTO custody_return (id, agency, plan, version, left_at, returned_at, recorded_by)
VALUES ($1, $2, $3, 1, $4, $5, $6)
"""


async def _pause(actor: Actor, plan: Mapping[str, Any]) -> int:
    held = connection()
    version: int = await held.fetchval(
        "UPDATE plan SET state = 'paused', version = version + 1 WHERE id = $1 RETURNING version",
        plan["id"],
    )
    of_plan = (uuid4(), plan["agency"], plan["id"])
    try:
        await held.execute(_RETURN, *of_plan, plan["left_custody_at"], clock.now(), actor.id)
    except asyncpg.UniqueViolationError as error:
        raise NotFromThisState("It is recorded already.") from error
    return version


async def _put_rows(actor: Actor, plan: Mapping[str, Any]) -> None:
    """The rows that count from this day; those of an earlier return begin again, with a history."""
    known = await connection().fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND anchor = 'return_to_custody' FOR UPDATE",
        plan["id"],
    )
    today, again = clock.today(plan["zone"]), {row["code"]: row for row in known}
    new, anew = [], []
    for row in (await template_of(plan)).rows_of_return():
        due = rules.due_on(row.code, row.day, today, open_days(plan), not_before=today)
        if row.code not in again:
            new.append({**vars(row), "state": "planned", "due_on": due})
            continue
        anew.append((again[row.code], "planned", due))
    await begin_again(actor, plan, anew)
    await put_rows(plan["agency"], plan["id"], new)
