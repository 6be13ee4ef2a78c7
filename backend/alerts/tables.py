from piccolo.columns import UUID, Bytea, Date, SmallInt, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.plans.tables import Plan


class Task(Table, tablename="task"):
    """Something a human should do. An escalation is always one of these.

    `act` is the act that opened or closed it, for as long as that can be taken back.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan, null=True)
    version = version()
    kind = Varchar(24, null=False)
    step = Varchar(24, null=False)
    role = Varchar(2, null=False)
    assignee = reference(ActorRecord, null=True)
    subject = UUID(null=False)
    about = reference(ActorRecord, null=True)
    local_due = Date(null=False)
    due_at = instant()
    urgency = SmallInt(default=0, null=False)
    note = Bytea(null=True, default=None)
    opened_at = instant()
    acknowledged_at = instant(null=True)
    acknowledged_by = reference(ActorRecord, null=True)
    closed_at = instant(null=True)
    closed_by = reference(ActorRecord, null=True)
    outcome = Varchar(24, null=True, default=None)
    act = UUID(null=True, default=None)
