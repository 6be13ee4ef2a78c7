from piccolo.columns import Boolean, Bytea, Date, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.plans.tables import Milestone, Plan


class NeedsReview(Table, tablename="needs_review"):
    """A talk about what goes well and what is needed, held with the person. Closed it stays.

    `settles` is the row of the plan that asked for it, once it was held.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    held_on = Date(null=False)
    held_by = reference(ActorRecord)
    language = Varchar(8, null=False)
    interpreter = Boolean(default=False, null=False)
    settles = reference(Milestone, null=True)
    begun_at = instant()
    closed_at = instant(null=True)


class NeedsArea(Table, tablename="needs_area"):
    """One area of life in a review: what the person says of it, and what the worker sees.

    Both columns are sealed whole, the words of status too: no statement can count them. The
    person's is there with their ok alone. `agreed` is the row that they agreed on.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    review = reference(NeedsReview)
    area = Varchar(12, null=False)
    own_ok = Boolean(default=False, null=False)
    own = Bytea(null=True, default=None)
    view = Bytea(null=True, default=None)
    agreed = reference(Milestone, null=True)
