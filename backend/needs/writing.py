"""The parts of a review, each within the transaction that found and locked its plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import msgspec

from backend import clock
from backend.access import Actor
from backend.actors.actions import seal
from backend.alerts.actions import close_tasks
from backend.database import connection
from backend.errors import NotFromThisState, Unfit
from backend.needs import rules
from backend.needs.bank import Item, items
from backend.needs.rules import Column
from backend.plans.actions.adding import NewRow, add_row
from backend.plans.actions.writing import write_milestone
from backend.plans.rules import CLOSED, RUNNING
from backend.templates.rules import CRITICAL

GROUP = "review"
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


@dataclass(frozen=True)
class Step:
    """An item of the bank, by when, and whose it is where it is a step of its own (SW or PE)."""

    item: str
    due_on: date
    owner: str = "SW"


@dataclass(frozen=True)
class AsHeld:
    """How it was held after all, where it was written down otherwise."""

    held_on: date | None = None
    language: str | None = None
    interpreter: bool | None = None


@dataclass(frozen=True)
class ShortReview:
    """A talk of ten minutes: the areas that were spoken of, by name, and what both agreed on."""

    new: NewReview
    said: Sequence[tuple[str, AreaChange]]
    steps: Sequence[Step] = ()


async def begin(actor: Actor, plan: Any, new: NewReview) -> None:
    """Raises Unfit, NotFromThisState where the plan does not run or a review is open."""
    held = connection()
    if plan["state"] not in RUNNING:
        raise NotFromThisState("The plan is not running.")
    _check_day(plan, new.held_on)
    if await held.fetchval(
        "SELECT 1 FROM needs_review WHERE plan = $1 AND closed_at IS NULL", plan["id"]
    ):
        raise NotFromThisState("One is open: go on with it, or close it.")
    await held.execute(
        "INSERT INTO needs_review (id, agency, plan, version, held_on, held_by, language,"
        " interpreter, begun_at) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)",
        new.id,
        plan["agency"],
        plan["id"],
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
        [(uuid4(), plan["agency"], plan["id"], new.id, area) for area in areas],
    )


def _check_day(plan: Any, held_on: date) -> None:
    if held_on > clock.today(plan["zone"]):
        raise Unfit("It is written down once it is held.", field="held_on")


async def areas_of(review: UUID) -> dict[str, Any]:
    """The areas of a review that is open, by name."""
    rows = await connection().fetch("SELECT * FROM needs_area WHERE review = $1", review)
    return {row["area"]: row for row in rows}


async def write_area(plan: Any, area: Mapping[str, Any], change: AreaChange) -> None:
    """Write what was said of an area of an open review. Raises Unfit."""
    _check(area["area"], change)
    id_ = area["id"]
    await connection().execute(
        "UPDATE needs_area SET own = coalesce($2, own), own_ok = own_ok OR $3,"
        " view = coalesce($4, view), version = version + 1 WHERE id = $1",
        id_,
        await _sealed(plan, "own", id_, change.own),
        change.own is not None,
        await _sealed(plan, "view", id_, change.view),
    )


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
    return await seal(plan["person"], place(column, id_), msgspec.to_builtins(said))


def place(column: str, id_: UUID) -> str:
    return f"needs_area.{column}:{id_}"


async def agree(actor: Actor, plan: Any, area: Mapping[str, Any], step: Step) -> None:
    """What both agreed on becomes a row of the plan: the one that sleeps there, or a new one.

    Raises Unfit, NotFromThisState where that row was closed, or a step is agreed on for this area.
    """
    held, item = connection(), items().get(step.item)
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
        "UPDATE needs_area SET agreed = $2, version = version + 1 WHERE id = $1", area["id"], row
    )


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


async def close(
    actor: Actor, plan: Any, review: Mapping[str, Any], held_as: AsHeld, *, short: bool = False
) -> None:
    """Close an open review, and what asks the worker for one. A `short` one settles no row.

    Raises Unfit.
    """
    held_on = held_as.held_on or review["held_on"]
    _check_day(plan, held_on)
    settled = plan["state"] in RUNNING and not short
    await connection().execute(
        "UPDATE needs_review SET held_on = $2, language = coalesce($3, language),"
        " interpreter = coalesce($4, interpreter), settles = $5, closed_at = $6,"
        " version = version + 1 WHERE id = $1",
        review["id"],
        held_on,
        held_as.language,
        held_as.interpreter,
        await _settle(actor, plan, held_on) if settled else None,
        clock.now(),
    )
    await close_tasks(plan["id"], AGAIN, "reviewed")


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
