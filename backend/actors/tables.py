"""Who acts, and on whose behalf: actors, their sealing keys and their mandates."""

from piccolo.columns import UUID, Array, Bytea, Varchar
from piccolo.table import Table

from backend.columns import instant, reference, row_id, version


class ActorRecord(Table, tablename="actor"):
    """Everybody and everything that can act: staff, member, person, court, machine."""

    id = row_id()
    agency = UUID(null=True, default=None, index=True)
    kind = Varchar(10, null=False)
    created_at = instant()


class SubjectKey(Table, tablename="subject_key"):
    """The data key of one individual, wrapped; destroying it erases what it sealed."""

    id = UUID(primary_key=True)
    wrapped = Bytea(null=True, default=None)
    destroyed_at = instant(null=True)


class Mandate(Table, tablename="mandate"):
    """The one source of who may see a plan, across agencies."""

    id = row_id()
    agency = reference("Agency")
    plan = reference("Plan")
    version = version()
    actor = reference(ActorRecord)
    role = Varchar(2, null=False)
    starts = instant()
    ends = instant(null=True)
    granted_by = reference(ActorRecord)
    person = reference("Person", null=True)  # the plan's, so that a wall is judged without it
    glass = reference("BreakGlass", null=True)
    # the agency of who holds it where that is not the plan's: then the data-flow registry is asked
    elsewhere = UUID(null=True, default=None)
    # of a lawyer or guardian: the parts of the file that they may read, and speak for
    matters = Array(base_column=Varchar(12), null=True, default=None)
