from piccolo.columns import JSONB, Array, Date, Integer, SmallInt, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version


class Calendar(Table, tablename="calendar"):
    """When the offices of a place are open; an agency's own has the agency's id.

    `seasons` are days from and to, with the hours of each: nothing says what they are for.
    `closed` are the single days, as somebody has confirmed them until `confirmed_until`. Up to
    `rolled_version` the steps of its plans have been moved off them.
    """

    id = row_id()
    agency = reference(Agency)
    version = version()
    name = Varchar(60, null=False)
    country = Varchar(2, null=True, default=None)
    part = Varchar(10, null=True, default=None)
    working_days = Array(base_column=SmallInt(), null=False)
    closed = Array(base_column=Date(), null=False)
    confirmed_until = Date(null=True, default=None)
    changed_by = reference(ActorRecord, null=True)
    changed_at = instant(null=True)
    rolled_version = Integer(default=1, null=False)
    seasons = JSONB(null=False, default="[]")
