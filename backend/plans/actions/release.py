"""The release date and the states of a plan: what moves, what is muted, what is told."""

import datetime as dt
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.alerts.actions import open_task
from backend.audit.actions import record
from backend.database import connection, moment, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.matrix import covers
from backend.messages import outbox
from backend.messages.outbox import Occurrence
from backend.messages.rules import RELEASE_MOVED
from backend.once import Written
from backend.passes.ending import end_passes_of
from backend.plans import rules
from backend.plans.actions.writing import write_events
from backend.plans.terms import close_with_terms

LINKS_LIVE_ON = DESK_LIVES_ON = timedelta(days=7)


@dataclass(frozen=True)
class Release:
    date: dt.date
    certainty: str
    time: dt.time | None = None


async def move_release_date(actor: Actor, id_: UUID, seen: int, to: Release) -> Written:
    """Move the date or its certainty; the written id is that of the move, read by `read_move`.

    Open, unpinned rows move along, done rows stay, pinned rows stay and are shown.
    What waited to be said about a moved row is cancelled and made anew on its new day.
    Raises NotFound, VersionStale, Unfit, NotFromThisState.
    """
    require(actor, "moveReleaseDate")
    if to.certainty not in rules.CERTAINTIES:
        raise Unfit("certainty is confirmed, expected or earliest_possible.")
    async with transaction(actor.id) as held:
        plan = await find_plan(actor, id_, group="release date", roles=("SW", "PS"), lock=True)
        check_version(plan, seen)
        if plan["state"] not in rules.RUNNING or plan["left_custody_at"] is not None:
            raise NotFromThisState("The date moves only before the person has left custody.")
        if rules.is_slip(to.date, clock.today(plan["zone"])):
            raise Unfit(rules.SLIP)
        move = uuid4()
        version = await held.fetchval(
            "UPDATE plan SET release_date = $2, certainty = $3, release_time = coalesce($4,"
            " release_time), version = version + 1 WHERE id = $1 RETURNING version",
            id_,
            to.date,
            to.certainty,
            to.time,
        )
        moved = await _move_rows(actor, plan, to, move)
        cancelled = await outbox.cancel_about(moved, "moved")
        cancelled += await _cancel_old_date(plan)
        told = await _tell(plan, to, move)
        await held.execute(
            "INSERT INTO release_move (id, agency, plan, version, actor, at, date_before,"
            " date_after, certainty_before, certainty_after, plan_version, cancelled, told)"
            " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            move,
            plan["agency"],
            id_,
            actor.id,
            clock.now(),
            plan["release_date"],
            to.date,
            plan["certainty"],
            to.certainty,
            version,
            len(cancelled),
            told,
        )
        await record(actor, "moveReleaseDate", plan=id_, thing=move)
        return Written(move, version)


async def _move_rows(actor: Actor, plan: Any, to: Release, move: UUID) -> list[UUID]:
    if to.date == plan["release_date"]:
        return []
    held, today = connection(), clock.today(plan["zone"])
    rows = await held.fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND anchor = 'release'"
        " AND state IN ('planned', 'in_progress') AND NOT pinned FOR UPDATE",
        plan["id"],
    )
    moved = []
    for row in rows:
        day = row["day"] + row["cycle"] * (row["repeat_days"] or 0)
        due = rules.due_on(row["code"], day, to.date, plan["working_days"], not_before=today)
        if due != row["due_on"]:
            moved.append((row, due))
    await held.execute(
        "UPDATE milestone m SET due_on = n.due, version = m.version + 1"
        " FROM unnest($1::uuid[], $2::date[]) AS n(id, due) WHERE m.id = n.id",
        [row["id"] for row, _ in moved],
        [due for _, due in moved],
    )
    await write_events(actor, plan, "moved", moved, move=move)
    return [row["id"] for row, _ in moved]


async def _cancel_old_date(plan: Any) -> list[UUID]:
    """What waits to be said about the old date, or to say that there is a new one."""
    rows = await connection().fetch(
        "UPDATE message SET state = 'cancelled', reason = 'moved', version = version + 1"
        " WHERE plan = $1 AND state IN ('queued', 'claimed') AND sending_at IS NULL"
        " AND (key LIKE 'GATE-_' OR key LIKE 'GATE-_-F' OR (key = 'APPT-MOVED' AND step = $2))"
        " RETURNING id",
        plan["id"],
        RELEASE_MOVED,
    )
    return [row["id"] for row in rows]


