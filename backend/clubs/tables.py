from piccolo.columns import JSONB, UUID, Bytea, Date, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, version


class Club(Table, tablename="club"):
    """A group in the community that welcomes people, whoever they are. Its id has a key.

    It says nothing of who goes there, and no row of a plan names it. `offers` is what one can do
    there, by pathway; `contact` is one human, sealed under the club's own key.
    """

    id = UUID(primary_key=True)
    agency = reference(Agency)
    version = version()
    kind = Varchar(12, null=False)
    name = Varchar(120, null=False)
    area = Varchar(80, null=False)
    hours = Varchar(120, null=True, default=None)
    offers = JSONB(default="{}", null=False)
    contact = Bytea(null=True, default=None)
    looked_on = Date(null=False)
    added_by = reference(ActorRecord)
    added_at = instant()
    ended_at = instant(null=True)
