from piccolo.columns import Bytea, Date, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.people.tables import Person


class Complaint(Table, tablename="complaint"):
    """What somebody says was not right about the service, and what they were answered.

    It is no row of a plan: whoever reads the plan does not learn of it. `subject` is whose it is,
    and its words lie under their key; `about` is the colleague whom it names, who never reads it;
    `named` is the word that was typed for them, sealed too: nobody says whether there is a login.
    """

    id = row_id()
    agency = reference(Agency)
    version = version()
    person = reference(Person)
    subject = reference(ActorRecord)
    by_role = Varchar(2, null=False)
    about = reference(ActorRecord, null=True)
    named = Bytea(null=True, default=None)
    received_on = Date(null=False)
    text = Bytea(null=False)
    recorded_by = reference(ActorRecord)
    recorded_at = instant()
    answer = Bytea(null=True, default=None)
    answered_by = reference(ActorRecord, null=True)
    answered_at = instant(null=True)
