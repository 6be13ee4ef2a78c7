from piccolo.columns import Bytea
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.columns import instant, reference, row_id


class DateFeed(Table, tablename="date_feed"):
    """A private link by which somebody's own calendar app reads when they have dates."""

    id = row_id()
    staff = reference(ActorRecord)
    hash = Bytea(null=False)
    made_at = instant()
    ended_at = instant(null=True)
