from piccolo.columns import UUID, BigInt, BigSerial, Bytea, Date, Integer, SmallInt, Varchar
from piccolo.table import Table

from backend.columns import instant, reference, row_id


class Audit(Table, tablename="audit"):
    """Who did or read what, when, on which plan; ids only, written once.

    `subject` is whose data it was about: the plan's person, or a relative, a mentor or somebody
    else of its circle; all zero where nobody, or not one alone, is in that role.
    """

    id = BigSerial(primary_key=True)
    at = instant()
    actor = UUID(null=True, default=None)
    role = Varchar(2, null=True, default=None)
    operation = Varchar(40, null=False)
    agency = UUID(null=True, default=None)
    plan = UUID(null=True, default=None)
    object = UUID(null=True, default=None)
    outcome = Varchar(24, null=False)
    request = Varchar(36, null=True, default=None)
    purpose = Varchar(24, null=True, default=None)
    reason = Varchar(24, null=True, default=None)
    object_hash = Bytea(null=True, default=None)
    times = Integer(null=True, default=None)
    subject = UUID(null=True, default=None)


class AuditSeal(Table, tablename="audit_seal"):
    """The place of an audit row in the chain. No foreign key: it outlasts what it seals.

    The id is the number in the chain, from 1 on.
    """

    id = BigInt(primary_key=True, default=None)
    audit = BigInt(null=False, default=None)
    mac = Bytea(null=False, default=None)


class AuditHead(Table, tablename="audit_head"):
    """The number of a seal that was the last one, and when it left: into a file, to an address."""

    id = BigInt(primary_key=True, default=None)
    at = instant()
    mac = Bytea(null=False, default=None)
    filed_at = instant(null=True)
    posted_at = instant(null=True)


class AuditAnchor(Table, tablename="audit_anchor"):
    """Where the record begins since its oldest part was dropped whole: the last seal of that part.

    The id is the seal's number; `proof` is made under the chain's key, which no database holds.
    """

    id = BigInt(primary_key=True, default=None)
    at = instant()
    mac = Bytea(null=False, default=None)
    proof = Bytea(null=False, default=None)


class Denial(Table, tablename="denial"):
    """How often somebody was refused in one minute; gone once the audit has told the number."""

    id = row_id()
    actor = UUID(null=False, default=None)
    minute = instant()
    times = Integer(null=False, default=None)


class RecentAct(Table, tablename="recent_act"):
    """What an account did within the last hour, as far as that is limited.

    One row for each plan that it looked at, or one with a number for each other act that counts.
    """

    id = row_id()
    actor = UUID(null=False, default=None)
    what = Varchar(40, null=False)
    thing = UUID(null=False, default=None)
    since = instant()
    times = Integer(null=False, default=None)


class MonthCount(Table, tablename="month_count"):
    """A number of a month that was told once, so that it is told alike ever after; none below 5.

    A later count would lack what was erased meanwhile: the difference of two is somebody's.
    """

    id = row_id()
    agency = reference("Agency")
    month = Date(null=False, default=None)
    what = Varchar(16, null=False)
    state = Varchar(16, null=False)
    times = Integer(null=False, default=None)


class Once(Table, tablename="once"):
    """An answered write: its key, what it asked and what came of it, kept for ever, no body."""

    id = row_id()
    subject = UUID(null=False)
    operation = Varchar(40, null=False)
    key = Varchar(64, null=False)
    asked = Varchar(64, null=False)
    object = UUID(null=True, default=None)
    object_version = Integer(null=True, default=None)
    status = SmallInt(null=True, default=None)
    at = instant()


class Heartbeat(Table, tablename="heartbeat"):
    """When a process last did its round."""

    id = row_id()
    name = Varchar(24, null=False, unique=True)
    at = instant()


class JobRound(Table, tablename="job_round"):
    """When a job, or a rule of the retention, last did all that it had to.

    `within` is after how many seconds without that something is wrong. `silent_told_at`,
    `late_told_at` and `over_told_at` are of the job "heartbeat" alone: when humans were last told
    that there had been no sign, that it was long ago, and that there is one again.
    """

    id = row_id()
    name = Varchar(40, null=False, unique=True)
    at = instant()
    within = Integer(default=0, null=False)
    silent_told_at = instant(null=True)
    late_told_at = instant(null=True)
    over_told_at = instant(null=True)
