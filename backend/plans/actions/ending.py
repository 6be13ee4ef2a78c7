"""The end of a plan without a word: no machine says anything to anybody, humans do.

For a death, and for whatever else nobody may learn from a chat. Which it was is written nowhere:
the plan is closed, as others are.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.appointments.rules import COMING
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFromThisState
from backend.once import Written
from backend.passes.ending import end_passes_of
from backend.plans import rules
from backend.plans.actions.muting import (
    POINTLESS_AT_AN_END,
    ask_to_call,
    end_own_chats,
    mute,
)
from backend.plans.actions.reopening import open_return
from backend.plans.actions.writing import write_milestone
from backend.plans.terms import close_with_terms

WHY = "closed"
HELP_LIVES_ON = timedelta(days=90)  # a relative's call for help is answered for so long
MENTORS_LIVE_ON = timedelta(days=7)
NAMES_LIVE_ON = HELP_LIVES_ON + timedelta(days=1)


async def end_silently(actor: Actor, id_: UUID, seen: int) -> Written:
    """Close a plan at once and say nothing to anybody; the coordinator gets whom to call.

    Of a plan that was closed before, what waits falls away, its farewells too. Nobody of another
    agency may; a release desk may for as long as the person is inside. Raises NotFound,
    VersionStale, NotFromThisState where the person has left the desk's house.
    """
    require(actor, "endSilently")
    async with transaction(actor.id):
        plan = await find_plan(actor, id_, roles=("SW", "CO", "PS"), lock=True)
        check_version(plan, seen)
        outside = plan["left_custody_at"] is not None and await open_return(id_) is None
        if outside and plan["mandate"] == "PS":
            raise NotFromThisState("The person has left: their social worker ends the plan.")
        # chats before messages, messages before tasks: as everybody does
        await _part(plan)
        await mute(plan, WHY, POINTLESS_AT_AN_END)
        version: int = plan["version"]
        if plan["state"] not in rules.OVER:
            version = await _close(actor, plan)
        await ask_to_call(plan)
        await record(actor, "endSilently", plan=id_, thing=id_)
        return Written(id_, version)


async def _close(actor: Actor, plan: Mapping[str, Any]) -> int:
    version: int = await connection().fetchval(
        "UPDATE plan SET state = 'closed', version = version + 1 WHERE id = $1 RETURNING version",
        plan["id"],
    )
    await close_with_terms(plan, clock.now(), circle_at_least=NAMES_LIVE_ON)
    await _let_go(actor, plan)
    return version


async def _let_go(actor: Actor, plan: Mapping[str, Any]) -> None:
    """Nothing is done any more, and no date is kept; what was done stays as it was."""
    held = connection()
    for row in await held.fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND state = ANY ($2) ORDER BY id FOR UPDATE",
        plan["id"],
        sorted(rules.OPEN),
    ):
        gone = {"state": "cancelled", "cause": None, "said_by": None}
        await write_milestone(actor, row, plan, gone)
    await held.execute(
        "UPDATE appointment SET state = 'cancelled_by_service', version = version + 1"
        " WHERE plan = $1 AND state = ANY ($2) AND (held_on + held_at) AT TIME ZONE zone > $3",
        plan["id"],
        sorted(COMING),
        clock.now(),
    )


_ENDS = """
UPDATE mandate SET ends = $3, version = version + 1
 WHERE plan = $1 AND role = ANY ($2) AND (ends IS NULL OR ends > $3)
"""


async def _part(plan: Mapping[str, Any]) -> None:
    """The person's own chat and papers end at once: who holds that phone is not known.

    Relatives can ask for help for a while, and they and a guardian stand among those to be called;
    nothing is sent to them that they did not ask for.
    """
    held, now = connection(), clock.now()
    await end_own_chats(plan)
    for roles, ends in (
        (["PE"], now),
        (["ME"], now + MENTORS_LIVE_ON),
        (["FA", "LR"], now + HELP_LIVES_ON),
    ):
        await held.execute(_ENDS, plan["id"], roles, ends)
    await end_passes_of(plan["id"])
