from piccolo.columns import Array, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version


class DataFlow(Table, tablename="data_flow"):
    """What may leave an agency (`agency`), to whom, for what, on which ground: no entry, no flow.

    `kind` is agency (`to_agency`), court (`court`), chat (to members of role `to_role`) or person.
    One that nobody has confirmed yet was written for the agency, and is in force like the others.
    """

    id = row_id()
    agency = reference(Agency)
    version = version()
    kind = Varchar(8, null=False)
    to_agency = reference(Agency, null=True)
    court = reference(ActorRecord, null=True)
    to_role = Varchar(2, null=True, default=None)
    groups = Array(base_column=Varchar(20), null=False)
    purpose = Varchar(24, null=False)
    basis = Varchar(16, null=False)
    law = Varchar(120, null=True, default=None)
    article = Varchar(40, null=True, default=None)
    responsible = reference(ActorRecord, null=True)
    starts = instant()
    until = instant(null=True)
    recorded_by = reference(ActorRecord, null=True)
    recorded_at = instant()
    confirmed_by = reference(ActorRecord, null=True)
    confirmed_at = instant(null=True)
    ended_by = reference(ActorRecord, null=True)
    ended_at = instant(null=True)
