from piccolo.columns import UUID, Boolean, Bytea, Date, Time, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.plans.tables import Milestone, Plan


class Appointment(Table, tablename="appointment"):
    """A date with a service, in the civil time of the plan's zone.

    `travel_checked` is a human's word that one can get there in time. `moved_from` is the date
    that it was before; `waits_for` the role whose yes it needs, or never got. `act` is the act that
    planned it or called it off, and `was` the state from which that called it off.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    milestone = reference(Milestone, null=True)
    role = Varchar(2, null=False)
    held_on = Date(null=False)
    held_at = Time(null=False)
    zone = Varchar(40, null=False)
    state = Varchar(22, null=False)
    place = Bytea(null=True, default=None)
    travel_checked = Boolean(default=False, null=False)
    moved_from = reference("Appointment", null=True)
    waits_for = Varchar(2, null=True, default=None)
    act = UUID(null=True, default=None)
    was = Varchar(22, null=True, default=None)


class AppointmentMove(Table, tablename="appointment_move"):
    """Who asked for another time, which `appointment` is; and why, under the person's key.

    For the workers: who asked may be somebody who told them in private.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    appointment = reference(Appointment)
    asked_by = Varchar(7, null=False)
    why = Bytea(null=True, default=None)
    recorded_by = reference(ActorRecord)
    at = instant()
