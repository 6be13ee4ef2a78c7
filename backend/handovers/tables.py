from piccolo.columns import Bytea
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.plans.tables import Plan


class Handover(Table, tablename="handover"):
    """A plan passes from one social worker to another; `words` lie under the person's key.

    Nobody has given it where nobody was responsible before.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    given_by = reference(ActorRecord, null=True)
    given_to = reference(ActorRecord)
    recorded_by = reference(ActorRecord)
    at = instant()
    words = Bytea(null=True, default=None)
    taken_at = instant(null=True)
