from piccolo.columns import Boolean, Bytea, Date, Time, Varchar
from piccolo.table import Table

from backend.agencies.tables import Agency
from backend.columns import reference, row_id, version
from backend.plans.tables import Milestone, Plan


class Appointment(Table, tablename="appointment"):
    """A date with a service, in the civil time of the plan's zone.

    `travel_checked` is a human's word that one can get there in time.
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
