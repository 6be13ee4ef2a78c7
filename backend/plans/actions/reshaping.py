"""A plan moves to a newer template, or to other overlays; and a look at it beforehand."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.appointments.rules import COMING
from backend.audit.actions import record
from backend.calendars.rules import open_days
from backend.database import connection, transaction
from backend.errors import NotFromThisState, Unfit
from backend.messages import outbox
from backend.once import Written
from backend.plans import rules
from backend.plans.actions.writing import add_rows, hold_rows, write_events
from backend.plans.shape import DEFINED, LEFT_OUT, Changed, Reshaped, Shape, reshaped
from backend.templates.actions import newest, published, template_of
from backend.templates.rules import FULL, LIGHT, OVERLAYS, UNPLANNED, UNSUPERVISED

KIND = "template"  # of the events


@dataclass(frozen=True)
class NewShape:
    """What the plan is to hold: the newest template or its own (`newest`), size, overlays."""

    newest: bool
    size: str
    overlays: frozenset[str]
    supervision: bool


@dataclass(frozen=True)
class PlanTemplate:
    """By what a plan is made: the plan's row, the number of its template and of the newest one."""

    plan: Any
    number: int
    newest: int


@dataclass(frozen=True)
class ShapePreview:
    """What a change would do to a plan at `version`; `falls_away` are messages that wait."""

    version: int
    number: int
    rows: Reshaped
    falls_away: Sequence[Any]


async def get_plan_template(actor: Actor, id_: UUID) -> PlanTemplate:
    """By which template, size and overlays a plan is made. Raises NotFound."""
    require(actor, "getPlanTemplate")
    async with transaction(actor.id):
        plan = await find_plan(actor, id_, roles=rules.WORKERS, by_glass=True)
        await record(actor, "getPlanTemplate", plan=id_)
        own, new = await published(plan), await newest(plan["agency"])
        return PlanTemplate(plan, own["number"], new["number"])


async def reshape_plan(actor: Actor, id_: UUID, seen: int, to: NewShape) -> Written:
    """Move a plan to a newer template, another size, other overlays, or supervision.

    What is done or refused stays as it is, a pinned day stands, and what somebody is at work on
    stays though the template left it out. Raises NotFound, VersionStale, Unfit, NotFromThisState.
    """
    require(actor, "reshapePlan")
    async with transaction(actor.id):
        plan = await find_plan(actor, id_, roles=rules.WORKERS, lock=True)
        check_version(plan, seen)
        _check(plan, to)
        _, version = await _reshape(actor, plan, to)
        await record(actor, "reshapePlan", plan=id_, thing=id_)
        return Written(id_, version)


async def preview_shape(actor: Actor, id_: UUID, to: NewShape) -> ShapePreview:
    """What `reshape_plan` would do now: it is done, looked at and taken back.

    Raises NotFound, Unfit, NotFromThisState.
    """
    require(actor, "previewShape")
    async with transaction(actor.id) as held:
        roles = rules.WORKERS
        plan = await find_plan(actor, id_, roles=roles, lock=True, by_glass=True)  # to look
        _check(plan, to)
        await held.execute("SAVEPOINT preview")
        done, _ = await _reshape(actor, plan, to)
        falls_away = await held.fetch(_FALLS_AWAY, done.cancelled)
        await held.execute("ROLLBACK TO SAVEPOINT preview")
        await record(actor, "previewShape", plan=id_)
        return ShapePreview(plan["version"], done.number, done.rows, falls_away)


_FALLS_AWAY = "SELECT key, recipient, due_at FROM message WHERE id = ANY ($1) ORDER BY due_at, id"


@dataclass(frozen=True)
class _Done:
    number: int
    rows: Reshaped
    cancelled: Sequence[UUID]


