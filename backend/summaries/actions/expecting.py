"""A summary that a court is to have by a day: the steps to it stand in the plan until then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.audit.actions import record
from backend.calendars.rules import open_days
from backend.database import connection, transaction
from backend.errors import NotFromThisState, Taken, Unfit
from backend.messages import outbox
from backend.once import Written
from backend.plans.actions.writing import add_rows, set_days, write_milestone
from backend.plans.rules import OPEN, OVER
from backend.summaries.chains import AHEAD, CHAINS, OF_TYPE, STEPS, moved, rows_of, step_of
from backend.templates.actions import template_of
from backend.templates.rules import UNSUPERVISED

GROUP, WRITERS, READERS = "summary draft", ("SW", "PO"), ("SW", "PO", "CO")
DROPPED, ISSUED = "dropped", "issued"


@dataclass(frozen=True)
class NewSummaryDue:
    """`due_on` is the day on which the court is to have it, a civil day of the plan's zone."""

    type: str
    due_on: date
    id: UUID = field(default_factory=uuid4)


_DUE = "SELECT * FROM summary_due WHERE plan = $1 ORDER BY due_on, type, id"
_CHAIN = """
SELECT count(*) FILTER (WHERE type = $2 AND due_on = $3 AND ended_at IS NULL) AS there,
       coalesce(max(chain) FILTER (WHERE type = ANY ($4)), 0) + 1 AS next
  FROM summary_due WHERE plan = $1
"""
_OPEN_ROWS = """
SELECT * FROM milestone WHERE summary_due = $1 AND state IN ('planned', 'in_progress')
 ORDER BY day, code FOR UPDATE
"""


async def list_summaries_due(actor: Actor, plan_id: UUID) -> Sequence[Any]:
    """Those that are expected and those that were, by the day on which they are due."""
    require(actor, "listSummariesDue")
    async with transaction(actor.id) as held:
        await find_plan(actor, plan_id, group=GROUP, roles=READERS, by_glass=True)
        await record(actor, "listSummariesDue", plan=plan_id)
        rows: Sequence[Any] = await held.fetch(_DUE, plan_id)
        return rows