_TOLD_THE_OLD_DATE = """
SELECT DISTINCT ON (l.subject) l.* FROM link l
  JOIN member b ON b.id = l.subject
  JOIN mandate m ON m.plan = l.plan AND m.actor = l.subject AND m.starts <= $2
       AND (m.ends IS NULL OR m.ends > $2)
 WHERE l.plan = $1 AND l.state = 'active'
   AND (b.gate = 'first' OR EXISTS (
        SELECT 1 FROM message s WHERE s.link = l.id AND s.state = 'sent'
           AND (s.key LIKE 'GATE-%' OR (s.key = 'APPT-MOVED' AND s.step = $3))))
   AND EXISTS (SELECT 1 FROM disclosure d WHERE d.plan = l.plan AND d.recipient = l.subject
        AND d.fact = 'release_date' AND d.withdrawn_at IS NULL AND d.until >= $4)
 ORDER BY l.subject, l.confirmed_at DESC
"""


async def _tell(plan: Any, to: Release, move: UUID) -> int:
    """One APPT-MOVED for each linked recipient who holds gate duty or was told the old date.

    Nobody outside learns a date that is not confirmed, or that they may not know.
    """
    other_time = plan["release_time"] is not None and to.time not in {None, plan["release_time"]}
    if to.certainty != "confirmed" or not (to.date != plan["release_date"] or other_time):
        return 0
    told, today = 0, clock.today(plan["zone"])
    to_tell = (plan["id"], clock.now(), RELEASE_MOVED, today)
    for link in await connection().fetch(_TOLD_THE_OLD_DATE, *to_tell):
        occurrence = Occurrence("APPT-MOVED", RELEASE_MOVED, move, today)
        told += await outbox.queue(link, "APPT-MOVED", occurrence) is not None
    return told


async def read_move(actor: Actor, move: UUID) -> tuple[Any, list[Any], list[Any]]:
    """A move, the rows that it moved and the pinned rows that it left, as far as they are seen.

    How many messages it took back and how many are told hangs on what others have agreed to:
    None for whoever is no worker of the plan.
    """
    async with transaction(actor.id) as held:
        found = await held.fetchrow("SELECT * FROM release_move WHERE id = $1", move)
        if found is None:
            raise NotFound
        plan = await find_plan(actor, found["plan"], group="release date")
        events = await held.fetch(_MOVED, move)
        pinned = await held.fetch(_PINNED, plan["id"])
    seen = dict(found)
    if plan["mandate"] not in rules.WORKERS:
        seen |= {"cancelled": None, "told": None}
    if not covers(plan["told_groups"], "milestones"):
        return seen, [], []
    return (
        seen,
        [row for row in events if rules.sees(plan["mandate"], row)],
        [row for row in pinned if rules.sees(plan["mandate"], row)],
    )


_MOVED = """
SELECT m.*, e.milestone, e.due_before, e.due_after FROM milestone_event e
  JOIN milestone m ON m.id = e.milestone WHERE e.move = $1 ORDER BY e.due_after, m.code
"""
_PINNED = """
SELECT m.*, m.id AS milestone FROM milestone m WHERE m.plan = $1 AND m.pinned
   AND m.state IN ('planned', 'in_progress') ORDER BY m.due_on
"""


async def change_plan_state(actor: Actor, id_: UUID, seen: int, to: str) -> Written:
    """Pause, step down, close or go on. Pausing mutes every chat in the same transaction.

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
        version = await held.fetchval(
            "UPDATE plan SET state = $2, version = version + 1 WHERE id = $1 RETURNING version",
            id_,
            to,
        )
        if to in {"paused", "closed"}:
            await outbox.cancel_plan(id_, to)
        if to == "closed":
            await _close(plan)
        await record(actor, "changePlanState", plan=id_, thing=id_)
        return Written(id_, version)


async def _close(plan: Any) -> None:
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
        version = await (_left(plan) if left else _not_today(plan))
        await record(
            actor, "recordLeftCustody", plan=id_, thing=id_, outcome="left" if left else "not-today"
        )
        return Written(id_, version)


async def _left(plan: Any) -> int:
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
        occurrence = Occurrence("GATE-OFF", "", plan["id"], today)
        await outbox.queue(link, "GATE-OFF", occurrence, urgent=True, critical=True)
    for row in await held.fetch(
        "SELECT id FROM appointment WHERE plan = $1 AND held_on >= $2"
        " AND state IN ('proposed', 'scheduled', 'confirmed')",
        plan["id"],
        plan["release_date"],
    ):
        await open_task(
            "appointment-in-doubt",
            agency=plan["agency"],
            plan=plan["id"],
            subject=row["id"],
            local_due=today,
        )
    await open_task(
        "gate-off", agency=plan["agency"], plan=plan["id"], subject=plan["id"], local_due=today
    )
    return version
