"""The states of a plan, and that the person has left: what is muted, what wakes, who is told."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.alerts.actions import open_task
from backend.audit.actions import record
from backend.database import connection, moment, transaction
from backend.errors import NotFromThisState, Unfit
from backend.meetings.inviting import end_with
from backend.messages import outbox
from backend.messages.outbox import Occurrence
from backend.messages.rules import ASKED_OF_HELPERS
from backend.once import Written
from backend.passes.ending import end_passes_of
from backend.plans import rules
from backend.plans.actions.reopening import open_return, take_back
from backend.plans.actions.writing import write_milestone
from backend.plans.terms import close_with_terms

LINKS_LIVE_ON = DESK_LIVES_ON = timedelta(days=7)


async def change_plan_state(actor: Actor, id_: UUID, seen: int, to: str) -> Written:
    """Pause, step down, close or go on. Pausing mutes every chat in the same transaction.

    A plan that steps down asks nothing more of mentors and relatives.

    To go on outside says of a return to custody that it was recorded by mistake.

    Raises NotFound, VersionStale, NotFromThisState, Unfit for a state that is no state.
    """
    require(actor, "changePlanState")
    if to not in rules.PLAN_STEPS:
        raise Unfit(f"state is one of {', '.join(sorted(rules.PLAN_STEPS))}.")
    async with transaction(actor.id) as held:
        plan = await find_plan(actor, id_, group="release date", roles=("SW", "CO"), lock=True)
        check_version(plan, seen)
        inside = plan["left_custody_at"] is None
        wrong_side = (to == "active_inside" and not inside) or (to == "active_outside" and inside)
        if to not in rules.PLAN_STEPS[plan["state"]] or wrong_side:
            raise NotFromThisState(f"A plan that is {plan['state']} cannot become that.")
        if to in rules.RUNNING and (back := await open_return(id_)) is not None:
            await take_back(actor, plan, back)
        version = await held.fetchval(
            "UPDATE plan SET state = $2, version = version + 1 WHERE id = $1 RETURNING version",
            id_,
            to,
        )
        if to in {"paused", "closed"}:
            await outbox.cancel_plan(id_, to)
        if to == "closed":
            await _close(actor, plan)
        if to == "step_down":
            await _ask_helpers_no_more(actor, plan)
        await record(actor, "changePlanState", plan=id_, thing=id_)
        return Written(id_, version)


async def _ask_helpers_no_more(actor: Actor, plan: Any) -> None:
    """What a mentor or relative is asked about by chat ends; their talks with a human do not."""
    for row in await connection().fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND state = ANY ($2) AND message = ANY ($3)"
        " ORDER BY id FOR UPDATE",
        plan["id"],
        sorted(rules.OPEN),
        sorted(ASKED_OF_HELPERS),
    ):
        over = {"state": "not_needed", "cause": None, "said_by": None}
        await write_milestone(actor, row, plan, over)


async def _close(actor: Actor, plan: Any) -> None:
    """Thanks to the circle; its chats are cut a week later, with the mandates; papers at once."""
    held, now = connection(), clock.now()
    until = now + LINKS_LIVE_ON
    await close_with_terms(plan, now)
    links = await held.fetch(
        "SELECT l.* FROM link l JOIN member b ON b.id = l.subject"
        " WHERE l.plan = $1 AND l.state = 'active'",
        plan["id"],
    )
    for link in links:
        occurrence = Occurrence("CLOSE", "", plan["id"], clock.today(plan["zone"]))
        await outbox.queue(link, "CLOSE", occurrence)
    await held.execute(
        "UPDATE mandate SET ends = $2, version = version + 1 WHERE plan = $1"
        " AND role IN ('ME', 'FA', 'PE', 'LR') AND (ends IS NULL OR ends > $2)",
        plan["id"],
        until,
    )
    await end_passes_of(plan["id"])
    await end_with(actor, plan)


async def record_left_custody(actor: Actor, id_: UUID, seen: int, *, left: bool) -> Written:
    """The recorded fact that the person has left, or that it is not today.

    Never assumed from a date. Leaving makes the plan `active_outside` and wakes what
    counts from release; "not today" sends GATE-OFF to whoever is at the gate and may know
    the day, without a reason, and puts the certainty back to expected.
    """
    require(actor, "recordLeftCustody")
    async with transaction(actor.id):
        group, roles = "release date", ("SW", "PS")
        plan = await find_plan(actor, id_, group=group, roles=roles, lock=True, by_glass=True)
        check_version(plan, seen)
        if plan["state"] != "active_inside":
            raise NotFromThisState(f"The plan is {plan['state']}.")
        version = await (let_leave(plan) if left else _not_today(plan))
        await record(
            actor, "recordLeftCustody", plan=id_, thing=id_, outcome="left" if left else "not-today"
        )
        return Written(id_, version)


async def let_leave(plan: Any) -> int:
    """The person is out: what counts from release begins. The caller holds the plan's lock."""
    held = connection()
    version: int = await held.fetchval(
        "UPDATE plan SET state = 'active_outside', left_custody_at = $2, version = version + 1"
        " WHERE id = $1 RETURNING version",
        plan["id"],
        clock.now(),
    )
    await held.execute(
        "UPDATE message SET state = 'cancelled', reason = 'left', version = version + 1"
        " WHERE plan = $1 AND state IN ('queued', 'claimed') AND sending_at IS NULL"
        " AND (key = 'FAM-CALL' OR key ~ '^GATE-[731]')",
        plan["id"],
    )
    # the release desk has a week for what is left to do, and then no part in it
    await held.execute(
        "UPDATE mandate SET ends = $2, version = version + 1 WHERE plan = $1 AND role = 'PS'"
        " AND (ends IS NULL OR ends > $2)",
        plan["id"],
        moment() + DESK_LIVES_ON,
    )
    # the rows after release live from now on
    await held.execute("SELECT refresh_next_due($1)", [plan["id"]])
    return version