def _check(plan: Mapping[str, Any], to: NewShape) -> None:
    if plan["state"] in rules.OVER:
        raise NotFromThisState("The plan is over.")
    if to.size not in {FULL, LIGHT}:
        raise Unfit("size is full or light.", field="size")
    if not to.overlays <= OVERLAYS:
        raise Unfit(f"Some of {', '.join(sorted(OVERLAYS))}.", field="overlays")
    if (UNPLANNED in to.overlays) != (UNPLANNED in plan["overlays"]):
        raise Unfit("Who is let go at once is let go by unplannedRelease.", field="overlays")
    if to.supervision and UNSUPERVISED in to.overlays:
        raise Unfit(rules.BOTH, field="overlays")


# On which rows somebody is at work, though their state does not say so.
_BUSY = """
SELECT milestone FROM appointment WHERE plan = $1 AND milestone IS NOT NULL AND state = ANY ($2)
 UNION
SELECT milestone FROM evidence WHERE plan = $1 AND taken_back_at IS NULL
"""
_DUE = "SELECT 1 FROM summary_due WHERE plan = $1 AND ended_at IS NULL LIMIT 1"


async def _reshape(actor: Actor, plan: Mapping[str, Any], to: NewShape) -> tuple[_Done, int]:
    held, before = connection(), await template_of(plan)
    if UNSUPERVISED in to.overlays and await held.fetchval(_DUE, plan["id"]):
        raise NotFromThisState("A court is to have a summary: say first that it wants it no more.")
    version = await newest(plan["agency"]) if to.newest else await published(plan)
    after = await template_of({"template_version": version["id"]})
    of_plan = (plan["release_date"], clock.today(plan["zone"]), open_days(plan))
    was = Shape(*of_plan, plan["supervision"], plan["template"], frozenset(plan["overlays"]))
    is_ = Shape(*of_plan, to.supervision, to.size, to.overlays)
    busy = await held.fetch(_BUSY, plan["id"], sorted(COMING))
    rows = await hold_rows(plan["id"])
    ids = frozenset(row["milestone"] for row in busy)
    change = reshaped(rows, (before, was), (after, is_), ids)
    new: int = await held.fetchval(
        "UPDATE plan SET template_version = $2, template = $3, overlays = $4, supervision = $5,"
        " version = version + 1 WHERE id = $1 RETURNING version",
        *(plan["id"], version["id"], to.size, sorted(to.overlays), to.supervision),
    )
    cancelled = await _write(actor, plan, change)
    return _Done(version["number"], change, cancelled), new


async def _write(actor: Actor, plan: Mapping[str, Any], change: Reshaped) -> list[UUID]:
    """The rows with their history; what was about to be asked about a day that is another falls."""
    await add_rows(actor, plan, change.new)
    here = [*change.again, *change.changed]
    await _set(here)
    for state in sorted({one.state for one in here}):
        of_state = [(one.row, one.due) for one in here if one.state == state]
        await write_events(actor, plan, KIND, of_state, after=state)
    ended = [Changed(row, {}, "cancelled", None) for row in change.ended]
    await _set(ended)
    gone = [(one.row, None) for one in ended]
    await write_events(actor, plan, KIND, gone, what=LEFT_OUT, after="cancelled")
    moved = [one.row["id"] for one in here if _asks_otherwise(one)]
    return await outbox.cancel_about([*moved, *(one.row["id"] for one in ended)], "moved")


def _asks_otherwise(one: Changed) -> bool:
    """Whether what waits to be asked about it is about another day, or is asked of nobody now."""
    other = (one.state, one.due) != (one.row["state"], one.row["due_on"])
    return other or bool(one.fields.keys() & {"message", "owner"})


_SET = f"""
UPDATE milestone m SET ({", ".join(DEFINED)}, state, due_on, version) =
       ({", ".join(f"n.{name}" for name in DEFINED)}, n.state, n.due_on, m.version + 1)
  FROM json_populate_recordset(NULL::milestone, $1::json) n WHERE m.id = n.id
"""


async def _set(changed: Sequence[Changed]) -> None:
    rows = [
        {
            "id": one.row["id"],
            **{name: one.row[name] for name in DEFINED},
            **one.fields,
            "state": one.state,
            "due_on": one.due,
        }
        for one in changed
    ]
    if rows:
        await connection().execute(_SET, json.dumps(rows, default=str))
