from piccolo.columns import UUID, Bytea, SmallInt, Time, Varchar
from piccolo.table import Table

from backend.agencies.tables import Agency
from backend.columns import reference, version
from backend.mentors.tables import Mentor
from backend.plans.tables import Plan


class Member(Table, tablename="member"):
    """A mentor or relative on one plan, or a lawyer or guardian. Its id is the id of its actor."""

    id = UUID(primary_key=True)
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    role = Varchar(2, null=False)
    alias = Varchar(24, null=False)
    identity = Bytea(null=False)
    language = Varchar(8, null=False)
    zone = Varchar(40, null=False)
    standing = Varchar(8, null=True, default=None)
    gate = Varchar(10, null=True, default=None)
    call_weekday = SmallInt(null=True, default=None)
    call_at = Time(null=True, default=None)
    mentor = reference(Mentor, null=True)  # of a mentor, whose profile it is
