from piccolo.columns import Boolean, Bytea
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.people.tables import Person
from backend.plans.tables import Plan


class ErasureWish(Table, tablename="erasure_wish"):
    """A coordinator's wish to erase a person, which another one lets or not.

    `voluntary`: not the person, but what they took part in of their own will, under supervision.
    `written_at` is the database's own clock: a small agency waits its day by that one too.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    person = reference(Person)
    asked_by = reference(ActorRecord)
    asked_at = instant()
    written_at = instant(null=True)
    ended_at = instant(null=True)
    voluntary = Boolean(default=False, null=False)


class LegalHold(Table, tablename="legal_hold"):
    """While one stands nothing of this person is erased, on whatever plan it was set.

    The reason is sealed under the person's own key.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    person = reference(Person)
    reason = Bytea(null=False)
    set_by = reference(ActorRecord)
    set_at = instant()
    ended_by = reference(ActorRecord, null=True)
    ended_at = instant(null=True)
