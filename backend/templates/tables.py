from piccolo.columns import SmallInt, Text
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version


class TemplateVersion(Table, tablename="template_version"):
    """What plans of an agency begin with, as a file; once it is published it never changes.

    The first has the id of its agency and no file of its own: it is the standard of this program.
    A release that changes the standard gives these the file that they stood for. A draft has no
    number yet.
    """

    id = row_id()
    agency = reference(Agency)
    version = version()
    number = SmallInt(null=True, default=None)
    file = Text(null=True, default=None)
    begun_by = reference(ActorRecord, null=True)
    begun_at = instant(null=True)
    published_by = reference(ActorRecord, null=True)
    published_at = instant(null=True)
