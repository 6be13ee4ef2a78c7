"""Somebody is let go at once (a court, a pardon): the plan shrinks to what cannot wait.

Staff are told; family and mentors are told nothing by this, that is a worker's to do.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.alerts.actions import open_task
from backend.audit.actions import record
from backend.calendars.rules import open_days
from backend.database import connection, transaction
from backend.errors import NotFromThisState
from backend.messages import outbox
from backend.once import Written
from backend.plans import rules
from backend.plans.actions.moving import Release, cancel_old_date, write_move
from backend.plans.actions.muting import doubt_dates
from backend.plans.actions.release import let_leave
from backend.plans.actions.reopening import end_for_another, open_return, write_rows
from backend.plans.actions.writing import begin_again, put_rows, write_events
from backend.plans.again import counted
from backend.plans.late_start import critical
from backend.templates.actions import template_of

URGENT = 2


async def release_unplanned(actor: Actor, id_: UUID, seen: int, *, left: bool) -> Written:
    """The person is let go today, or has `left` by now; the written id is that of the plan.

    Open rows that can wait sleep; what is done or refused stays as it is, and so does a date set by
    hand, unless it would let wait what cannot.
    Raises NotFound, VersionStale, NotFromThisState where the person is not inside.
    """
    require(actor, "unplannedRelease")
    async with transaction(actor.id):
        group, roles = "release date", ("SW", "CO", "PS")
        plan = await find_plan(actor, id_, group=group, roles=roles, lock=True, by_glass=True)
        check_version(plan, seen)
        version = await collapse(actor, plan, left=left)
        await call_staff(plan, urgency=URGENT)
        outcome = "left" if left else "done"
        await record(actor, "unplannedRelease", plan=id_, thing=id_, outcome=outcome)
        return Written(id_, version)


async def collapse(actor: Actor, plan: Mapping[str, Any], *, left: bool) -> int:
    """What a release at once makes of a plan whose lock the caller holds; its new version.

    Raises NotFromThisState where the person is not inside.
    """
    back = await open_return(plan["id"])
    inside = plan["left_custody_at"] is None or back is not None
    if plan["state"] not in {"active_inside", "paused"} or not inside:
        raise NotFromThisState("Only somebody who is inside is let go.")
    if back is not None and plan["mandate"] == "PS":
        raise NotFromThisState("They came back before: their social worker reopens the plan.")
    now, to = clock.now(), Release(clock.today(plan["zone"]), "confirmed")
    if back is not None:
        await end_for_another(actor, plan, back, now)
    version = await _date(plan, to)
    cancelled = await cancel_old_date(plan, to)
    move = await write_move(actor, plan, to, version, cancelled=len(cancelled))
    if back is not None:
        await write_rows(actor, plan, to, open_days(plan), move)
    await _shrink(actor, plan, to, move)
    await _add_rows(actor, plan, to)
    await doubt_dates(plan, str(version))
    return await let_leave(plan) if left else version


async def _date(plan: Mapping[str, Any], to: Release) -> int:
    """Today, at whatever hour: nobody is asked at a planned time."""
    version: int = await connection().fetchval(
        "UPDATE plan SET state = 'active_inside', left_custody_at = NULL, release_date = $2,"
        " certainty = $3, release_time = NULL, version = version + 1"
        " WHERE id = $1 RETURNING version",
        plan["id"],
        to.date,
        to.certainty,
    )
    return version


async def _shrink(actor: Actor, plan: Mapping[str, Any], to: Release, move: UUID) -> None:
    """Of what is open, what cannot wait is due now; the rest sleeps, and can be woken.

    A date set by hand stays, but of what cannot wait only where it is not later than it must be.
    """
    held, days = connection(), open_days(plan)
    rows = await held.fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND anchor = 'release'"
        " AND state IN ('planned', 'in_progress') ORDER BY id FOR UPDATE",
        plan["id"],
    )
    kept = critical(counted(row) for row in rows)
    stay = list[tuple[Any, date]]()
    for row in rows:
        day = rules.day_of(row)
        due = rules.due_on(row["code"], day, to.date, days, not_before=to.date)
        if row["code"] in kept and not (row["pinned"] and row["due_on"] <= due):
            stay.append((row, due))
    sleep = [(row, None) for row in rows if row["code"] not in kept and not row["pinned"]]
    changed = [(row["id"], due) for row, due in (*stay, *sleep)]
    await held.execute(
        "UPDATE milestone m SET due_on = n.due, pinned = false, version = m.version + 1,"
        " state = CASE WHEN n.due IS NULL THEN 'dormant' ELSE m.state END,"
        " said_by = CASE WHEN n.due IS NOT NULL THEN m.said_by END"
        " FROM unnest($1::uuid[], $2::date[]) AS n(id, due) WHERE m.id = n.id",
        [id_ for id_, _ in changed],
        [due for _, due in changed],
    )
    await write_events(actor, plan, "moved", stay, move=move)
    await write_events(actor, plan, "state", sleep, move=move, after="dormant")
    await outbox.cancel_about([id_ for id_, _ in changed], "moved")


async def _add_rows(actor: Actor, plan: Mapping[str, Any], to: Release) -> None:
    """The rows of a release at once; those of an earlier one begin again."""
    known = await connection().fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND code ^@ $2 FOR UPDATE",
        plan["id"],
        rules.NEVER_ROLLED_PREFIX,
    )
    before, new, again = {row["code"]: row for row in known}, [], []
    for row in (await template_of(plan)).rows_of_unplanned():
        due = rules.due_on(row.code, row.day, to.date, open_days(plan))
        if row.code not in before:
            new.append({**vars(row), "state": "planned", "due_on": due})
        elif before[row.code]["state"] not in rules.OPEN:
            again.append((before[row.code], "planned", due))
    await begin_again(actor, plan, again)
    await put_rows(plan["agency"], plan["id"], new)


async def call_staff(plan: Mapping[str, Any], *, urgency: int) -> None:
    """A task for this very day; where it is urgent, whoever is on duty is paged by the jobs.

    So is who works on the plan, within their own hours.
    """
    await open_task(
        "unplanned-release",
        agency=plan["agency"],
        plan=plan["id"],
        subject=plan["id"],
        local_due=clock.today(plan["zone"]),
        due_at=clock.now(),
        urgency=urgency,
    )
