"""The log of contacts, as far as its reader may know it. Every read is written down."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from backend.access import OPERATIONS, Actor, find_plan, require
from backend.audit.actions import record
from backend.database import transaction
from backend.plans.rules import WORKERS

After = tuple[date, datetime, UUID] | None
BEFORE_ALL = (date.max, datetime(9999, 12, 31, tzinfo=UTC), UUID(int=2**128 - 1))
# The row policies say the same: a try is for the workers, and for whoever tried.
_PAGE = """
SELECT c.id, c.actor, c.role, c.how, c.outcome, c.made_on, c.at, s.alias
  FROM contact c LEFT JOIN staff s ON s.id = c.actor
 WHERE c.plan = $1 AND ($2 OR c.actor = $3) AND (c.made_on, c.at, c.id) < ($4, $5, $6)
 ORDER BY c.made_on DESC, c.at DESC, c.id DESC LIMIT $7
"""


async def list_contacts(
    actor: Actor, plan_id: UUID, *, after: After = None, limit: int = 50
) -> Sequence[Any]:
    """The contacts of a plan, the newest first: all for its workers, to others what they logged.

    `after` is the last of the page before. Raises NotFound.
    """
    require(actor, "listContacts")
    async with transaction(actor.id) as held:
        plan = await find_plan(actor, plan_id, group="contacts", roles=OPERATIONS["listContacts"])
        await record(actor, "listContacts", plan=plan_id)
        of_all = plan["mandate"] in WORKERS
        values = (plan_id, of_all, actor.id, *(after or BEFORE_ALL), limit)
        rows: Sequence[Any] = await held.fetch(_PAGE, *values)
        return rows


def key_of(page: Sequence[Any], limit: int) -> After:
    """What the next page comes after; None where this one was the last."""
    if len(page) < limit:
        return None
    return page[-1]["made_on"], page[-1]["at"], page[-1]["id"]
