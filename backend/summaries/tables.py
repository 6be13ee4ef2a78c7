from piccolo.columns import Bytea, Date, Integer, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.courts.tables import CourtFile
from backend.plans.tables import Plan


class Summary(Table, tablename="summary"):
    """An issued progress summary, numbered within its court file. Never changed once written.

    `subject` is the person, under whose key the content is sealed.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    file = reference(CourtFile)
    subject = reference(ActorRecord)
    number = Integer(null=False)
    supersedes = Integer(null=True, default=None)
    type = Varchar(20, null=False)
    period_from = Date(null=False)
    period_to = Date(null=False)
    content = Bytea(null=False)
    sha256 = Bytea(null=False)
    issued_at = instant()
    issued_by = reference(ActorRecord)


class Reading(Table, tablename="reading"):
    """A draft was read to the person, tried to, or checked by somebody; `digest` says which draft.

    `summary` is the version that was issued on it: no reading counts twice.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    kind = Varchar(8, null=False)
    read_on = Date(null=False)
    language = Varchar(8, null=False)
    role = Varchar(2, null=False)
    recorded_by = reference(ActorRecord)
    recorded_at = instant()
    comment = Bytea(null=True, default=None)
    digest = Bytea(null=False, index=True)
    summary = reference(Summary, null=True)
