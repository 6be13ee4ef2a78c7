"""The release date moves: what goes along, what stays, who is told; and a look at it beforehand."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.appointments.days import first_week_of
from backend.audit.actions import record
from backend.calendars.actions import find_days
from backend.calendars.rules import OpenDays, open_days
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.matrix import covers
from backend.messages import outbox
from backend.messages.outbox import Occurrence
from backend.messages.questions import Question, questions_of_rows, questions_of_the_gate
from backend.messages.rules import RELEASE_MOVED
from backend.once import Written
from backend.plans import rules
from backend.plans.actions.writing import set_days


@dataclass(frozen=True)
class Release:
    """`time` and `calendar`, that of the place of release, stay as they are where they are None."""

    date: dt.date
    certainty: str
    time: dt.time | None = None
    calendar: UUID | None = None


@dataclass(frozen=True)
class Came:
    """What a move did, as far as the asker is shown rows: none of others, and no counts of others'.

    `move` is its row; `cancelled` and `told` in it are None for whoever is no worker of the plan.
    `cautions` are what to think of now.
    """

    move: Any
    moved: list[Any]
    pinned: list[Any]
    cautions: Sequence[str] = ()


async def move_release_date(actor: Actor, id_: UUID, seen: int, to: Release) -> Written:
    """Move the date or its certainty; the written id is that of the move, read by `read_move`.

    Open, unpinned rows move along, done rows stay, pinned rows stay and are shown.
    What waited to be said about a moved row is cancelled and made anew on its new day.
    Raises NotFound, VersionStale, Unfit, NotFromThisState.
    """
    require(actor, "moveReleaseDate")
    async with transaction(actor.id):
        plan = await _of_desk(actor, id_)
        check_version(plan, seen)
        _check(plan, to)
        days = await days_there(plan, to)
        moved = await _move(actor, plan, to, days)
        await record(actor, "moveReleaseDate", plan=id_, thing=moved.id)
        return Written(moved.id, moved.version)


@dataclass(frozen=True)
class Preview:
    """What a move would do to a plan that is at `version`, and what to think of before.

    `falls_away` are the waiting messages that would be taken back, `told` who would be told of it
    once, `questions` what would be asked on other days: all for the plan's workers alone.
    """

    version: int
    calendar: UUID
    came: Came
    cautions: Sequence[str]
    falls_away: Sequence[Any]
    told: Sequence[UUID]
    questions: Sequence[Question]


async def preview_release(actor: Actor, id_: UUID, to: Release) -> Preview:
    """What `move_release_date` would do now: it is done, looked at and taken back.

    So it cannot say anything else than the move would, and is refused where that would be.
    Raises NotFound, Unfit, NotFromThisState.
    """
    require(actor, "previewRelease")
    async with transaction(actor.id) as held:
        plan = await _of_desk(actor, id_, by_glass=True)  # nothing of it is written
        _check(plan, to)
        days = await days_there(plan, to)
        await held.execute("SAVEPOINT preview")
        moved = await _move(actor, plan, to, days)
        came = await _came(plan, await held.fetchrow(_FOUND, moved.id))
        falls_away = await held.fetch(_FALLS_AWAY, moved.cancelled)
        await held.execute("ROLLBACK TO SAVEPOINT preview")
        cautions = await _cautions(plan, to, plan, days)
        await record(actor, "previewRelease", plan=id_)
    seen = plan["version"], to.calendar or plan["calendar"] or plan["agency"]
    if plan["mandate"] not in rules.WORKERS:
        return Preview(*seen, came, cautions, (), (), ())
    questions = [
        *questions_of_rows(came.moved),
        *questions_of_the_gate(plan, to.date, to.certainty),
    ]
    return Preview(*seen, came, cautions, falls_away, moved.told, questions)


_FALLS_AWAY = """
SELECT key, recipient, due_at FROM message WHERE id = ANY ($1) ORDER BY due_at, key, recipient
"""


async def _of_desk(actor: Actor, id_: UUID, *, by_glass: bool = False) -> Any:
    group, roles = "release date", ("SW", "PS")
    return await find_plan(actor, id_, group=group, roles=roles, lock=True, by_glass=by_glass)


def _check(plan: Any, to: Release) -> None:
    if to.certainty not in rules.CERTAINTIES:
        raise Unfit("certainty is confirmed, expected or earliest_possible.")
    if plan["state"] not in rules.RUNNING or plan["left_custody_at"] is not None:
        raise NotFromThisState("The date moves only before the person has left custody.")
    if rules.is_slip(to.date, clock.today(plan["zone"])):
        raise Unfit(rules.SLIP)


@dataclass(frozen=True)
class _Moved:
    """A move, the plan's version after it, the messages it took back, and who is told of it."""

    id: UUID
    version: int
    cancelled: list[UUID]
    told: list[UUID]


async def days_there(plan: Any, to: Release) -> OpenDays:
    """Those of the place of release. Raises Unfit for a calendar of another agency."""
    if to.calendar is None:
        return open_days(plan)
    return await find_days(plan["agency"], to.calendar)


async def _move(actor: Actor, plan: Any, to: Release, days: OpenDays) -> _Moved:
    """The move itself. The caller holds the plan's lock."""
    held, move = connection(), uuid4()
    version: int = await held.fetchval(
        "UPDATE plan SET release_date = $2, certainty = $3, release_time = coalesce($4,"
        " release_time), calendar = coalesce($5, calendar), version = version + 1"
        " WHERE id = $1 RETURNING version",
        plan["id"],
        to.date,
        to.certainty,
        to.time,
        to.calendar,
    )
    moved = await _move_rows(actor, plan, to, days, move)
    cancelled = await outbox.cancel_about(moved, "moved")
    cancelled += await cancel_old_date(plan, to)
    told = await _tell(plan, to, move)
    await write_move(actor, plan, to, version, id_=move, cancelled=len(cancelled), told=len(told))
    return _Moved(move, version, cancelled, told)


