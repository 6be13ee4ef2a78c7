"""A meeting of a circle. Whatever somebody typed lies under the person's key."""

from piccolo.columns import Array, Boolean, Bytea, Date, SmallInt, Time, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.plans.tables import Milestone, Plan


class Meeting(Table, tablename="meeting"):
    """On which basis and for which aim some of the circle meet, and of which groups they speak.

    `milestone` is the row of the plan that it is. Each of its `moves` is asked about anew. Once
    approved nothing of it changes.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    milestone = reference(Milestone, null=True)
    held_on = Date(null=False)
    held_at = Time(null=False)
    zone = Varchar(40, null=False)
    moves = SmallInt(default=0, null=False)
    basis = Bytea(null=False)
    aim = Bytea(null=False)
    speaks_of = Array(base_column=Varchar(20), null=False)
    planned_by = reference(ActorRecord)
    planned_at = instant()
    called_off_at = instant(null=True)
    took_place_at = instant(null=True)
    approved_at = instant(null=True)


class MeetingMember(Table, tablename="meeting_member"):
    """Who is asked to a meeting. An answer has no reason, and none is nothing.

    Approved by somebody else it was read to them.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    meeting = reference(Meeting)
    actor = reference(ActorRecord)
    role = Varchar(2, null=False)
    answer = Varchar(8, null=True, default=None)
    answered_at = instant(null=True)
    present = Boolean(null=True, default=None)
    approved_at = instant(null=True)
    approved_by = reference(ActorRecord, null=True)


class MeetingItem(Table, tablename="meeting_item"):
    """What is to be spoken of: a row of the plan and why, or words."""

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    meeting = reference(Meeting)
    milestone = reference(Milestone, null=True)
    why = Array(base_column=Varchar(10), null=False)
    words = Bytea(null=True, default=None)
    left_out = Boolean(default=False, null=False)
    dealt = Boolean(default=False, null=False)


class MeetingShare(Table, tablename="meeting_share"):
    """Which group of facts one who was there told another, on which ground. Never what it was."""

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    meeting = reference(Meeting)
    facts = Varchar(20, null=False)
    told_by = reference(ActorRecord)
    told_to = reference(ActorRecord)
    ground = Varchar(10, null=False)
    noted_by = reference(ActorRecord)
    at = instant()


class MeetingDecision(Table, tablename="meeting_decision"):
    """The words of a row of the plan that a meeting agreed on, and whose it is to be.

    Of whoever is no worker of the plan it is once they have accepted it.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    meeting = reference(Meeting)
    milestone = reference(Milestone)
    words = Bytea(null=True, default=None)
    owner = reference(ActorRecord)
    role = Varchar(2, null=False)
    decided_by = reference(ActorRecord)
    at = instant()
    accepted_at = instant(null=True)
    declined_at = instant(null=True)


class MeetingNote(Table, tablename="meeting_note"):
    """The minutes, or what was added to them (`addendum`) once they were approved."""

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    meeting = reference(Meeting)
    kind = Varchar(8, null=False)
    words = Bytea(null=True, default=None)
    written_by = reference(ActorRecord)
    at = instant()
