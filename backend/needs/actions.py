"""Reviews of needs and strengths: held with the person, saved area by area, closed once.

What both say of an area lies sealed in a row of its own, so a poor network loses none of the
others, and no statement can count it. docs/decisions/0031-needs-strengths-and-goals.md says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import msgspec

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.actors.actions import seal, unseal_or_none
from backend.alerts.actions import close_tasks, open_task, step_again
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFromThisState, Unfit
from backend.needs import rules
from backend.needs.bank import Item, items
from backend.needs.rules import Column
from backend.once import Written
from backend.plans.actions.adding import NewRow, add_row
from backend.plans.actions.writing import write_milestone
from backend.plans.rules import CLOSED, OVER, RUNNING
from backend.templates.rules import CRITICAL

GROUP, WRITERS, READERS = "review", ("SW",), ("SW", "CO")
AGAIN = "needs-review"  # the kind of task that says it is time for another one


@dataclass(frozen=True)
class NewReview:
    """`substances`: the person wants the eleventh area too."""

    held_on: date
    language: str
    interpreter: bool = False
    substances: bool = False
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class AreaChange:
    """What is said of an area; a column that is not given stays as it is.

    `own_ok`: the person agrees that their column is written. `looked`: the worker has asked
    themselves what the page asks them; what they answered is nobody's.
    """

    own: Column | None = None
    view: Column | None = None
    own_ok: bool = False
    looked: bool = False


async def begin_review(actor: Actor, plan_id: UUID, new: NewReview) -> Written:
    """Begin a review; every area is there to be spoken of, and none has to be.

    Raises NotFound, Unfit, NotFromThisState where one is open.
    """
    require(actor, "beginNeedsReview")
    async with transaction(actor.id) as held:
        plan = await find_plan(actor, plan_id, group=GROUP, roles=WRITERS, lock=True)
        if plan["state"] not in RUNNING:
            raise NotFromThisState("The plan is not running.")
        _check_day(plan, new.held_on)
        if await held.fetchval(
            "SELECT 1 FROM needs_review WHERE plan = $1 AND closed_at IS NULL", plan_id
        ):
            raise NotFromThisState("One is open: go on with it, or close it.")
        await held.execute(
            "INSERT INTO needs_review (id, agency, plan, version, held_on, held_by, language,"
            " interpreter, begun_at) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)",
            new.id,
            plan["agency"],
            plan_id,
            new.held_on,
            actor.id,
            new.language,
            new.interpreter,
            clock.now(),
        )
        areas = rules.AREAS if new.substances else rules.AREAS[:-1]
        await held.executemany(
            "INSERT INTO needs_area (id, agency, plan, version, review, area)"
            " VALUES ($1, $2, $3, 1, $4, $5)",
            [(uuid4(), plan["agency"], plan_id, new.id, area) for area in areas],
        )
        await record(actor, "beginNeedsReview", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


def _check_day(plan: Any, held_on: date) -> None:
    if held_on > clock.today(plan["zone"]):
        raise Unfit("It is written down once it is held.", field="held_on")


async def save_area(actor: Actor, id_: UUID, seen: int, change: AreaChange) -> Written:
    """Write what was said of one area, as it was seen; the others are as they are.

    Raises NotFound, VersionStale, Unfit, NotFromThisState where the review is closed.
    """
    require(actor, "saveNeedsArea")
    async with transaction(actor.id) as held:
        area, plan = await _open_area(actor, id_, seen)
        _check(area["area"], change)
        await held.execute(
            "UPDATE needs_area SET own = coalesce($2, own), own_ok = own_ok OR $3,"
            " view = coalesce($4, view), version = version + 1 WHERE id = $1",
            id_,
            await _sealed(plan, "own", id_, change.own),
            change.own is not None,
            await _sealed(plan, "view", id_, change.view),
        )
        await record(actor, "saveNeedsArea", plan=plan["id"], thing=id_)
        return Written(id_, seen + 1)


def _check(area: str, change: AreaChange) -> None:
    if change.own is None and change.view is None:
        raise Unfit("Say what one of the two says.")
    if change.own is not None:
        if not change.own_ok:
            raise Unfit("The person's column is written with their ok.", field="own_ok")
        rules.check_own(area, change.own)
    if change.view is not None:
        if not change.looked:
            raise Unfit("Look at the questions to yourself first.", field="looked")
        rules.check_view(area, change.view)


async def _sealed(plan: Any, column: str, id_: UUID, said: Column | None) -> bytes | None:
    if said is None:
        return None
    return await seal(plan["person"], _place(column, id_), msgspec.to_builtins(said))


def _place(column: str, id_: UUID) -> str:
    return f"needs_area.{column}:{id_}"


async def _open_area(actor: Actor, id_: UUID, seen: int) -> tuple[Any, Any]:
    held = connection()
    plan_id = await held.fetchval("SELECT plan FROM needs_area WHERE id = $1", id_)
    plan = await find_plan(actor, plan_id, group=GROUP, roles=WRITERS, lock=True)
    area = await held.fetchrow(
        "SELECT a.*, r.closed_at FROM needs_area a JOIN needs_review r ON r.id = a.review"
        " WHERE a.id = $1",
        id_,
    )
    check_version(area, seen)
    if area["closed_at"] is not None or plan["state"] in OVER:
        raise NotFromThisState("It is closed: begin another one to say what has changed.")
    return area, plan


@dataclass(frozen=True)
class Step:
    """An item of the bank, by when, and whose it is where it is a step of its own (SW or PE)."""

    item: str
    due_on: date
    owner: str = "SW"


async def agree_step(actor: Actor, id_: UUID, seen: int, step: Step) -> Written:
    """What both agreed on becomes a row of the plan: the one that sleeps there, or a new one.

    Raises NotFound, VersionStale, Unfit, NotFromThisState where that row was closed, or a step is
    agreed on for this area.
    """
    require(actor, "agreeStep")
    async with transaction(actor.id) as held:
        area, plan = await _open_area(actor, id_, seen)
        item = items().get(step.item)
        if item is None or item.area != area["area"]:
            raise Unfit("The step is one of those proposed for this area.", field="item")
        if step.owner not in {"SW", "PE"}:
            raise Unfit("owner is SW or PE.", field="owner")
        if step.due_on < clock.today(plan["zone"]):
            raise Unfit("due_on is not in the past.", field="due_on")
        if plan["state"] not in RUNNING:
            raise NotFromThisState("The plan is not running.")
        agreed = await held.fetchval("SELECT code FROM milestone WHERE id = $1", area["agreed"])
        if agreed not in {None, item.row, item.code}:
            raise NotFromThisState("A step is agreed on for this area; the plan takes any other.")
        row = await _row(actor, plan, item, step)
        await held.execute(
            "UPDATE needs_area SET agreed = $2, version = version + 1 WHERE id = $1", id_, row
        )
        await record(actor, "agreeStep", plan=plan["id"], thing=id_)
        return Written(id_, seen + 1)


async def _row(actor: Actor, plan: Any, item: Item, step: Step) -> UUID:
    held, codes = connection(), [item.row or item.code, item.code]
    for code in codes:
        row = await held.fetchrow(
            "SELECT * FROM milestone WHERE plan = $1 AND code = $2 FOR UPDATE", plan["id"], code
        )
        if row is None:
            continue
        if row["state"] in CLOSED:
            raise NotFromThisState("That step was closed: open it again on its own page first.")
        # what must be there on the day goes on to move with it, unless a hand has set its day
        by_hand = row["pinned"] or row["late_start"] > CRITICAL
        after = {"due_on": step.due_on, "pinned": by_hand}
        if row["state"] == "dormant":
            after["state"] = "planned"
        await write_milestone(actor, row, plan, after)
        return UUID(str(row["id"]))
    new = NewRow(item.code, item.pathway, item.words["en"], step.owner, step.due_on)
    return await add_row(actor, plan, new)


@dataclass(frozen=True)
class AsHeld:
    """How it was held after all, where it was written down otherwise."""

    held_on: date | None = None
    language: str | None = None
    interpreter: bool | None = None


async def close_review(actor: Actor, id_: UUID, seen: int, held_as: AsHeld) -> Written:
    """Close it as it is; the row of the plan that asked for it is done.

    Raises NotFound, VersionStale, Unfit, NotFromThisState where it is closed.
    """
    require(actor, "closeNeedsReview")
    async with transaction(actor.id) as held:
        plan_id = await held.fetchval("SELECT plan FROM needs_review WHERE id = $1", id_)
        plan = await find_plan(actor, plan_id, group=GROUP, roles=WRITERS, lock=True)
        review = await held.fetchrow("SELECT * FROM needs_review WHERE id = $1", id_)
        check_version(review, seen)
        if review["closed_at"] is not None:
            raise NotFromThisState("It was closed before.")
        held_on = held_as.held_on or review["held_on"]
        _check_day(plan, held_on)
        settles = await _settle(actor, plan, held_on) if plan["state"] in RUNNING else None
        await held.execute(
            "UPDATE needs_review SET held_on = $2, language = coalesce($3, language),"
            " interpreter = coalesce($4, interpreter), settles = $5, closed_at = $6,"
            " version = version + 1 WHERE id = $1",
            id_,
            held_on,
            held_as.language,
            held_as.interpreter,
            settles,
            clock.now(),
        )
        await close_tasks(plan_id, AGAIN, "reviewed")
        await record(actor, "closeNeedsReview", plan=plan_id, thing=id_)
        return Written(id_, seen + 1)


async def _settle(actor: Actor, plan: Any, held_on: date) -> UUID | None:
    rows = await connection().fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND code = ANY ($2) ORDER BY day FOR UPDATE",
        plan["id"],
        list(rules.ASKED_BY),
    )
    row = rules.settled_by(held_on, rows, left=plan["left_custody_at"] is not None)
    if row is None:
        return None
    done = {"state": "done", "done_on": held_on, "cause": None, "said_by": None}
    await write_milestone(actor, row, plan, done)
    return UUID(str(row["id"]))


async def note_life_change(actor: Actor, plan_id: UUID, what: str) -> Written:
    """Something has changed: the worker is asked to talk about another review.

    What it was is written nowhere. Raises NotFound, Unfit, NotFromThisState.
    """
    require(actor, "noteLifeChange")
    async with transaction(actor.id) as held:
        plan = await find_plan(actor, plan_id, group=GROUP, roles=WRITERS, lock=True)
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


async def list_reviews(actor: Actor, plan_id: UUID) -> Sequence[dict[str, Any]]:
    """Every review with its areas, the newest first. Raises NotFound."""
    require(actor, "listNeedsReviews")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, group=GROUP, roles=READERS)
        await record(actor, "listNeedsReviews", plan=plan_id)
        return await reviews_of(plan)


_AREAS = """
SELECT a.*, m.code, m.title, m.state AS step_state, m.due_on AS step_due
  FROM needs_area a LEFT JOIN milestone m ON m.id = a.agreed WHERE a.plan = $1
"""


async def reviews_of(plan: Any) -> list[dict[str, Any]]:
    """The reviews of a plan (its id and person), opened; a column without its key is None."""
    held, areas = connection(), dict[UUID, list[dict[str, Any]]]()
    for row in await held.fetch(_AREAS, plan["id"]):
        said = {
            column: await unseal_or_none(plan["person"], _place(column, row["id"]), row[column])
            for column in ("own", "view")
        }
        columns = {
            name: None if one is None else msgspec.convert(one, Column)
            for name, one in said.items()
        }
        areas.setdefault(row["review"], []).append({**row, **columns})
    reviews = await held.fetch(
        "SELECT r.*, s.alias FROM needs_review r LEFT JOIN staff s ON s.id = r.held_by"
        " WHERE r.plan = $1 ORDER BY r.held_on DESC, r.begun_at DESC, r.id",
        plan["id"],
    )
    return [
        {
            **row,
            "areas": sorted(
                areas.get(row["id"], ()), key=lambda one: rules.AREAS.index(one["area"])
            ),
        }
        for row in reviews
    ]
