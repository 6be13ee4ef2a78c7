"""A mentor's time ends on a day that was agreed and said: well, and not by a silence."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.audit.actions import record
from backend.circles.gates import pass_gate_on
from backend.database import connection, transaction
from backend.errors import NotFromThisState, Unfit
from backend.mentors.places import no_more_than_the_database_lets
from backend.messages import outbox
from backend.messages.outbox import Occurrence
from backend.once import Written
from backend.plans import rules
from backend.plans.actions.milestones import due_of
from backend.plans.actions.writing import write_milestone

GOODBYE = "MEN-14"
ANNOUNCED = "MEN-END"


async def announce_ending(actor: Actor, id_: UUID, seen: int, on: date | None) -> Written:
    """The last day of a mentor's mandate, in the plan's zone; None: it goes on without one.

    The mandate ends with that day and the chat with it; the goodbye is due on it, and the mentor
    hears of it by chat once. Before the release, gate duty passes on at once.
    Raises NotFound, VersionStale, Unfit, NotFromThisState.
    """
    require(actor, "announceEnding")
    async with transaction(actor.id) as held:
        plan_id = await held.fetchval("SELECT plan FROM mandate WHERE id = $1", id_)
        # None is nobody's plan
        plan = await find_plan(actor, plan_id, group="circle", roles=("SW", "CO"), lock=True)
        row = await held.fetchrow("SELECT * FROM mandate WHERE id = $1", id_)
        check_version(row, seen)
        _check(plan, row, on)
        with no_more_than_the_database_lets():
            await held.execute(
                "UPDATE mandate SET ends = $2, version = version + 1 WHERE id = $1",
                id_,
                None if on is None else _end_of(on, plan["zone"]),
            )
        await _plan_goodbye(actor, plan, on, _last_day(row["ends"], plan["zone"]))
        if on is not None and plan["left_custody_at"] is None and on < plan["release_date"]:
            await _leave_gate(plan, row["actor"])
        await outbox.cancel_about([id_], "moved")
        link = await outbox.active_link(plan["id"], row["actor"])
        if link is not None and on is not None:
            await outbox.queue(link, ANNOUNCED, Occurrence(ANNOUNCED, f"ask-{seen}", id_, on))
        await record(actor, "announceEnding", plan=plan["id"], thing=id_)
        return Written(id_, seen + 1)


async def _leave_gate(plan: Any, who: UUID) -> None:
    """They are gone before the release: the substitute is asked, and nobody counts on them."""
    await pass_gate_on(plan["id"], who)
    await connection().execute(
        "UPDATE member SET gate = NULL, version = version + 1 WHERE id = $1 AND gate IS NOT NULL",
        who,
    )
    await outbox.cancel_to(plan["id"], who, ["GATE-"], "moved")


def _check(plan: Any, row: Any, on: date | None) -> None:
    if row["role"] != "ME":
        raise Unfit("A planned ending is a mentor's.")
    if plan["state"] in rules.OVER or (row["ends"] is not None and row["ends"] <= clock.now()):
        raise NotFromThisState("This mandate has ended.")
    if on is not None and on < clock.today(plan["zone"]):
        raise Unfit("This day has passed.", field="on")


def _end_of(day: date, zone: str) -> datetime:
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))


def _last_day(ends: datetime | None, zone: str) -> date | None:
    return None if ends is None else ends.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)


async def _plan_goodbye(actor: Actor, plan: Any, on: date | None, before: date | None) -> None:
    """The row of the goodbye stands on the last day, until a hand moves it.

    Without one it goes back to its own day. Where it is pinned, and not on the day that was
    announced `before`, a hand has set it.
    """
    row = await connection().fetchrow(
        "SELECT * FROM milestone WHERE plan = $1 AND code = $2 FOR UPDATE", plan["id"], GOODBYE
    )
    if row is None or row["state"] not in rules.OPEN | {"dormant"}:
        return
    if row["pinned"] and row["due_on"] != before:
        return
    if on is not None:
        state = "planned" if row["state"] == "dormant" else row["state"]
        await write_milestone(actor, row, plan, {"state": state, "due_on": on, "pinned": True})
    elif row["pinned"]:
        as_before = {"due_on": due_of(row, plan, row["day"]), "pinned": False}
        await write_milestone(actor, row, plan, as_before)