async def expect_summary(actor: Actor, plan_id: UUID, new: NewSummaryDue) -> Written:
    """Put the steps to a summary into the plan: the long way for a report on the release.

    Nobody is told of it. Raises NotFound, Unfit, Taken, NotFromThisState.
    """
    require(actor, "expectSummary")
    async with transaction(actor.id) as held:
        plan = await find_plan(actor, plan_id, group=GROUP, roles=WRITERS, lock=True)
        _check(plan, new.due_on)
        if new.type not in CHAINS:
            raise Unfit(f"type is one of {', '.join(sorted(CHAINS))}.", field="type")
        if UNSUPERVISED in plan["overlays"]:
            raise NotFromThisState("Without supervision no court is sent a summary.")
        if await held.fetchval("SELECT 1 FROM summary_due WHERE id = $1", new.id):
            raise Taken
        alike = [one for one, chain in CHAINS.items() if chain == CHAINS[new.type]]
        known = await held.fetchrow(_CHAIN, plan_id, new.type, new.due_on, alike)
        if known["there"]:
            raise NotFromThisState("It is expected for this day already.")
        await held.execute(
            "INSERT INTO summary_due (id, agency, plan, version, type, due_on, chain, recorded_by,"
            " at) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)",
            *(new.id, plan["agency"], plan_id, new.type, new.due_on, known["next"]),
            *(actor.id, clock.now()),
        )
        await _put(actor, plan, new, known["next"])
        await record(actor, "expectSummary", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


def _check(plan: Mapping[str, Any], due: date) -> None:
    today = clock.today(plan["zone"])
    if plan["state"] in OVER:
        raise NotFromThisState("The plan is over.")
    if not today <= due <= today + AHEAD:
        raise Unfit("It is due on a day of the next two years.", field="due_on")


async def _put(actor: Actor, plan: Mapping[str, Any], new: NewSummaryDue, chain: int) -> None:
    of = {"type": new.type, "due_on": new.due_on, "chain": chain}
    today = clock.today(plan["zone"])
    rows = rows_of(await template_of(plan), of, open_days(plan), today, new.id)
    await add_rows(actor, plan, rows)


async def move_summary_due(actor: Actor, id_: UUID, seen: int, due: date) -> Written:
    """It is due on another day: open steps move along, pinned ones stay.

    Raises NotFound, VersionStale, Unfit, NotFromThisState.
    """
    require(actor, "moveSummaryDue")
    async with transaction(actor.id) as held:
        plan = await _expected(actor, id_, seen)
        _check(plan, due)
        rows = [row for row in await held.fetch(_OPEN_ROWS, id_) if not row["pinned"]]
        there = moved(rows, due, open_days(plan), clock.today(plan["zone"]))
        await outbox.cancel_about(await set_days(actor, plan, there), "moved")
        version: int = await held.fetchval(
            "UPDATE summary_due SET due_on = $2, version = version + 1 WHERE id = $1"
            " RETURNING version",
            id_,
            due,
        )
        await record(actor, "moveSummaryDue", plan=plan["id"], thing=id_)
        return Written(id_, version)


async def drop_summary_due(actor: Actor, id_: UUID, seen: int) -> Written:
    """The court wants it no more: the steps that are open fall away.

    Raises NotFound, VersionStale, NotFromThisState.
    """
    require(actor, "dropSummaryDue")
    async with transaction(actor.id) as held:
        plan = await _expected(actor, id_, seen)
        for row in await held.fetch(_OPEN_ROWS, id_):
            await write_milestone(actor, row, plan, {"state": "cancelled", "said_by": None})
        version = await _end(id_, DROPPED)
        await record(actor, "dropSummaryDue", plan=plan["id"], thing=id_)
        return Written(id_, version)


async def _expected(actor: Actor, id_: UUID, seen: int) -> Mapping[str, Any]:
    """Its plan, with the lock of both. Raises NotFound, VersionStale, NotFromThisState."""
    held = connection()
    plan_id = await held.fetchval("SELECT plan FROM summary_due WHERE id = $1", id_)
    # None is nobody's plan
    plan: Mapping[str, Any] = await find_plan(actor, plan_id, group=GROUP, roles=WRITERS, lock=True)
    row = await held.fetchrow("SELECT * FROM summary_due WHERE id = $1 FOR UPDATE", id_)
    check_version(row, seen)
    if row["ended_at"] is not None:
        raise NotFromThisState("It is expected no more.")
    return plan


async def _end(id_: UUID, how: str) -> int:
    version: int = await connection().fetchval(
        "UPDATE summary_due SET ended_at = $2, how = $3, version = version + 1 WHERE id = $1"
        " RETURNING version",
        id_,
        clock.now(),
        how,
    )
    return version


_NEXT = """
SELECT * FROM summary_due WHERE plan = $1 AND type = $2 AND ended_at IS NULL
 ORDER BY due_on, id LIMIT 1 FOR UPDATE
"""


async def step_done(actor: Actor, plan: Mapping[str, Any], type_: str, kind: str, on: date) -> None:
    """A draft was checked or read to the person: that step to the next summary of its type is done.

    The caller holds the plan.
    """
    due = await connection().fetchrow(_NEXT, plan["id"], type_)
    for row in await connection().fetch(_OPEN_ROWS, due["id"]) if due else ():
        if step_of(row["code"]) in STEPS.get(kind, ()):
            await _done(actor, plan, row, on)


async def summary_issued(actor: Actor, plan: Mapping[str, Any], type_: str) -> None:
    """The next summary of this type is there: its last step is done, none of the others is due.

    So is the row of the plan that it is. The caller holds the plan.
    """
    held, today = connection(), clock.today(plan["zone"])
    due = await held.fetchrow(_NEXT, plan["id"], type_)
    for row in await held.fetch(_OPEN_ROWS, due["id"]) if due else ():
        if step_of(row["code"]) in STEPS["issued"]:
            await _done(actor, plan, row, today)
        else:
            await write_milestone(actor, row, plan, {"state": "not_needed", "said_by": None})
    if due:
        await _end(due["id"], ISSUED)
    row = await held.fetchrow(
        "SELECT * FROM milestone WHERE plan = $1 AND code = ANY ($2) AND state = ANY ($3)"
        " ORDER BY due_on LIMIT 1 FOR UPDATE",
        *(plan["id"], list(OF_TYPE[type_]), sorted(OPEN)),
    )
    if row is not None:
        await _done(actor, plan, row, today)


async def _done(actor: Actor, plan: Mapping[str, Any], row: Any, on: date) -> None:
    await write_milestone(actor, row, plan, {"state": "done", "done_on": on, "said_by": None})
