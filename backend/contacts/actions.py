"""That somebody of the circle reached the person, or tried. Never what was said."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.appointments.actions import plan_appointment
from backend.appointments.following import settle_first_contact
from backend.appointments.writing import NewAppointment
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, Unfit
from backend.once import Written
from backend.plans.actions.milestones import MilestoneChange, change_milestone
from backend.plans.actions.writing import begin_act

HOW = ("met", "visit", "phone", "video", "letter")
OUTCOMES = frozenset({"reached", "tried"})


@dataclass(frozen=True)
class NewContact:
    how: str
    outcome: str
    made_on: date
    id: UUID = field(default_factory=uuid4)


async def log_contact(actor: Actor, plan_id: UUID, new: NewContact) -> Written:
    """Log a contact with the person, or a try. A try leaves no mark on anybody."""
    require(actor, "logContact")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, group="contacts", lock=True, by_glass=True)
        await begin_act(new.id)
        await write_contact(actor, plan, plan["mandate"], new)
        await record(actor, "logContact", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


async def write_contact(
    actor: Actor, plan: Any, role: str, new: NewContact, *, message: UUID | None = None
) -> None:
    """The row, and what it settles; `message` is the question that it answers. Raises Unfit."""
    if new.how not in HOW or new.outcome not in OUTCOMES:
        raise Unfit("how is met, phone, video, letter or visit; outcome is reached or tried.")
    if new.made_on > clock.today(plan["zone"]):
        raise Unfit("made_on is not in the future.")
    await connection().execute(
        "INSERT INTO contact (id, agency, plan, version, actor, subject, role, how, outcome,"
        " made_on, at) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10)",
        new.id,
        plan["agency"],
        plan["id"],
        actor.id,
        plan["person"],
        role,
        new.how,
        new.outcome,
        new.made_on,
        clock.now(),
    )
    if new.outcome == "reached":
        await settle_first_contact(actor, plan, role, new.made_on, message=message)


@dataclass(frozen=True)
class Tick:
    """A row that was settled in a visit, as the worker saw it at version `seen`."""

    milestone: UUID
    seen: int
    state: str = "done"


@dataclass(frozen=True)
class Visit:
    """One card for one visit: how, what was ticked, and when the next one is."""

    how: str
    made_on: date
    ticks: Sequence[Tick]
    next_on: date | None = None
    next_at: time | None = None
    id: UUID = field(default_factory=uuid4)


async def record_visit(actor: Actor, plan_id: UUID, seen: int, visit: Visit) -> Written:
    """Save a whole visit at once, or nothing of it; the written id is that of the contact.

    Raises what a contact, a milestone change and an appointment raise.
    """
    require(actor, "recordVisit")
    async with transaction(actor.id):
        group, roles = "contacts", ("SW",)
        plan = await find_plan(actor, plan_id, group=group, roles=roles, lock=True, by_glass=True)
        check_version(plan, seen)
        if visit.next_on is not None and visit.next_on < clock.today(plan["zone"]):
            raise Unfit("next_on is a day that comes.", field="next_on")
        await begin_act(visit.id)
        contact = NewContact(visit.how, "reached", visit.made_on, visit.id)
        await write_contact(actor, plan, "SW", contact)
        await _are_of(plan_id, visit.ticks)
        for tick in visit.ticks:
            done_on = visit.made_on if tick.state == "done" else None
            wanted = MilestoneChange(state=tick.state, done_on=done_on)
            await change_milestone(actor, tick.milestone, tick.seen, wanted)
        if visit.next_on is not None:
            following = NewAppointment("SW", visit.next_on, visit.next_at or time(10))
            await plan_appointment(actor, plan_id, following)
        await record(actor, "recordVisit", plan=plan_id, thing=visit.id)
        return Written(visit.id, 1, 201)


async def _are_of(plan_id: UUID, ticks: Sequence[Tick]) -> None:
    """Raises NotFound for a row of another plan, also of another one of the actor's own."""
    rows = {tick.milestone for tick in ticks}
    sql = "SELECT count(*) FROM milestone WHERE plan = $1 AND id = ANY ($2)"
    if await connection().fetchval(sql, plan_id, rows) != len(rows):
        raise NotFound