async def write_move(
    actor: Actor,
    plan: Any,
    to: Release,
    version: int,
    *,
    id_: UUID | None = None,
    cancelled: int = 0,
    told: int = 0,
) -> UUID:
    """That the date is another one now, and what that did; `plan` is as it was before."""
    move = id_ or uuid4()
    await connection().execute(
        "INSERT INTO release_move (id, agency, plan, version, actor, at, date_before,"
        " date_after, certainty_before, certainty_after, plan_version, cancelled, told)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        move,
        plan["agency"],
        plan["id"],
        actor.id,
        clock.now(),
        plan["release_date"],
        to.date,
        plan["certainty"],
        to.certainty,
        version,
        cancelled,
        told,
    )
    return move


async def _move_rows(
    actor: Actor, plan: Any, to: Release, days: OpenDays, move: UUID
) -> list[UUID]:
    if to.date == plan["release_date"] and to.calendar in {None, plan["calendar"]}:
        return []
    held, today = connection(), clock.today(plan["zone"])
    rows = await held.fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND anchor = 'release'"
        " AND state IN ('planned', 'in_progress') AND NOT pinned FOR UPDATE",
        plan["id"],
    )
    moved = []
    for row in rows:
        due = rules.due_on(row["code"], rules.day_of(row), to.date, days, not_before=today)
        if due != row["due_on"]:
            moved.append((row, due))
    return await set_days(actor, plan, moved, move=move)


async def cancel_old_date(plan: Any, to: Release) -> list[UUID]:
    """Cancel what waits to be said about the old date, or to say that there is a new one.

    That it is not today too, where the new one is today and is confirmed.
    """
    rows = await connection().fetch(
        "UPDATE message SET state = 'cancelled', reason = 'moved', version = version + 1"
        " WHERE plan = $1 AND state IN ('queued', 'claimed') AND sending_at IS NULL"
        " AND (key LIKE 'GATE-_' OR key LIKE 'GATE-_-F' OR (key = 'APPT-MOVED' AND step = $2)"
        "      OR (key LIKE 'GATE-OFF%' AND local_due = $3::date))"
        " RETURNING id",
        plan["id"],
        RELEASE_MOVED,
        to.date if to.certainty == "confirmed" else None,
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


async def _tell(plan: Any, to: Release, move: UUID) -> list[UUID]:
    """One APPT-MOVED for each linked recipient who holds gate duty or was told the old date.

    Nobody outside learns a date that is not confirmed, or that they may not know.
    """
    other_time = plan["release_time"] is not None and to.time not in {None, plan["release_time"]}
    if to.certainty != "confirmed" or not (to.date != plan["release_date"] or other_time):
        return []
    told, today = list[UUID](), clock.today(plan["zone"])
    to_tell = (plan["id"], clock.now(), RELEASE_MOVED, today)
    for link in await connection().fetch(_TOLD_THE_OLD_DATE, *to_tell):
        occurrence = Occurrence("APPT-MOVED", RELEASE_MOVED, move, today)
        if await outbox.queue(link, "APPT-MOVED", occurrence) is not None:
            told.append(link["subject"])
    return told


async def read_move(actor: Actor, move: UUID) -> Came:
    """A move, the rows that it moved and the pinned rows that it left, as far as they are seen."""
    async with transaction(actor.id) as held:
        found = await held.fetchrow(_FOUND, move)
        if found is None:
            raise NotFound
        plan = await find_plan(actor, found["plan"], group="release date")
        came = await _came(plan, found)
        before = {"certainty": found["certainty_before"]}
        to = Release(found["date_after"], found["certainty_after"])
        return replace(came, cautions=await _cautions(plan, to, before, open_days(plan)))


async def cautions_of(actor: Actor, id_: UUID) -> Sequence[str]:
    """What to think of where a plan has just got its day of release."""
    async with transaction(actor.id):
        plan = await find_plan(actor, id_, group="release date")
        to = Release(plan["release_date"], plan["certainty"])
        return await _cautions(plan, to, plan, open_days(plan))


async def _cautions(
    plan: Any, to: Release, before: Mapping[str, Any], days: OpenDays
) -> Sequence[str]:
    """Of the day, and of the dates in the week after it as far as the reader sees them."""
    week = await first_week_of(plan, to.date)
    found = rules.cautions(to.date, to.certainty, before, days, today=clock.today(plan["zone"]))
    return [*found, *sorted(frozenset().union(*week.values()))]


_FOUND = "SELECT * FROM release_move WHERE id = $1"


async def _came(plan: Any, move: Any) -> Came:
    held, seen = connection(), dict(move)
    if plan["mandate"] not in rules.WORKERS:
        seen |= {"cancelled": None, "told": None}
    if not covers(plan["told_groups"], "milestones"):
        return Came(seen, [], [])
    moved, pinned = await held.fetch(_MOVED, move["id"]), await held.fetch(_PINNED, plan["id"])
    return Came(
        seen,
        [row for row in moved if rules.sees(plan["mandate"], row)],
        [row for row in pinned if rules.sees(plan["mandate"], row)],
    )


_MOVED = """
SELECT m.*, e.milestone, e.due_before, e.due_after FROM milestone_event e
  JOIN milestone m ON m.id = e.milestone WHERE e.move = $1
 ORDER BY e.due_after, m.late_start, m.code
"""
_PINNED = """
SELECT m.*, m.id AS milestone FROM milestone m WHERE m.plan = $1 AND m.pinned
   AND m.state IN ('planned', 'in_progress') ORDER BY m.due_on
"""
