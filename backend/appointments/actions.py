"""Dates with a service: proposed, planned, confirmed, kept, missed, moved."""

from dataclasses import dataclass, field
from datetime import date, time
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.actors.actions import seal, unseal_or_none
from backend.alerts.actions import close_answered, close_tasks, open_task
from backend.appointments import rules
from backend.appointments.following import ask_no_more, follow, tell
from backend.audit.actions import record
from backend.calendars.rules import open_days
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Taken, Unfit
from backend.messages import outbox
from backend.once import Written
from backend.plans.actions.milestones import find_milestone
from backend.plans.rules import OVER, is_about_another
from backend.safety.actions import is_protected

EVERYWHERE = frozenset({"SW", "CO"})


@dataclass(frozen=True)
class NewAppointment:
    """`role` is whose appointment it is; `place` is for the worker's eyes, never for a chat.

    One that is only `proposed` waits for the other side's yes. `moved_from` is what it was before.
    """

    role: str
    held_on: date
    held_at: time
    milestone: UUID | None = None
    place: str | None = None
    id: UUID = field(default_factory=uuid4)
    proposed: bool = False
    moved_from: UUID | None = None


async def plan_appointment(actor: Actor, plan_id: UUID, new: NewAppointment) -> Written:
    """Put a date into the plan, or propose one. Raises NotFound, Unfit, Taken."""
    require(actor, "planAppointment")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, group="appointments", lock=True, by_glass=True)
        if plan["mandate"] not in EVERYWHERE and new.role != plan["mandate"]:
            raise Unfit("role must be your own.")
        if plan["state"] in OVER:
            raise NotFromThisState("The plan is over.")
        if new.place and plan["mandate"] in EVERYWHERE:
            await _check_place(plan_id, new.place)
        if new.milestone is not None:
            await _settleable(actor, plan_id, new.milestone)
        await _insert(plan, new)
        await record(actor, "planAppointment", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


async def _check_place(plan: UUID, place: str) -> None:
    """A worker does not hand a protected address on by mistake; others are told of none."""
    if await is_protected(plan, place):
        raise Unfit("This names a protected address: leave the place out.", field="place")


async def _settleable(actor: Actor, plan: UUID, milestone: UUID) -> None:
    """To keep the date will settle the row, so it is one that the actor may change."""
    row, _ = await find_milestone(actor, milestone, change=True)
    if row["plan"] != plan:
        raise NotFound
    if is_about_another(row):
        raise Unfit("A date is the person's own: a relative's or mentor's talk has a day.")


async def _insert(plan: Any, new: NewAppointment) -> None:
    held = connection()
    if await held.fetchval("SELECT 1 FROM appointment WHERE id = $1", new.id):
        raise Taken
    sealed = None
    if new.place:
        sealed = await seal(plan["person"], f"appointment.place:{new.id}", new.place)
    waits_for = rules.whose_yes(plan["mandate"], new.role) if new.proposed else None
    await held.execute(
        "INSERT INTO appointment (id, agency, plan, version, milestone, role, held_on, held_at,"
        " zone, state, place, moved_from, waits_for)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        new.id,
        plan["agency"],
        plan["id"],
        new.milestone,
        new.role,
        new.held_on,
        new.held_at,
        plan["zone"],
        "proposed" if new.proposed else "scheduled",
        sealed,
        new.moved_from,
        waits_for,
    )
    if waits_for is not None:
        await _ask_for_a_yes(plan, new, waits_for)


async def _ask_for_a_yes(plan: Any, new: NewAppointment, role: str) -> None:
    """On the next open day, and before the hour that is proposed."""
    day = open_days(plan).after(clock.today(plan["zone"]))
    due = rules.instant(day, rules.CALL_AT, plan["zone"])
    await open_task(
        rules.PROPOSED,
        agency=plan["agency"],
        plan=plan["id"],
        subject=new.id,
        local_due=clock.today(plan["zone"]),
        role=role,
        due_at=min(due, rules.instant(new.held_on, new.held_at, plan["zone"])),
    )


@dataclass(frozen=True)
class AppointmentChange:
    """A new state, or another time: that is a new row with `new_id`, and the old one stays.

    `by` is who asked for it, and `why` a note for the workers. Or that one can get there: to a
    date that comes, in time.
    """

    state: str | None = None
    held_on: date | None = None
    held_at: time | None = None
    by: str = "service"
    new_id: UUID = field(default_factory=uuid4)
    travel_checked: bool | None = None
    why: str | None = None


async def change_appointment(
    actor: Actor, id_: UUID, seen: int, wanted: AppointmentChange
) -> Written:
    """Change the state of an appointment, or give it another time; that answers with the new row.

    Raises NotFound, VersionStale, NotFromThisState, Unfit.
    """
    require(actor, "changeAppointment")
    async with transaction(actor.id):
        row, plan = await find_appointment(actor, id_, lock=True)
        check_version(row, seen)
        given = (wanted.state, wanted.held_on, wanted.travel_checked)
        if sum(one is not None for one in given) != 1:
            raise Unfit("Give a state, held_on and held_at to move it, or travel_checked.")
        if wanted.travel_checked is not None:
            written = Written(id_, await _set_travel(row, checked=wanted.travel_checked))
        elif wanted.state is None:
            written = await _move(actor, plan, row, wanted)
        else:
            written = Written(id_, await _become(actor, plan, row, wanted.state))
        await record(actor, "changeAppointment", plan=plan["id"], thing=id_)
        return written


async def find_appointment(actor: Actor, id_: UUID, *, lock: bool = False) -> tuple[Any, Any]:
    """A date and its plan, as far as they are the actor's. Raises NotFound."""
    held = connection()
    plan_id = await held.fetchval("SELECT plan FROM appointment WHERE id = $1", id_)
    # None is nobody's plan
    plan = await find_plan(actor, plan_id, group="appointments", lock=lock, by_glass=True)
    row = await held.fetchrow(
        "SELECT * FROM appointment WHERE id = $1" + (" FOR UPDATE" if lock else ""), id_
    )
    if row is None:  # a wall was put up meanwhile, by way of another plan of the person
        raise NotFound
    if plan["mandate"] not in EVERYWHERE and row["role"] != plan["mandate"]:
        raise NotFound
    return row, plan


async def _become(actor: Actor, plan: Any, row: Any, state: str) -> int:
    if not rules.may_become(row["state"], state):
        raise NotFromThisState(f"An appointment that is {row['state']} cannot become that.")
    if row["state"] in rules.CALLED_OFF and state == "scheduled":
        await _check_again(plan, row)
    if row["state"] == "proposed" and state in rules.PLANNED:
        await _check_yes(plan, row)
    version: int = await connection().fetchval(
        "UPDATE appointment SET state = $2, version = version + 1,"
        " waits_for = CASE WHEN $3 THEN NULL ELSE waits_for END"
        " WHERE id = $1 RETURNING version",
        row["id"],
        state,
        state in rules.PLANNED,
    )
    await follow(actor, plan, row, state)
    return version


async def _check_again(plan: Any, row: Any) -> None:
    """What was called off by mistake holds again, as long as it can. Raises NotFromThisState."""
    if plan["state"] in OVER:
        raise NotFromThisState("The plan is over.")
    if row["waits_for"] is not None:
        raise NotFromThisState("Nobody had agreed to it: propose it again.")
    if rules.instant(row["held_on"], row["held_at"], row["zone"]) <= clock.now():
        raise NotFromThisState("Its hour has passed.")
    await _check_once(row)


async def _check_once(row: Any) -> None:
    if await connection().fetchval("SELECT 1 FROM appointment WHERE moved_from = $1", row["id"]):
        raise NotFromThisState("It has got another time: change that one.")


_HOLDS = """
SELECT 1 FROM mandate WHERE plan = $1 AND role = $2 AND glass IS NULL AND starts <= $3
   AND (ends IS NULL OR ends > $3) LIMIT 1
"""


async def _check_yes(plan: Any, row: Any) -> None:
    """It is the other side's; where nobody is there, the worker's. Raises NotFromThisState."""
    mandate, needed = plan["mandate"], row["waits_for"]
    if mandate == needed:
        return
    nobody = not await connection().fetchval(_HOLDS, plan["id"], needed, clock.now())
    if not (nobody and mandate in EVERYWHERE):
        raise NotFromThisState("It waits for the other side's yes.")


async def _set_travel(row: Any, *, checked: bool) -> int:
    if row["state"] not in rules.COMING:
        raise NotFromThisState("The way is looked at for a date that comes.")
    if checked:
        await close_tasks(row["id"], "travel-unclear", "checked")
    version: int = await connection().fetchval(
        "UPDATE appointment SET travel_checked = $2, version = version + 1 WHERE id = $1"
        " RETURNING version",
        row["id"],
        checked,
    )
    return version


async def _move(actor: Actor, plan: Any, row: Any, wanted: AppointmentChange) -> Written:
    if wanted.held_on is None or wanted.held_at is None:
        raise NotFromThisState("Only a coming appointment moves, to a day and a time.")
    if wanted.by not in rules.MOVED:
        raise Unfit("by is service, person or circle.", field="by")
    if wanted.why and plan["mandate"] not in EVERYWHERE:
        raise Unfit("Why is written by the plan's workers alone.", field="why")
    await _check_moves(plan, row)
    await connection().execute(
        "UPDATE appointment SET state = $2, version = version + 1 WHERE id = $1",
        row["id"],
        rules.MOVED[wanted.by] if row["state"] in rules.COMING else row["state"],
    )
    await outbox.cancel_about([row["id"]], "moved")
    await ask_no_more(row["id"], "moved")
    if wanted.by != "service":  # somebody has been in touch
        await close_answered(row["id"], "moved")
    new = await _in_its_place(plan, row, wanted)
    await _note_move(actor, plan, new, wanted)
    if not new.proposed:
        await tell(plan, {"id": new.id, "milestone": new.milestone}, "APPT-MOVED")
    return Written(new.id, 1, 201)


async def _check_moves(plan: Any, row: Any) -> None:
    if row["state"] not in rules.GETS_ANOTHER_TIME:
        raise NotFromThisState("What took place, or was moved, gets no other time.")
    if row["state"] not in rules.COMING:
        if plan["state"] in OVER:
            raise NotFromThisState("The plan is over.")
        await _check_once(row)


async def _in_its_place(plan: Any, row: Any, wanted: AppointmentChange) -> NewAppointment:
    """The new row. Another time for a proposal is proposed to the other side."""
    place = await unseal_or_none(plan["person"], f"appointment.place:{row['id']}", row["place"])
    new = NewAppointment(
        role=row["role"],
        held_on=wanted.held_on or row["held_on"],
        held_at=wanted.held_at or row["held_at"],
        milestone=row["milestone"],
        place=place,
        id=wanted.new_id,
        proposed=row["state"] == "proposed",
        moved_from=row["id"],
    )
    await _insert(plan, new)
    return new


async def _note_move(
    actor: Actor, plan: Any, new: NewAppointment, wanted: AppointmentChange
) -> None:
    """Who asked for it and why, apart: the plan's workers alone may know."""
    id_, now = uuid4(), clock.now()
    why = None
    if wanted.why:
        why = await seal(plan["person"], f"appointment_move.why:{id_}", wanted.why)
    await connection().execute(
        "INSERT INTO appointment_move (id, agency, plan, version, appointment, asked_by, why,"
        " recorded_by, at) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)",
        id_,
        plan["agency"],
        plan["id"],
        new.id,
        wanted.by,
        why,
        actor.id,
        now,
    )
