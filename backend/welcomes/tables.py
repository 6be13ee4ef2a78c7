from piccolo.columns import UUID, Boolean, Bytea, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, version
from backend.people.tables import Person
from backend.plans.tables import Plan


class Welcome(Table, tablename="welcome"):
    """Who of the community welcomes the person: a club, or somebody by a name.

    Which of the two, and who, is sealed under a key of its own, which goes when it ends; its id is
    that of an actor who holds no mandate. `tell` is the person's yes and what may be told to them
    (`agreed_by` heard it); `heard_by` heard the yes of whoever welcomes.
    """

    id = UUID(primary_key=True)
    agency = reference(Agency)
    plan = reference(Plan)
    person = reference(Person)
    version = version()
    who = Bytea(null=True, default=None)
    tell = Varchar(12, null=True, default=None)
    agreed_by = reference(ActorRecord, null=True)
    agreed_at = instant(null=True)
    heard_by = reference(ActorRecord, null=True)
    heard_at = instant(null=True)
    ended = Boolean(default=False, null=False)
    named_by = reference(ActorRecord)
    named_at = instant()
