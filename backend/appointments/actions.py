"""Dates with a service: proposed, planned, confirmed, kept, missed, moved."""

from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.alerts.actions import close_tasks
from backend.appointments import rules
from backend.appointments.following import follow
from backend.appointments.moving import AppointmentChange, move
from backend.appointments.standing import how_they_stand
from backend.appointments.writing import NewAppointment, insert_appointment, seal_place
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.once import Written
from backend.plans.actions.milestones import find_milestone
from backend.plans.rules import OVER, is_about_another
from backend.safety.actions import is_protected


async def plan_appointment(actor: Actor, plan_id: UUID, new: NewAppointment) -> Written:
    """Put a date that comes into the plan, or propose one. Raises NotFound, Unfit, Taken."""
    require(actor, "planAppointment")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, group="appointments", lock=True, by_glass=True)
        if plan["mandate"] not in rules.EVERYWHERE and new.role != plan["mandate"]:
            raise Unfit("role must be your own.")
        if plan["state"] in OVER:
            raise NotFromThisState("The plan is over.")
        _check_comes(new, plan["zone"])
        await _check_place(plan, new.place)
        if new.milestone is not None:
            await _settleable(actor, plan_id, new.milestone)
        await insert_appointment(plan, new)
        await record(actor, "planAppointment", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


def _check_comes(new: NewAppointment, zone: str) -> None:
    """What took place is no plan. Raises Unfit."""
    when, proposed = (new.held_on, new.held_at), new.proposed
    if rules.has_passed(*when, zone, clock.now(), proposed=proposed):
        raise Unfit("It has passed: what took place is logged as a contact.", field="held_on")


async def _check_place(plan: Any, place: str | None) -> None:
    """A worker does not hand a protected address on by mistake; others are told of none."""
    if place and plan["mandate"] in rules.EVERYWHERE and await is_protected(plan["id"], place):
        raise Unfit("This names a protected address: leave the place out.", field="place")


async def _settleable(actor: Actor, plan: UUID, milestone: UUID) -> None:
    """To keep the date will settle the row, so it is one that the actor may change."""
    row, _ = await find_milestone(actor, milestone, change=True)
    if row["plan"] != plan:
        raise NotFound
    if is_about_another(row):
        raise Unfit("A date is the person's own: a relative's or mentor's talk has a day.")


async def change_appointment(
    actor: Actor, id_: UUID, seen: int, wanted: AppointmentChange
) -> Written:
    """Change the state or place of an appointment, or give it another time: then it answers with
    the new row.

    Raises NotFound, VersionStale, NotFromThisState, Unfit.
    """
    require(actor, "changeAppointment")
    async with transaction(actor.id):
        row, plan = await find_appointment(actor, id_, lock=True)
        check_version(row, seen)
        _check_one(wanted)
        await _check_place(plan, wanted.place)
        if wanted.travel_checked is not None:
            written = Written(id_, await _set_travel(row, checked=wanted.travel_checked))
        elif wanted.state is not None:
            written = Written(id_, await _become(actor, plan, row, wanted.state))
        elif wanted.held_on is not None:
            written = await move(actor, plan, row, wanted)
        else:
            written = Written(id_, await _set_place(plan, row, wanted.place))
        await record(actor, "changeAppointment", plan=plan["id"], thing=id_)
        return written


def _check_one(wanted: AppointmentChange) -> None:
    """One thing at a time; a place may go with another time. Raises Unfit."""
    given = [wanted.state, wanted.held_on, wanted.travel_checked]
    if wanted.held_on is None:
        given.append(wanted.place)
        if wanted.why is not None:
            raise Unfit("Why belongs to another time.", field="why")
    if sum(one is not None for one in given) != 1:
        raise Unfit("Give a state, held_on and held_at to move it, a place, or travel_checked.")


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
    if plan["mandate"] not in rules.EVERYWHERE and row["role"] != plan["mandate"]:
        raise NotFound
    return row, plan


async def _become(actor: Actor, plan: Any, row: Any, state: str) -> int:
    stands = (await how_they_stand(plan, [row["id"]]))[row["id"]]
    if (why := rules.why_not(row, state, stands)) is not None:
        raise NotFromThisState(why)
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


async def _set_place(plan: Any, row: Any, place: str | None) -> int:
    """Another place, or none. Nobody is told by chat, and the way has to be looked at anew."""
    if row["state"] not in rules.COMING:
        raise NotFromThisState("The place changes of a date that comes.")
    version: int = await connection().fetchval(
        "UPDATE appointment SET place = $2, travel_checked = false, version = version + 1"
        " WHERE id = $1 RETURNING version",
        row["id"],
        await seal_place(plan, row["id"], place) if place else None,
    )
    return version
