from piccolo.columns import UUID, Boolean, Date, Integer, SmallInt, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.plans.tables import Milestone, Plan


class Evidence(Table, tablename="evidence"):
    """Who knows of a row that it happened, or that it did not, and how. Never what was in it.

    `kind` is what the template asks for, and `row_version` the row's, by which all that is said of
    it has an order. One that `answers` what somebody said is for whoever may know of that. Written
    once; whoever said it by a tap (`message`) may take it back, and so does a date that was not
    kept after all, which stands there as what had settled the row.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    milestone = reference(Milestone)
    row_version = Integer(null=False)
    cycle = SmallInt(default=0, null=False)
    kind = Varchar(12, null=False)
    actor = reference(ActorRecord)
    role = Varchar(2, null=False)
    provenance = Varchar(8, null=False)
    happened = Boolean(default=True, null=False)
    day = Date(null=False)
    at = instant()
    message = UUID(null=True, default=None)
    taken_back_at = instant(null=True)
    answers = Boolean(default=False, null=False)
