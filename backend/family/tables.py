from piccolo.columns import UUID, Boolean, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, version
from backend.plans.tables import Plan


class Relative(Table, tablename="relative"):
    """Somebody on the person's map of family and friends; its id is that of actor and member.

    `wish` is what the person says of contact; `takes_part`, what the relative said to a human
    (`heard_by`), in their `language`. That they were asked in private about safety stands here;
    what they answered is a fact of safety. `barred_at`: an order says no contact. `carried`: in a
    circle of before the question was asked. `talked_at`: when the closing talk with the family was
    noted, by the database's clock; `kept`: they chose that what is known of them stays after it.
    """

    id = UUID(primary_key=True)
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    relation = Varchar(12, null=False)
    wish = Varchar(12, null=True, default=None)
    children_there = Boolean(default=False, null=False)
    takes_part = Boolean(null=True, default=None)
    language = Varchar(8, null=True, default=None)
    heard_by = reference(ActorRecord, null=True)
    heard_at = instant(null=True)
    safety_asked_by = reference(ActorRecord, null=True)
    safety_asked_at = instant(null=True)
    barred_by = reference(ActorRecord, null=True)
    barred_at = instant(null=True)
    carried = Boolean(default=False, null=False)
    talked_at = instant(null=True)
    kept = Boolean(default=False, null=False)
    named_by = reference(ActorRecord)
    named_at = instant()
