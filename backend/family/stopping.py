"""Contact with somebody stops at once, by whoever stands on the plan through broken glass.

An order does not wait for four hours, and neither does a no. Which of them it was leaves no other
trace than where the plan's social worker writes it down; they get a task either way.
docs/decisions/0037-who-helps.md says what each reader sees.
"""

from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, find_plan, is_by_glass, require
from backend.alerts.actions import open_task
from backend.audit.actions import record
from backend.circles.parting import part_ways
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.family import rules
from backend.family.actions import Change, write_change
from backend.once import Written

STOPPED = "stopped-by-glass"
WHY = ("order", "person", "they")  # an order; the person said no; they said no


async def stop_contact(
    actor: Actor, plan_id: UUID, who: UUID, why: str, language: str | None = None
) -> Written:
    """Stop everything with a relative of the map, or with a mentor of the circle.

    Of a relative it stands on the map as it does when the plan's social worker writes it: for them
    to see, and for whoever did it while their glass holds. Of a mentor nothing says why, as ever.
    `language` is that in which a relative said no (`they`).

    Raises NotFound for whoever is not there by glass, Unfit, NotFromThisState where it has stopped.
    """
    require(actor, "stopContact")
    if why not in WHY:
        raise Unfit(f"why is one of {', '.join(WHY)}.", field="why")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, roles=("SW", "CO"), lock=True, by_glass=True)
        if not await is_by_glass(plan):
            raise NotFound
        relative = await connection().fetchrow(
            "SELECT * FROM relative WHERE id = $1 AND plan = $2 AND relation <> 'gone'",
            who,
            plan_id,
        )
        if relative is None:
            return await _stop_mentor(actor, plan, who)
        return await _stop_relative(actor, plan, relative, _said(why, language))


def _said(why: str, language: str | None) -> Change:
    if why == "order":
        return Change(barred=True)
    if why == "person":
        return Change(wish="not_wanted")
    if language is None:
        raise Unfit("What they said was said in a language.", field="language")
    return Change(takes_part=False, language=language)


async def _stop_relative(actor: Actor, plan: Any, row: Any, said: Change) -> Written:
    if rules.is_parted(row):
        raise NotFromThisState("There is no contact with them as it is.")
    # first the task: by it the database knows what this transaction may end through glass
    await _ask_worker(plan, row["id"], row["id"], str(row["version"]))
    await write_change(actor, plan, row, said)
    await record(actor, "changeRelative", plan=plan["id"], thing=row["id"])
    return Written(row["id"], row["version"] + 1)


_MENTOR = """
SELECT id, actor, version FROM mandate WHERE plan = $1 AND actor = $2 AND role = 'ME'
   AND (ends IS NULL OR ends > $3)
"""


async def _stop_mentor(actor: Actor, plan: Any, who: UUID) -> Written:
    row = await connection().fetchrow(_MENTOR, plan["id"], who, clock.now())
    if row is None:
        raise NotFound
    await _ask_worker(plan, row["id"], row["actor"])
    await part_ways(plan, row["actor"])
    await record(actor, "endMandate", plan=plan["id"], thing=row["id"])
    return Written(row["id"], row["version"] + 1)


async def _ask_worker(plan: Any, subject: UUID, about: UUID, step: str = "") -> None:
    """The social worker hears that it stopped, and looks on the map or calls: not why."""
    await open_task(
        STOPPED,
        agency=plan["agency"],
        plan=plan["id"],
        subject=subject,
        about=about,
        local_due=clock.today(plan["zone"]),
        step=step,
    )
