from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    BigSerial,
    Boolean,
    Bytea,
    Date,
    Integer,
    SmallInt,
    Text,
    Time,
    Varchar,
)
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.calendars.tables import Calendar
from backend.columns import instant, reference, row_id, version
from backend.people.tables import Person
from backend.templates.tables import TemplateVersion


class Plan(Table, tablename="plan"):
    """A person's way out and back. `next_due_on` is kept by a trigger for the caseload.

    `calendar` is that of the place of release; none is the agency's own. `template` is full or
    light; without a `template_version` it is by the first of its agency.
    Until when the person, and the relatives of the circle, are kept is computed at the closing.
    """

    id = row_id()
    agency = reference(Agency)
    version = version()
    person = reference(Person)
    alias = Varchar(24, null=False)
    state = Varchar(16, null=False)
    zone = Varchar(40, null=False)
    release_date = Date(null=False)
    release_time = Time(null=True, default=None)
    certainty = Varchar(18, null=False)
    supervision = Boolean(default=False, null=False)
    calendar = reference(Calendar, null=True)
    template = Varchar(8, null=False)
    template_version = reference(TemplateVersion, null=True)
    overlays = Array(base_column=Varchar(24), null=False)
    left_custody_at = instant(null=True)
    opened_at = instant()
    closed_at = instant(null=True)
    keep_until = instant(null=True)
    circle_until = instant(null=True)
    proof_until = instant(null=True)
    next_due_on = Date(null=True, default=None)
    next_milestone = UUID(null=True, default=None)
    next_title = Text(null=True, default=None)
    next_win_after = SmallInt(null=True, default=None)


class SummaryDue(Table, tablename="summary_due"):
    """A summary that a court is to have by a day; the steps to it are rows of the plan.

    `chain` counts those of a plan that took the same steps. It ends when the summary is issued, or
    nobody wants it any more.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    type = Varchar(20, null=False)
    due_on = Date(null=False)
    chain = SmallInt(null=False)
    recorded_by = reference(ActorRecord)
    at = instant()
    ended_at = instant(null=True)
    how = Varchar(8, null=True, default=None)


class Milestone(Table, tablename="milestone"):
    """One row of a plan, copied from its template so that every plan can differ.

    `summary_due` is the summary to which it is a step.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    code = Varchar(10, null=False)
    pathway = Varchar(6, null=False)
    title = Text(null=False)
    anchor = Varchar(18, null=False)
    day = Integer(null=False)
    win_before = SmallInt(null=False)
    win_after = SmallInt(null=False)
    owner = Varchar(2, null=False)
    partners = Array(base_column=Varchar(2), null=False)
    kind = Varchar(1, null=False)
    agree = Varchar(2, null=False)
    depends = Array(base_column=Varchar(10), null=False)
    evidence = Varchar(12, null=False)
    court = Varchar(1, null=False)
    message = Varchar(12, null=True, default=None)
    repeat_days = SmallInt(null=True, default=None)
    repeat_until = SmallInt(null=True, default=None)
    late_start = SmallInt(null=False)
    state = Varchar(12, null=False)
    cause = Varchar(12, null=True, default=None)
    due_on = Date(null=True, default=None)
    pinned = Boolean(default=False, null=False)
    cycle = SmallInt(default=0, null=False)
    done_on = Date(null=True, default=None)
    said_by = Varchar(2, null=True, default=None)
    show_court = Boolean(default=False, null=False)
    summary_due = reference(SummaryDue, null=True)


class MilestoneEvent(Table, tablename="milestone_event"):
    """What happened to a milestone; written once.

    Within ten minutes whoever did it may take it back: then its kind is `undone`. Until then `act`
    says of which act it is a part, and `was` holds what the row was before and after; without an
    act it stays.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    milestone = reference(Milestone)
    actor = reference(ActorRecord)
    role = Varchar(2, null=False)
    at = instant()
    kind = Varchar(12, null=False)
    before = Varchar(12, null=True, default=None)
    after = Varchar(12, null=True, default=None)
    due_before = Date(null=True, default=None)
    due_after = Date(null=True, default=None)
    what = Varchar(24, null=True, default=None)
    reason = Bytea(null=True, default=None)
    move = UUID(null=True, default=None, index=True)
    act = UUID(null=True, default=None)
    was = JSONB(null=True, default=None)


class ReleaseMove(Table, tablename="release_move"):
    """One change of the release date, and what it did."""

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    actor = reference(ActorRecord)
    at = instant()
    date_before = Date(null=False)
    date_after = Date(null=False)
    certainty_before = Varchar(18, null=False)
    certainty_after = Varchar(18, null=False)
    plan_version = Integer(null=False)
    cancelled = Integer(default=0, null=False)
    told = Integer(default=0, null=False)


class CustodyReturn(Table, tablename="custody_return"):
    """The person came back into custody after `left_at`; while it is open the plan is paused by it.

    It ends when the plan is reopened with them, or is taken back as a mistake.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    left_at = instant()
    returned_at = instant()
    recorded_by = reference(ActorRecord)
    reopened_at = instant(null=True)
    taken_back_at = instant(null=True)
    ended_by = reference(ActorRecord, null=True)


class Change(Table, tablename="change"):
    """That a row changed, ids only; written by triggers, read by phones that catch up."""

    id = BigSerial(primary_key=True)
    agency = UUID(null=False)
    plan = UUID(null=False, index=True)
    entity = Varchar(24, null=False)
    entity_id = UUID(null=False)
    entity_version = Integer(null=False)
    kind = Varchar(1, null=False)
    seq = BigInt(null=True, default=None)
