"""A meeting of a plan's circle: planned with its four fields, asked to, and moved or called off.

docs/decisions/0036-circle-meetings.md says why.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.actors.actions import seal
from backend.alerts.actions import close_tasks
from backend.audit.actions import record
from backend.database import connection, moment, transaction
from backend.errors import NotFromThisState, Taken, Unfit
from backend.meetings import agenda, inviting, rules
from backend.meetings.finding import WORKERS, check_state, find_meeting, find_member
from backend.once import Written
from backend.plans import rules as of_plans


@dataclass(frozen=True)
class NewMeeting:
    """The day and time are those of the plan's zone; `participants` are actors of its circle.

    `milestone` is the row of the plan that it is; without one it is of none.
    """

    held_on: date
    held_at: time
    basis: str
    aim: str
    participants: Sequence[UUID]
    speaks_of: Sequence[str]
    milestone: UUID | None = None
    id: UUID = field(default_factory=uuid4)


async def plan_meeting(actor: Actor, plan_id: UUID, new: NewMeeting) -> Written:
    """Plan a meeting, build its agenda, and ask whoever takes part; the person always.

    Raises NotFound, Unfit (with the field), Taken, NotFromThisState.
    """
    require(actor, "planMeeting")
    async with transaction(actor.id) as held:
        plan = await find_plan(actor, plan_id, group=rules.GROUP, roles=WORKERS, lock=True)
        if plan["state"] in of_plans.OVER:
            raise NotFromThisState("The plan is over.")
        rules.check_spoken_of(new.speaks_of)
        _check_coming(plan, new.held_on)
        if not new.participants:
            raise Unfit("participants are some of the circle: say who.", field="participants")
        members = await _of_the_circle(plan, new.participants)
        await _check_row(plan, new.milestone)
        if await held.fetchval("SELECT 1 FROM meeting WHERE id = $1", new.id):
            raise Taken
        await _insert(actor, plan, new)
        await _ask(plan, new.id, {plan["person"]: "PE"} | members)
        meeting = await held.fetchrow("SELECT * FROM meeting WHERE id = $1", new.id)
        await agenda.carry_over(plan)
        await agenda.build(plan, meeting)
        await inviting.invite(actor, plan, meeting)
        await record(actor, "planMeeting", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


def _check_coming(plan: Mapping[str, Any], held_on: date) -> None:
    if held_on < clock.today(plan["zone"]):
        raise Unfit("A meeting is planned for a day that comes.", field="held_on")


_OF_CIRCLE = """
SELECT DISTINCT ON (m.actor) m.actor, m.role FROM mandate m
 WHERE m.plan = $1 AND m.actor = ANY ($2) AND m.role = ANY ($3) AND m.starts <= $4
   AND (m.ends IS NULL OR m.ends > $4) AND m.glass IS NULL AND NOT is_barred($5, m.actor, m.role)
 ORDER BY m.actor, m.starts
