from piccolo.columns import Bytea, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.people.tables import Person
from backend.plans.tables import Plan


class Wall(Table, tablename="wall"):
    """Somebody who is kept from a person's plans, or one of the few who are let in.

    It holds for every plan of the person, and is judged after every mandate.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    person = reference(Person)
    actor = reference(ActorRecord)
    kind = Varchar(8, null=False)
    set_by = reference(ActorRecord)
    set_at = instant()
    ended_at = instant(null=True)


class BreakGlass(Table, tablename="break_glass"):
    """A wish to see a plan that is not one's own, for four hours; a second person lets it or not.

    It names an alias and no plan: nobody has looked yet whether there is such a person.
    `written_at` is the database's own clock: a small agency waits its day by that one too.
    """

    id = row_id()
    agency = reference(Agency)
    version = version()
    alias = Varchar(24, null=False)
    reason = Bytea(null=True, default=None)
    asked_by = reference(ActorRecord)
    asked_at = instant()
    written_at = instant(null=True)
    let_by = reference(ActorRecord, null=True)
    let_at = instant(null=True)
    ended_at = instant(null=True)
