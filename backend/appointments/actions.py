"""Dates with a service: planned, confirmed, kept, missed, moved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.actors.actions import seal, unseal_or_none
from backend.alerts.actions import close_answered, close_tasks, open_task
from backend.appointments import rules
from backend.audit.actions import record
from backend.calendars.rules import open_days
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Taken, Unfit
from backend.evidence.rules import OF_THE_CIRCLE
from backend.messages import outbox
from backend.messages.outbox import Occurrence
from backend.once import Written
from backend.plans.actions.claiming import claim_milestone
from backend.plans.actions.milestones import find_milestone
from backend.plans.actions.writing import write_milestone
from backend.plans.rules import OVER, is_about_another
from backend.safety.actions import is_protected

EVERYWHERE = frozenset({"SW", "CO"})
WANTED_NO_MORE = frozenset({"declined", "not_needed"})
# Whoever of these reached the person first settles "contact within 72 hours"; a mentor who says so
# makes a claim.
FIRST_CONTACT = frozenset({"ME", "SW", "PO"})
FIRST_CONTACTS = ("MEN-09", "UNP-02")  # the latter where somebody was let go at once


@dataclass(frozen=True)
class NewAppointment:
    """`role` is whose appointment it is; `place` is for the worker's eyes, never for a chat."""

    role: str
    held_on: date
    held_at: time
    milestone: UUID | None = None
    place: str | None = None
    id: UUID = field(default_factory=uuid4)


async def plan_appointment(actor: Actor, plan_id: UUID, new: NewAppointment) -> Written:
    """Put a date into the plan. Raises NotFound, Unfit, Taken."""
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
    await held.execute(
        "INSERT INTO appointment (id, agency, plan, version, milestone, role, held_on, held_at,"
        " zone, state, place) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, 'scheduled', $9)",
        new.id,
        plan["agency"],
        plan["id"],
        new.milestone,
        new.role,
        new.held_on,
        new.held_at,
        plan["zone"],
        sealed,
    )


@dataclass(frozen=True)
class AppointmentChange:
    """A new state, or a move: then the old row is cancelled and `new_id` is the new one.

    Or that one can get there: to a date that comes, in time.
    """

    state: str | None = None
    held_on: date | None = None
    held_at: time | None = None
    by: str = "service"
    new_id: UUID = field(default_factory=uuid4)
    travel_checked: bool | None = None


async def change_appointment(
    actor: Actor, id_: UUID, seen: int, wanted: AppointmentChange
) -> Written:
    """Change the state of an appointment, or move it; a move answers with the new row.

    Raises NotFound, VersionStale, NotFromThisState, Unfit.
    """
    require(actor, "changeAppointment")
    async with transaction(actor.id):
        row, plan = await _find(actor, id_)
        check_version(row, seen)
        given = (wanted.state, wanted.held_on, wanted.travel_checked)
        if sum(one is not None for one in given) != 1:
            raise Unfit("Give a state, held_on and held_at to move it, or travel_checked.")
        if wanted.travel_checked is not None:
            written = Written(id_, await _set_travel(row, checked=wanted.travel_checked))
        elif wanted.state is None:
            written = await _move(plan, row, wanted)
        else:
            if not rules.may_become(row["state"], wanted.state):
                raise NotFromThisState(f"An appointment that is {row['state']} cannot become that.")
            written = Written(id_, await _set(id_, wanted.state))
            await _follow_up(actor, plan, row, wanted.state)
        await record(actor, "changeAppointment", plan=plan["id"], thing=id_)
        return written


async def _find(actor: Actor, id_: UUID) -> tuple[Any, Any]:
    held = connection()
    plan_id = await held.fetchval("SELECT plan FROM appointment WHERE id = $1", id_)
    # None is nobody's plan
    plan = await find_plan(actor, plan_id, group="appointments", lock=True, by_glass=True)
    row = await held.fetchrow("SELECT * FROM appointment WHERE id = $1 FOR UPDATE", id_)
    if row is None:  # a wall was put up meanwhile, by way of another plan of the person
        raise NotFound
    if plan["mandate"] not in EVERYWHERE and row["role"] != plan["mandate"]:
        raise NotFound
    return row, plan


async def _set(id_: UUID, state: str) -> int:
    version: int = await connection().fetchval(
        "UPDATE appointment SET state = $2, version = version + 1 WHERE id = $1 RETURNING version",
        id_,
        state,
    )
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


async def _move(plan: Any, row: Any, wanted: AppointmentChange) -> Written:
    if row["state"] not in rules.COMING or wanted.held_on is None or wanted.held_at is None:
        raise NotFromThisState("Only a coming appointment moves, to a day and a time.")
    if wanted.by not in {"service", "person"}:
        raise Unfit("by is service or person.")
    await _set(row["id"], "cancelled_by_service" if wanted.by == "service" else "rescheduled")
    await outbox.cancel_about([row["id"]], "moved")
    place = await unseal_or_none(plan["person"], f"appointment.place:{row['id']}", row["place"])
    new = NewAppointment(
        row["role"], wanted.held_on, wanted.held_at, row["milestone"], place, wanted.new_id
    )
    await _insert(plan, new)
    link = await _chat_of_the_person(plan, row)
    if link is not None:
        occurrence = Occurrence("APPT-MOVED", "", new.id, clock.today(plan["zone"]))
        await outbox.queue(link, "APPT-MOVED", occurrence)
    return Written(new.id, 1, 201)


