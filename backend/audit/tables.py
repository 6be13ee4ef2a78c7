from piccolo.columns import UUID, BigSerial, Integer, SmallInt, Varchar
from piccolo.table import Table

from backend.columns import instant, row_id


class Audit(Table, tablename="audit"):
    """Who did or read what, when, on which plan; ids only, written once."""

    id = BigSerial(primary_key=True)
    at = instant()
    actor = UUID(null=True, default=None)
    role = Varchar(2, null=True, default=None)
    operation = Varchar(40, null=False)
    agency = UUID(null=True, default=None)
    plan = UUID(null=True, default=None)
    object = UUID(null=True, default=None)
    outcome = Varchar(24, null=False)
    request = Varchar(36, null=True, default=None)


class Once(Table, tablename="once"):
    """An answered write: its key, what it asked and what came of it, kept for ever, no body."""

    id = row_id()
    subject = UUID(null=False)
    operation = Varchar(40, null=False)
    key = Varchar(64, null=False)
    asked = Varchar(64, null=False)
    object = UUID(null=True, default=None)
    object_version = Integer(null=True, default=None)
    status = SmallInt(null=True, default=None)
    at = instant()


class Heartbeat(Table, tablename="heartbeat"):
    """When a process last did its round."""

    id = row_id()
    name = Varchar(24, null=False, unique=True)
    at = instant()
