"""A new row for a date: planned, or proposed to the other side."""

from dataclasses import dataclass, field
from datetime import date, time
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.actors.actions import seal
from backend.alerts.actions import open_task
from backend.appointments import rules
from backend.calendars.rules import open_days
from backend.database import connection
from backend.errors import Taken


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


async def insert_appointment(plan: Any, new: NewAppointment) -> None:
    """Write it, and ask for the yes that it needs. The caller holds the plan. Raises Taken."""
    held = connection()
    if await held.fetchval("SELECT 1 FROM appointment WHERE id = $1", new.id):
        raise Taken
    sealed = None
    if new.place:
        sealed = await seal_place(plan, new.id, new.place)
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


async def seal_place(plan: Any, id_: UUID, place: str) -> bytes:
    return await seal(plan["person"], f"appointment.place:{id_}", place)


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