async def _follow_up(actor: Actor, plan: Any, row: Any, state: str) -> None:
    await outbox.cancel_about([row["id"]], "answered")
    await close_answered(row["id"], state)
    if state == "attended":
        await _attended(actor, plan, row)
    elif state in rules.MISSED and row["state"] in rules.COMING:
        await _missed(plan, row)
    elif state == "cancelled_by_service" and row["state"] in rules.COMING:
        link = await _chat_of_the_person(plan, row)
        if link is not None:
            occurrence = Occurrence("APPT-OFF", "", row["id"], clock.today(plan["zone"]))
            await outbox.queue(link, "APPT-OFF", occurrence)


async def _attended(actor: Actor, plan: Any, row: Any) -> None:
    """The fact settles its milestone, and counts as a contact with the person."""
    held = connection()
    if row["milestone"] is not None:
        found = await held.fetchrow(
            "SELECT * FROM milestone WHERE id = $1 AND state IN ('planned', 'in_progress')"
            " AND evidence IN ('attendance', 'date') FOR UPDATE",
            row["milestone"],
        )
        if found is not None:
            done = {"state": "done", "done_on": row["held_on"], "said_by": None}
            await write_milestone(actor, found, plan, done)
    if await _is_the_persons(row):
        await settle_first_contact(actor, plan, row["role"], row["held_on"])


async def _is_the_persons(date_: Any) -> bool:
    """Dates of an earlier release may hang on a talk with somebody else."""
    row = await _row_of(date_)
    return row is None or not is_about_another(row)


async def _row_of(date_: Any) -> Any:
    return await connection().fetchrow("SELECT * FROM milestone WHERE id = $1", date_["milestone"])


async def _chat_of_the_person(plan: Any, date_: Any) -> Any:
    """None where they have none, or are told nothing of this date."""
    if plan["state"] in OVER or not await _is_the_persons(date_):
        return None
    return await outbox.active_link(plan["id"], plan["person"])


async def settle_first_contact(
    actor: Actor, plan: Any, role: str, on: date, *, message: UUID | None = None
) -> None:
    """Close "contact within 72 hours", once social worker or probation reached the person.

    A mentor who says so ends the calls to those who may know it, until a worker has seen to it.
    A day before the day of leaving settles nothing.
    """
    left = plan["left_custody_at"]
    if (
        left is None
        or role not in FIRST_CONTACT
        or on < left.astimezone(ZoneInfo(plan["zone"])).date()
    ):
        return
    for row in await connection().fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND code = ANY ($2)"
        " AND state IN ('planned', 'in_progress') ORDER BY id FOR UPDATE",
        plan["id"],
        FIRST_CONTACTS,
    ):
        if role in OF_THE_CIRCLE:
            await claim_milestone(actor, row, plan, "reached", day=on, message=message)
            continue
        done = {"state": "done", "done_on": on, "said_by": None, "saying": {"message": message}}
        await write_milestone(actor, row, plan, done)


async def _missed(plan: Any, row: Any) -> None:
    """A friendly text, and a call by a human on the next working day. Nothing else, ever.

    Nor these where the plan is over, or the person wants the part no more that the date was for.
    """
    if plan["state"] in OVER:
        return
    hangs_on = await _row_of(row)
    if row["role"] != "PO" and hangs_on is not None and hangs_on["state"] in WANTED_NO_MORE:
        return
    missed = rules.instant(row["held_on"], row["held_at"], row["zone"])
    link = await _chat_of_the_person(plan, row)
    due = rules.friendly_text_at(missed, clock.now(), row["zone"])
    if link is not None and due is not None:
        occurrence = Occurrence("APPT-MISSED", "", row["id"], row["held_on"])
        ends = rules.instant(row["held_on"], rules.FRIENDLY_ENDS, row["zone"])
        await outbox.queue(link, "APPT-MISSED", occurrence, due_at=due, expires_at=ends)
    day = open_days(plan).after(clock.today(plan["zone"]))
    await open_task(
        "call-after-missed",
        agency=plan["agency"],
        plan=plan["id"],
        subject=row["id"],
        local_due=day,
        step="silent-call",
        role=row["role"],
        due_at=rules.instant(day, rules.CALL_AT, plan["zone"]),
    )


_COMING = """
SELECT id, held_on, held_at, travel_checked FROM appointment
 WHERE plan = $1 AND state = ANY ($2) AND held_on BETWEEN $3::date AND $3::date + 6
   AND ($4::text IS NULL OR role = $4)
"""


async def first_week_of(
    plan: Mapping[str, Any], begins: date | None = None
) -> Mapping[date, frozenset[str]]:
    """`rules.first_week` of a plan's dates as far as its reader sees them.

    From the day of leaving, or of release; `begins` is that of a move. For who has been let in.
    """
    left, today = plan["left_custody_at"], clock.today(plan["zone"])
    if left is not None:
        begins = left.astimezone(ZoneInfo(plan["zone"])).date()
    first = begins or plan["release_date"]
    own = None if plan["mandate"] in EVERYWHERE else plan["mandate"]
    rows = await connection().fetch(_COMING, plan["id"], sorted(rules.COMING), first, own)
    return rules.first_week(rows, first, today)


async def day_of(actor: Actor, id_: UUID) -> frozenset[str]:
    """What to think of on the day of a date that was just written, as far as the actor sees it."""
    async with transaction(actor.id) as held:
        row = await held.fetchrow("SELECT plan, held_on FROM appointment WHERE id = $1", id_)
        plan = await find_plan(actor, row and row["plan"], group="appointments", by_glass=True)
        return (await first_week_of(plan)).get(row["held_on"], frozenset())


async def ways_known(plan: UUID) -> frozenset[UUID]:
    """The dates of a plan of which somebody said that one can get there. For who was let in."""
    rows = await connection().fetch(
        "SELECT id FROM appointment WHERE plan = $1 AND travel_checked", plan
    )
    return frozenset(row["id"] for row in rows)
