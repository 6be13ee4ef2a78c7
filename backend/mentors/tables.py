from piccolo.columns import UUID, Array, Bytea, Date, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, version


class Mentor(Table, tablename="mentor"):
    """A mentor of an agency, whosever plan they join. Its id is the id of its actor.

    Of the vetting stands here whether it was passed, on which day, and until when that holds.
    """

    id = UUID(primary_key=True)
    agency = reference(Agency)
    version = version()
    identity = Bytea(null=True, default=None)
    languages = Array(base_column=Varchar(3), default=list, null=False)
    vetting = Varchar(10, null=True, default=None)
    vetted_on = Date(null=True, default=None)
    valid_until = Date(null=True, default=None)
    boundaries_on = Date(null=True, default=None)
    trained_on = Date(null=True, default=None)
    added_by = reference(ActorRecord)
    added_at = instant()
    ended_at = instant(null=True)
