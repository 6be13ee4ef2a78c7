from piccolo.columns import UUID, Bytea, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.plans.tables import Plan


class CourtClient(Table, tablename="court_client"):
    """A court's machine. Its id is the id of its actor; id and secret are stored hashed."""

    id = UUID(primary_key=True)
    agency = reference(Agency)
    version = version()
    label = Varchar(80, null=False)
    client_index = Bytea(null=False)
    secret = Bytea(null=False)
    suspended_at = instant(null=True)
    created_at = instant()


class CourtToken(Table, tablename="court_token"):
    id = row_id()
    client = reference(ActorRecord)
    hash = Bytea(null=False)
    until = instant()


class CourtFile(Table, tablename="court_file"):
    """The court's own reference for one plan, bound to the client that may ask for it."""

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    client = reference(ActorRecord)
    reference_index = Bytea(null=False)
    sealed_reference = Bytea(null=False)
    bound_by = reference(ActorRecord)
    bound_at = instant()
    ended_at = instant(null=True)
