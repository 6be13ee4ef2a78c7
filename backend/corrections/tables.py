from piccolo.columns import Bytea, Date, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.plans.tables import Milestone, Plan
from backend.summaries.tables import Summary


class Correction(Table, tablename="correction"):
    """Something in the file is wrong, says the person or who speaks for them; and the answer.

    It is about a row, about a summary that was issued, or about a part of the file. Both texts are
    sealed under the key of the person (`subject`).
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    subject = reference(ActorRecord)
    part = Varchar(12, null=False)
    milestone = reference(Milestone, null=True)
    summary = reference(Summary, null=True)
    asked_by = reference(ActorRecord)
    role = Varchar(2, null=False)
    asked_at = instant()
    text = Bytea(null=False)
    due_on = Date(null=False)
    answer = Varchar(8, null=True, default=None)
    reason = Bytea(null=True, default=None)
    answered_by = reference(ActorRecord, null=True)
    answered_at = instant(null=True)
