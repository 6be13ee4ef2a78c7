from piccolo.columns import UUID, Boolean, Bytea, Date, Integer, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.plans.tables import Plan


class CourtClient(Table, tablename="court_client"):
    """A court's machine. Its id is the id of its actor; id and secret are stored hashed.

    `public_key` is a JWK as text; with `key_only` the secret opens nothing any more.
    """

    id = UUID(primary_key=True)
    agency = reference(Agency)
    version = version()
    label = Varchar(80, null=False)
    client_index = Bytea(null=False)
    secret = Bytea(null=False)
    public_key = Varchar(400, null=True, default=None)
    key_only = Boolean(default=False, null=False)
    daily_quota = Integer(default=300, null=False)
    suspended_at = instant(null=True)
    created_at = instant()


class CourtToken(Table, tablename="court_token"):
    """`bound_to` is the thumbprint (RFC 7638) of the key whose proofs it needs, or none."""

    id = row_id()
    client = reference(ActorRecord)
    hash = Bytea(null=False)
    until = instant()
    bound_to = Bytea(null=True, default=None)


class CourtAssertion(Table, tablename="court_assertion"):
    """What a machine signed and may say only once, by hash; kept until it has run out."""

    id = row_id()
    hash = Bytea(null=False)
    until = instant()


class CourtDay(Table, tablename="court_day"):
    """What a machine asked for on a civil day of its agency, and how much of it was a canary."""

    id = row_id()
    client = reference(ActorRecord)
    day = Date(null=False)
    pulls = Integer(default=0, null=False)
    canaries = Integer(default=0, null=False)


class CourtCanary(Table, tablename="court_canary"):
    """A reference that belongs to no plan: whoever asks for it is fishing."""

    id = row_id()
    client = reference(ActorRecord)
    reference_index = Bytea(null=False)
    made_at = instant()


class CourtFile(Table, tablename="court_file"):
    """The court's own reference for one plan, bound to the client that may ask for it.

    `subject` is the plan's person; rows of an older release may not have it.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    client = reference(ActorRecord)
    reference_index = Bytea(null=False)
    sealed_reference = Bytea(null=False)
    subject = reference(ActorRecord, null=True)
    bound_by = reference(ActorRecord)
    bound_at = instant()
    ended_at = instant(null=True)
