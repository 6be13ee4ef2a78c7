from piccolo.columns import Bytea, Date, Integer, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.courts.tables import CourtFile
from backend.plans.tables import Plan


class Reading(Table, tablename="reading"):
    """The summary was read to the person, or somebody tried to."""

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    kind = Varchar(8, null=False)
    read_on = Date(null=False)
    language = Varchar(8, null=False)
    recorded_by = reference(ActorRecord)
    recorded_at = instant()
    comment = Bytea(null=True, default=None)
    digest = Bytea(null=True, default=None)
    used_by = Integer(null=True, default=None)


class Summary(Table, tablename="summary"):
    """An issued progress summary. Never changed once written."""

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    file = reference(CourtFile)
    number = Integer(null=False)
    type = Varchar(20, null=False)
    period_from = Date(null=False)
    period_to = Date(null=False)
    content = Bytea(null=False)
    sha256 = Bytea(null=False)
    issued_at = instant()
    issued_by = reference(ActorRecord)
