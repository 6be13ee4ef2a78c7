from piccolo.columns import Date, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.plans.tables import Plan


class Contact(Table, tablename="contact"):
    """That somebody was reached, or tried; never what was said."""

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    actor = reference(ActorRecord)
    subject = reference(ActorRecord)
    role = Varchar(2, null=False)
    how = Varchar(8, null=False)
    outcome = Varchar(8, null=False)
    made_on = Date(null=False)
    at = instant()
