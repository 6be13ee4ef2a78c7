from piccolo.columns import UUID, Bytea, SmallInt
from piccolo.table import Table

from backend.actors.tables import ActorRecord, Mandate
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.plans.tables import Plan


class EntryPass(Table, tablename="entry_pass"):
    """A paper with which the person, a lawyer or a guardian comes in for a quarter of an hour."""

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    mandate = reference(Mandate)
    subject = reference(ActorRecord)
    made_by = reference(ActorRecord)
    made_at = instant()
    until = instant()
    ended_by = reference(ActorRecord, null=True)
    ended_at = instant(null=True)


class EntryKey(Table, tablename="entry_key"):
    """What opens a pass, hashed, and the one session that it has opened. Its id is the pass's.

    It names no plan, for nobody is known yet who shows it; the pass itself is asked after that.
    """

    id = UUID(primary_key=True, default=None)
    subject = reference(ActorRecord)
    code = Bytea(null=False)
    pin = Bytea(null=False)
    tries = SmallInt(default=0, null=False)
    session = UUID(null=True, default=None)
    access = Bytea(null=True, default=None)
    access_until = instant(null=True)
