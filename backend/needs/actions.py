"""Reviews of needs and strengths: held with the person, saved area by area, closed once.

What both say of an area lies sealed in a row of its own, so a poor network loses none of the
others, and no statement can count it. docs/decisions/0031-needs-strengths-and-goals.md says why.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.alerts.actions import open_task, step_again
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFromThisState, Unfit
from backend.needs import rules, writing
from backend.needs.bank import items
from backend.needs.writing import AGAIN, GROUP, AreaChange, AsHeld, NewReview, ShortReview, Step
from backend.once import Written
from backend.plans.rules import OVER

WRITERS = ("SW",)


async def begin_review(actor: Actor, plan_id: UUID, new: NewReview) -> Written:
    """Begin a review; every area is there to be spoken of, and none has to be.

    Raises NotFound, Unfit, NotFromThisState where one is open.
    """
    require(actor, "beginNeedsReview")
    async with transaction(actor.id):
        plan = await _plan(actor, plan_id)
        await writing.begin(actor, plan, new)
        await record(actor, "beginNeedsReview", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


async def _plan(actor: Actor, plan_id: UUID | None) -> Any:
    return await find_plan(actor, plan_id, group=GROUP, roles=WRITERS, lock=True)


async def save_area(actor: Actor, id_: UUID, seen: int, change: AreaChange) -> Written:
    """Write what was said of one area, as it was seen; the others are as they are.

    Raises NotFound, VersionStale, Unfit, NotFromThisState where the review is closed.
    """
    require(actor, "saveNeedsArea")
    async with transaction(actor.id):
        area, plan = await _open_area(actor, id_, seen)
        await writing.write_area(plan, area, change)
        await record(actor, "saveNeedsArea", plan=plan["id"], thing=id_)
        return Written(id_, seen + 1)


async def _open_area(actor: Actor, id_: UUID, seen: int) -> tuple[Any, Any]:
    held = connection()
    plan = await _plan(actor, await held.fetchval("SELECT plan FROM needs_area WHERE id = $1", id_))
    area = await held.fetchrow(
        "SELECT a.*, r.closed_at FROM needs_area a JOIN needs_review r ON r.id = a.review"
        " WHERE a.id = $1",
        id_,
    )
    check_version(area, seen)
    if area["closed_at"] is not None or plan["state"] in OVER:
        raise NotFromThisState("It is closed: begin another one to say what has changed.")
    return area, plan


async def agree_step(actor: Actor, id_: UUID, seen: int, step: Step) -> Written:
    """What both agreed on becomes a row of the plan.

    Raises NotFound, VersionStale, Unfit, NotFromThisState where that row was closed, or a step is
    agreed on for this area.
    """
    require(actor, "agreeStep")
    async with transaction(actor.id):
        area, plan = await _open_area(actor, id_, seen)
        await writing.agree(actor, plan, area, step)
        await record(actor, "agreeStep", plan=plan["id"], thing=id_)
        return Written(id_, seen + 1)


async def close_review(actor: Actor, id_: UUID, seen: int, held_as: AsHeld) -> Written:
    """Close it as it is; the row of the plan that asked for it is done.

    Raises NotFound, VersionStale, Unfit, NotFromThisState where it is closed.
    """
    require(actor, "closeNeedsReview")
    async with transaction(actor.id) as held:
        plan = await _plan(
            actor, await held.fetchval("SELECT plan FROM needs_review WHERE id = $1", id_)
        )
        review = await held.fetchrow("SELECT * FROM needs_review WHERE id = $1", id_)
        check_version(review, seen)
        if review["closed_at"] is not None:
            raise NotFromThisState("It was closed before.")
        await writing.close(actor, plan, review, held_as)
        await record(actor, "closeNeedsReview", plan=plan["id"], thing=id_)
        return Written(id_, seen + 1)


async def record_short_review(actor: Actor, plan_id: UUID, short: ShortReview) -> Written:
    """A whole short review, begun, agreed on and closed; or nothing of it.

    Raises NotFound, Unfit, NotFromThisState where one is open.
    """
    require(actor, "recordShortReview")
    rules.check_named([name for name, _ in short.said])
    steps = _by_area(short.steps)
    async with transaction(actor.id):
        plan = await _plan(actor, plan_id)
        await writing.begin(actor, plan, short.new)
        areas = await writing.areas_of(short.new.id)
        for name, change in short.said:
            await writing.write_area(plan, areas[name], change)
        for name, step in steps.items():
            if name not in areas:
                raise Unfit("The person does not want to speak of this.", field="item")
            await writing.agree(actor, plan, areas[name], step)
        review = {"id": short.new.id, "held_on": short.new.held_on}
        await writing.close(actor, plan, review, AsHeld(), short=True)
        await record(actor, "recordShortReview", plan=plan_id, thing=short.new.id)
        return Written(short.new.id, 2, 201)


def _by_area(steps: Iterable[Step]) -> dict[str, Step]:
    found: dict[str, Step] = {}
    for step in steps:
        item = items().get(step.item)
        if item is None:
            raise Unfit("The step is one of those proposed.", field="item")
        if item.area in found:
            raise Unfit("One step for an area; the plan takes any other.", field="item")
        found[item.area] = step
    return found


async def note_life_change(actor: Actor, plan_id: UUID, what: str) -> Written:
    """Something has changed: the worker is asked to talk about another review.

    What it was is written nowhere. Raises NotFound, Unfit, NotFromThisState.
    """
    require(actor, "noteLifeChange")
    async with transaction(actor.id) as held:
        plan = await _plan(actor, plan_id)
        if what not in rules.CHANGES:
            raise Unfit(f"what is one of {', '.join(rules.CHANGES)}.", field="what")
        if plan["state"] in OVER:
            raise NotFromThisState("The plan is over.")
        waits = "SELECT 1 FROM task WHERE subject = $1 AND kind = $2 AND closed_at IS NULL"
        if not await held.fetchval(waits, plan_id, AGAIN):
            about, today = plan["person"], clock.today(plan["zone"])
            # one that was closed on this very day is another one
            step = await step_again(AGAIN, plan_id, about=about, local_due=today, step="changed")
            await open_task(
                AGAIN,
                agency=plan["agency"],
                plan=plan_id,
                subject=plan_id,
                local_due=today,
                step=step,
                about=about,
            )
        await record(actor, "noteLifeChange", plan=plan_id, thing=plan_id)
        return Written(plan_id, plan["version"], 201)
