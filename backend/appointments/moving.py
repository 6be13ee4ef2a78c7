"""A date gets another time: the old row stays as it was told, and the new one knows it."""

from dataclasses import dataclass, field
from datetime import date, time
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor
from backend.actors.actions import seal, unseal_or_none
from backend.alerts.actions import close_answered
from backend.appointments import rules
from backend.appointments.following import ask_no_more, tell
from backend.appointments.writing import NewAppointment, insert_appointment
from backend.database import connection
from backend.errors import NotFromThisState, Unfit
from backend.messages import outbox
from backend.once import Written
from backend.plans.rules import OVER


@dataclass(frozen=True)
class AppointmentChange:
    """A new state, or another time: that is a new row with `new_id`, and the old one stays.

    `by` is who asked for it, and `why` a note for the workers. Another `place` goes with it, or is
    all that changes of a date that comes; an empty one takes it away. Or that one can get there in
    time.
    """

    state: str | None = None
    held_on: date | None = None
    held_at: time | None = None
    by: str = "service"
    new_id: UUID = field(default_factory=uuid4)
    travel_checked: bool | None = None
    why: str | None = None
    place: str | None = None


async def move(actor: Actor, plan: Any, row: Any, wanted: AppointmentChange) -> Written:
    """Give a date another time: a new row in its place. The caller holds both and the plan.

    Raises Unfit, NotFromThisState, Taken.
    """
    if wanted.held_on is None or wanted.held_at is None:
        raise Unfit("Another time is a day and an hour.", field="held_at")
    if wanted.by not in rules.MOVED:
        raise Unfit("by is service, person or circle.", field="by")
    if plan["mandate"] not in rules.EVERYWHERE and (wanted.why or wanted.by == "circle"):
        field_ = "why" if wanted.why else "by"
        raise Unfit("What the circle asked, and why, is the workers' to write.", field=field_)
    if rules.instant(wanted.held_on, wanted.held_at, plan["zone"]) <= clock.now():
        raise Unfit("Another time is one that comes.", field="held_on")
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
    was = await unseal_or_none(plan["person"], f"appointment.place:{row['id']}", row["place"])
    new = NewAppointment(
        role=row["role"],
        held_on=wanted.held_on or row["held_on"],
        held_at=wanted.held_at or row["held_at"],
        milestone=row["milestone"],
        place=was if wanted.place is None else wanted.place,
        id=wanted.new_id,
        proposed=row["state"] == "proposed",
        moved_from=row["id"],
    )
    await insert_appointment(plan, new)
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


async def _check_once(row: Any) -> None:
    """A date becomes one other, and no more. Raises NotFromThisState."""
    if await connection().fetchval("SELECT 1 FROM appointment WHERE moved_from = $1", row["id"]):
        raise NotFromThisState("It has got another time: change that one.")
