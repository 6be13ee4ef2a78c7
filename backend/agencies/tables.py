from piccolo.columns import Array, Boolean, SmallInt, Text, Time, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.columns import instant, reference, row_id, version


class Agency(Table, tablename="agency"):
    """A tenant: one agency in one place, with its hours and its numbers to call.

    `keep_person` and `keep_circle` are days after a plan's closing, where it has terms of its own.
    `regime` is public_body (it acts by law) or ngo: what it may be told by a public body differs.
    """

    id = row_id()
    version = version()
    name = Varchar(120, null=False)
    service_alias = Varchar(24, null=False)
    zone = Varchar(40, null=False)
    language = Varchar(8, null=False)
    working_days = Array(base_column=SmallInt(), null=False)
    opens = Time(null=False)
    closes = Time(null=False)
    emergency_number = Varchar(20, null=True, default=None)
    crisis_line = Varchar(60, null=True, default=None)
    crisis_text = Text(null=True, default=None)
    duty_phone = Varchar(20, null=True, default=None)
    demo = Boolean(default=False)
    second_factor = Varchar(8, default="passkeys", null=False)
    regime = Varchar(12, default="public_body", null=False)
    country = Varchar(2, null=True, default=None)
    complaint_days = SmallInt(default=10, null=False)
    small = Boolean(default=False, null=False)
    reviewer = reference("Agency", null=True)
    keep_person = SmallInt(null=True, default=None)
    keep_circle = SmallInt(null=True, default=None)


class Bot(Table, tablename="bot"):
    """One chat bot; its token stands in no table."""

    id = row_id()
    agency = reference(Agency)
    number = Varchar(20, null=False)
    username = Varchar(64, null=False)


class DutyShift(Table, tablename="duty_shift"):
    """Who answers urgent tasks, from when to when."""

    id = row_id()
    agency = reference(Agency)
    version = version()
    staff = reference(ActorRecord)
    starts = instant()
    ends = instant()
    place = SmallInt(default=1, null=False)
