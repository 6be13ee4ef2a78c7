from piccolo.columns import Boolean, Bytea
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.plans.tables import Plan


class SafetyFlag(Table, tablename="safety_flag"):
    """Somebody of a plan is afraid, or may be harmed: what it is lies under their own key.

    On whose word it was raised, and who is told no days and places, stand in the sealed content;
    `own`: the person raised it about themselves, so it is theirs to read.
    `kept_from` is a keyed hash of the latter, so that sending can look without opening it.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    subject = reference(ActorRecord)
    content = Bytea(null=True, default=None)
    kept_from = Bytea(null=True, default=None)
    raised_by = reference(ActorRecord)
    raised_at = instant()
    lowered_by = reference(ActorRecord, null=True)
    lowered_at = instant(null=True)
    own = Boolean(default=False, null=False)


class ProtectedAddress(Table, tablename="protected_address"):
    """Where somebody of a plan may not be found; sealed under their own key."""

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    subject = reference(ActorRecord)
    address = Bytea(null=True, default=None)
    set_by = reference(ActorRecord)
    set_at = instant()
    ended_by = reference(ActorRecord, null=True)
    ended_at = instant(null=True)
