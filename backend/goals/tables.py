from piccolo.columns import Bytea, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.plans.tables import Plan


class Goal(Table, tablename="goal"):
    """What the person wants, in their own words and language: sealed, and never written over.

    `kind` says whether it is a goal, the first small step, or who should know. It ends once: it
    was reached, it is theirs no longer, or they said it anew.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    kind = Varchar(10, null=False)
    words = Bytea(null=True, default=None)
    language = Varchar(8, null=False)
    said_at = instant()
    written_by = reference(ActorRecord)
    ended_at = instant(null=True)
    how = Varchar(10, null=True, default=None)
