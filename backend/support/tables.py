from piccolo.columns import UUID
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, version


class Support(Table, tablename="support"):
    """The one human whom a mentor or a colleague may call when it is too much. `id` is whose."""

    id = UUID(primary_key=True)
    agency = reference(Agency)
    version = version()
    human = reference(ActorRecord, null=True)
    set_by = reference(ActorRecord)
    set_at = instant()
