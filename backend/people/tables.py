from piccolo.columns import UUID, Bytea, Varchar
from piccolo.table import Table

from backend.agencies.tables import Agency
from backend.columns import reference, version


class Person(Table, tablename="person"):
    """Somebody who returns. Everything that tells who they are is sealed."""

    id = UUID(primary_key=True)
    agency = reference(Agency)
    version = version()
    identity = Bytea(null=False)
    safe_contact = Bytea(null=True, default=None)
    language = Varchar(8, null=False)
