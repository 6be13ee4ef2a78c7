from piccolo.columns import UUID, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version


class OutsideReview(Table, tablename="outside_review"):
    """What somebody did alone where a second person is asked for, and who looked at it later.

    `thing` is the wish that they let themselves, or the summary that nobody else had seen: an id,
    and never a word of a case.
    """

    id = row_id()
    agency = reference(Agency)
    version = version()
    kind = Varchar(8, null=False)
    thing = UUID(null=False)
    done_by = reference(ActorRecord)
    done_at = instant()
    finding = Varchar(16, null=True, default=None)
    reviewed_by = reference(ActorRecord, null=True)
    reviewed_at = instant(null=True)
