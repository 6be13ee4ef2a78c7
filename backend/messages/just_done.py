"""Whether somebody may still take back what they did to a row, or the date of a visit."""

from datetime import datetime
from uuid import UUID

from backend import clock
from backend.database import connection
from backend.plans.undo import UNDO

_JUST_DONE = """
SELECT max(a.at) FROM (
    SELECT e.at FROM milestone_event e
     WHERE e.milestone = $1 AND e.at > $2 AND e.act IS NOT NULL AND e.kind <> 'undone'
    UNION ALL
    SELECT c.at FROM appointment d JOIN contact c ON c.id = d.act
     WHERE d.id = $1 AND c.at > $2) AS a
"""


async def undoable_until(subject: UUID) -> datetime | None:
    """Until when that is so of what a message is about; None where it is settled."""
    at = await connection().fetchval(_JUST_DONE, subject, clock.now() - UNDO)
    return None if at is None else at + UNDO
