from piccolo.columns import UUID, Array, Bytea, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version


class Incident(Table, tablename="incident"):
    """Something that happened to an agency's data, and whom it told of it.

    `touched` are ids of plans and people, and nobody looks whether there are such. The words are
    sealed under the key of who recorded it. When what is due is computed, and never stored.
    """

    id = row_id()
    agency = reference(Agency)
    version = version()
    kind = Varchar(24, null=False)
    noticed_at = instant()
    touched = Array(base_column=UUID(), null=False)
    description = Bytea(null=True, default=None)
    recorded_by = reference(ActorRecord)
    recorded_at = instant()
    authority_how = Varchar(8, null=True, default=None)
    authority_at = instant(null=True)
    people_how = Varchar(8, null=True, default=None)
    people_at = instant(null=True)
    outcome = Bytea(null=True, default=None)
    closed_by = reference(ActorRecord, null=True)
    closed_at = instant(null=True)