"""


async def _of_the_circle(
    plan: Mapping[str, Any], participants: Collection[UUID]
) -> dict[UUID, str]:
    """Role by actor; whoever is not there, was kept out or let in is refused in the same words."""
    rows = await connection().fetch(
        _OF_CIRCLE,
        plan["id"],
        list(participants),
        sorted(rules.TAKES_PART),
        moment(),
        plan["person"],
    )
    found = {row["actor"]: row["role"] for row in rows}
    if found.keys() | {plan["person"]} != set(participants) | {plan["person"]}:
        raise Unfit(
            "participants have a mandate in the circle: nobody from outside is added.",
            field="participants",
        )
    return found


async def _check_row(plan: Mapping[str, Any], milestone: UUID | None) -> None:
    if milestone is None:
        return
    row = await connection().fetchrow(
        "SELECT * FROM milestone WHERE id = $1 AND plan = $2", milestone, plan["id"]
    )
    if not rules.fits(row, left=plan["left_custody_at"] is not None):
        raise Unfit("milestone is an open row of the plan that is a meeting.", field="milestone")


async def _insert(actor: Actor, plan: Mapping[str, Any], new: NewMeeting) -> None:
    await connection().execute(
        "INSERT INTO meeting (id, agency, plan, version, milestone, held_on, held_at, zone, basis,"
        " aim, speaks_of, planned_by, planned_at)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        new.id,
        plan["agency"],
        plan["id"],
        new.milestone,
        new.held_on,
        new.held_at,
        plan["zone"],
        await seal(plan["person"], f"meeting.basis:{new.id}", new.basis),
        await seal(plan["person"], f"meeting.aim:{new.id}", new.aim),
        sorted(set(new.speaks_of)),
        actor.id,
        clock.now(),
    )


async def _ask(plan: Mapping[str, Any], meeting: UUID, members: Mapping[UUID, str]) -> None:
    await connection().executemany(
        "INSERT INTO meeting_member (id, agency, plan, version, meeting, actor, role)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6) ON CONFLICT (meeting, actor) DO NOTHING",
        [
            (uuid4(), plan["agency"], plan["id"], meeting, who, role)
            for who, role in members.items()
        ],
    )


@dataclass(frozen=True)
class MeetingChange:
    """Another day and time, or that it is called off; `add` are more of the circle to ask."""

    held_on: date | None = None
    held_at: time | None = None
    called_off: bool = False
    add: Sequence[UUID] = ()


async def change_meeting(actor: Actor, id_: UUID, seen: int, wanted: MeetingChange) -> Written:
    """Move a meeting, call it off, or ask more of the circle. Moved, each is asked again.

    That it is off staff read among their tasks; others are told by a human, no machine says so.
    Raises NotFound, VersionStale, NotFromThisState, Unfit.
    """
    require(actor, "changeMeeting")
    async with transaction(actor.id) as held:
        row, plan = await find_meeting(actor, id_)
        check_version(row, seen)
        check_state(row, coming=True)
        if plan["state"] in of_plans.OVER and not wanted.called_off:
            raise NotFromThisState("The plan is over.")
        moved = wanted.held_on is not None or wanted.held_at is not None
        if wanted.called_off + moved + bool(wanted.add) != 1:
            raise Unfit("Move it, call it off, or ask more of the circle: one of the three.")
        if wanted.called_off:
            await inviting.call_off(actor, plan, row)
        elif moved:
            _check_coming(plan, wanted.held_on or row["held_on"])
            await inviting.stop_asking(id_)
            await held.execute(
                "UPDATE meeting_member SET answer = NULL, answered_at = NULL,"
                " version = version + 1 WHERE meeting = $1 AND answer IS NOT NULL",
                id_,
            )
        else:
            await _ask(plan, id_, await _of_the_circle(plan, wanted.add))
        after = await held.fetchrow(
            "UPDATE meeting SET held_on = coalesce($2, held_on), held_at = coalesce($3, held_at),"
            " called_off_at = $4, moves = moves + $5, version = version + 1 WHERE id = $1"
            " RETURNING *",
            id_,
            wanted.held_on,
            wanted.held_at,
            clock.now() if wanted.called_off else None,
            int(moved),
        )
        if not wanted.called_off:
            await inviting.invite(actor, plan, after)
        await agenda.carry_over(plan)  # another one may be the next now
        await record(actor, "changeMeeting", plan=plan["id"], thing=id_)
        return Written(id_, seen + 1)


@dataclass(frozen=True)
class AgendaChange:
    """`leave_out` are all items that are left out; `rows` of the plan, or `words`, are added."""

    leave_out: Sequence[UUID] = ()
    rows: Sequence[UUID] = ()
    words: str | None = None


async def set_agenda(actor: Actor, id_: UUID, seen: int, wanted: AgendaChange) -> Written:
    """Leave items out, add some, and add what has come up since.

    Raises NotFound, VersionStale, NotFromThisState, Unfit.
    """
    require(actor, "setAgenda")
    async with transaction(actor.id) as held:
        row, plan = await find_meeting(actor, id_)
        check_version(row, seen)
        check_state(row, coming=True)
        there = await held.fetch("SELECT id FROM meeting_item WHERE meeting = $1", id_)
        if not {one["id"] for one in there} >= set(wanted.leave_out):
            raise Unfit("Only what is on the agenda is left out.", field="leave_out")
        await _add_rows(plan, id_, wanted.rows)
        if wanted.words is not None:
            await agenda.put_words(plan, id_, wanted.words, {rules.ADDED})
        await agenda.build(plan, row)
        await held.execute(
            "UPDATE meeting_item SET left_out = id = ANY ($2), version = version + 1"
            " WHERE meeting = $1 AND left_out <> (id = ANY ($2))",
            id_,
            list(wanted.leave_out),
        )
        await held.execute("UPDATE meeting SET version = version + 1 WHERE id = $1", id_)
        await record(actor, "setAgenda", plan=plan["id"], thing=id_)
        return Written(id_, seen + 1)


async def _add_rows(plan: Mapping[str, Any], meeting: UUID, rows: Sequence[UUID]) -> None:
    found = await connection().fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND id = ANY ($2)", plan["id"], list(rows)
    )
    if len(found) != len(set(rows)) or any(map(of_plans.is_about_another, found)):
        raise Unfit("Added are rows of this plan, and no talk with somebody else.", field="rows")
    await agenda.put_rows(plan, meeting, {one["id"]: {rules.ADDED} for one in found})


async def answer_meeting(actor: Actor, id_: UUID, seen: int, answer: str) -> Written:
    """Say whether one comes; a worker writes down what somebody without an account says.

    `id_` is that of their part in the meeting. Raises NotFound, VersionStale, NotFromThisState,
    Unfit.
    """
    require(actor, "answerMeeting")
    async with transaction(actor.id) as held:
        member, meeting, plan = await find_member(actor, id_, seen)
        check_state(meeting, coming=True)
        if answer not in rules.ANSWERS:
            raise Unfit(f"answer is one of {', '.join(sorted(rules.ANSWERS))}.", field="answer")
        await held.execute(
            "UPDATE meeting_member SET answer = $2, answered_at = $3, version = version + 1"
            " WHERE id = $1",
            id_,
            answer,
            clock.now(),
        )
        await close_tasks(id_, inviting.ASKED, "answered")
        await record(actor, "answerMeeting", plan=plan["id"], thing=member["meeting"])
        return Written(id_, seen + 1)