async def _not_today(plan: Any) -> int:
    held, today = connection(), clock.today(plan["zone"])
    version: int = await held.fetchval(
        "UPDATE plan SET certainty = 'expected', version = version + 1 WHERE id = $1"
        " RETURNING version",
        plan["id"],
    )
    act = str(version)  # said twice on one day it is two things: each is told, each is a task
    await outbox.cancel_plan(plan["id"], "not-today")
    links = await held.fetch(
        "SELECT l.* FROM link l JOIN member b ON b.id = l.subject"
        " WHERE l.plan = $1 AND l.state = 'active' AND b.gate = 'first'"
        " AND EXISTS (SELECT 1 FROM disclosure d WHERE d.plan = l.plan AND d.recipient = l.subject"
        " AND d.fact = 'release_date' AND d.withdrawn_at IS NULL AND d.until >= $2)",
        plan["id"],
        today,
    )
    for link in links:
        occurrence = Occurrence("GATE-OFF", act, plan["id"], today)
        await outbox.queue(link, "GATE-OFF", occurrence, urgent=True, critical=True)
    await _give_to_the_worker(plan, today, act)
    return version


async def _give_to_the_worker(plan: Any, today: date, act: str) -> None:
    """Whom to call, and which dates from the day on are in doubt."""
    of_plan = {"agency": plan["agency"], "plan": plan["id"], "local_due": today, "step": act}
    for row in await connection().fetch(
        "SELECT id FROM appointment WHERE plan = $1 AND held_on >= $2"
        " AND state IN ('proposed', 'scheduled', 'confirmed')",
        plan["id"],
        plan["release_date"],
    ):
        await open_task("appointment-in-doubt", subject=row["id"], **of_plan)
    await open_task("gate-off", subject=plan["id"], **of_plan)
