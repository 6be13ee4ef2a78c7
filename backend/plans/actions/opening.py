"""A plan begins: the person, the first mandates and the rows of the template."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time
from uuid import UUID, uuid4

import asyncpg

from backend import clock
from backend.access import Actor, require
from backend.actors.actions import make_actor, seal
from backend.agencies.aliases import free_alias
from backend.audit.actions import record
from backend.calendars.actions import find_days
from backend.calendars.rules import OpenDays
from backend.database import connection, moment, transaction
from backend.errors import NotFound, PlanAlreadyOpen, Taken, Unfit
from backend.once import Written
from backend.people.actions import write_words
from backend.plans.actions.unplanned import call_staff
from backend.plans.actions.writing import put_rows
from backend.plans.rules import BOTH, CERTAINTIES, SLIP, is_slip
from backend.plans.shape import Shape, first_rows
from backend.templates.actions import newest, template_of
from backend.templates.rules import FULL, LIGHT, OVERLAYS, UNPLANNED, UNSUPERVISED


@dataclass(frozen=True)
class NewPerson:
    name: str
    language: str
    birth_date: date | None = None
    file_number: str | None = None
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class NewPlan:
    """`person` is somebody new, or the id of somebody whose earlier plan is over."""

    person: NewPerson | UUID
    release_date: date
    certainty: str
    release_time: time | None = None
    zone: str | None = None
    supervision: bool = False
    template: str = "full"
    overlays: Sequence[str] = ()
    calendar: UUID | None = None
    id: UUID = field(default_factory=uuid4)


async def open_plan(actor: Actor, new: NewPlan) -> Written:
    """Open a plan with all its rows; voluntary, need-bound and ordered rows sleep at first.

    In a plan that begins late what is not worth beginning any more sleeps too (`still_worth`); what
    is, is due at once and not overdue.
    The worker who opens it and the agency's coordinators get their mandates.
    Raises PlanAlreadyOpen, Taken for an id in use, Unfit, NotFound for an unknown person.
    """
    require(actor, "openPlan")
    _check(new)
    async with transaction(actor.id) as held:
        agency = await held.fetchrow("SELECT * FROM agency WHERE id = $1", actor.agency)
        zone = new.zone or agency["zone"]
        if is_slip(new.release_date, clock.today(zone)):
            raise Unfit(SLIP)
        days = await find_days(agency["id"], new.calendar)
        person = await _person(actor, new.person)
        begins_with = (await newest(actor.agency))["id"]
        await _write_plan(actor, new, person, zone, begins_with)
        await _first_mandates(actor, new.id, person)
        await _write_rows(actor, new, zone, days, begins_with)
        if UNPLANNED in new.overlays:
            of_plan = {"agency": actor.agency, "id": new.id, "zone": zone}
            await call_staff(of_plan, urgency=0)
        await record(actor, "openPlan", plan=new.id, thing=person)
        return Written(new.id, 1, 201)


def _check(new: NewPlan) -> None:
    if new.certainty not in CERTAINTIES:
        raise Unfit("certainty is confirmed, expected or earliest_possible.")
    if new.template not in {FULL, LIGHT}:
        raise Unfit("template is full or light.")
    if set(new.overlays) - OVERLAYS:
        raise Unfit(f"overlays are some of {', '.join(sorted(OVERLAYS))}.")
    if new.supervision and UNSUPERVISED in new.overlays:
        raise Unfit(BOTH)
    if new.zone is not None:
        clock.check_zone(new.zone)


# Who sees them through broken glass alone opens nothing: it would last longer than the glass.
_OF_AGENCY = """
SELECT id FROM person WHERE id = $1 AND agency = $2
   AND id NOT IN (SELECT p.person FROM plan p WHERE p.id IN (SELECT plans_by_glass())) FOR UPDATE
"""


async def _person(actor: Actor, person: NewPerson | UUID) -> UUID:
    if isinstance(person, UUID):
        # the wall lets see whose plan is held; whose person it is, is the agency's
        known = await connection().fetchval(_OF_AGENCY, person, actor.agency)
        if known is None:
            raise NotFound
        return person
    await make_actor(person.id, "person", actor.agency)
    identity = {
        "name": person.name,
        "birth_date": person.birth_date,
        "file_number": person.file_number,
    }
    sealed = await seal(person.id, f"person.identity:{person.id}", identity)
    await connection().execute(
        "INSERT INTO person (id, agency, version, identity, language) VALUES ($1, $2, 1, $3, $4)",
        person.id,
        actor.agency,
        sealed,
        person.language,
    )
    wrapped = await connection().fetchval(
        "SELECT wrapped FROM subject_key WHERE id = $1", person.id
    )
    await write_words(actor.agency, person.id, wrapped, identity)
    return person.id


async def _write_plan(
    actor: Actor, new: NewPlan, person: UUID, zone: str, begins_with: UUID
) -> None:
    alias = await free_alias(actor.agency)
    try:
        await connection().execute(
            "INSERT INTO plan (id, agency, version, person, alias, state, zone, release_date,"
            " release_time, certainty, supervision, template, overlays, calendar, opened_at,"
            " template_version) VALUES ($1, $2, 1, $3, $4, 'active_inside', $5, $6, $7, $8, $9,"
            " $10, $11, $12, $13, $14)",
            new.id,
            actor.agency,
            person,
            alias,
            zone,
            new.release_date,
            new.release_time,
            new.certainty,
            new.supervision,
            new.template,
            sorted(new.overlays),
            new.calendar,
            clock.now(),
            begins_with,
        )
    except asyncpg.UniqueViolationError as error:
        raise (PlanAlreadyOpen if error.constraint_name == "plan_open" else Taken) from error


async def _first_mandates(actor: Actor, plan: UUID, person: UUID) -> None:
    coordinators = await connection().fetch(
        "SELECT id FROM staff WHERE agency = $1 AND role = 'CO' AND active", actor.agency
    )
    rows = [(actor.id, "SW"), *((row["id"], "CO") for row in coordinators)]
    await connection().executemany(
        "INSERT INTO mandate (id, agency, plan, version, actor, role, starts, granted_by, person)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)",
        [
            (uuid4(), actor.agency, plan, who, role, moment(), actor.id, person)
            for who, role in rows
        ],
    )


async def _write_rows(
    actor: Actor, new: NewPlan, zone: str, days: OpenDays, begins_with: UUID
) -> None:
    shape = Shape(
        *(new.release_date, clock.today(zone), days, new.supervision),
        *(new.template, frozenset(new.overlays)),
    )
    template = await template_of({"template_version": begins_with})
    await put_rows(actor.agency, new.id, first_rows(template, shape))
