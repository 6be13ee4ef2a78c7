"""Whom a mentor's chat names when it is too much."""

from datetime import date
from typing import Any
from uuid import UUID

from backend import clock
from backend.database import connection

# Whoever was named for them; else a coordinator of the plan, the one who came first. Nobody behind
# a wall: they would see no task.
_HUMAN = """
SELECT s.id, s.alias, EXISTS (SELECT 1 FROM mandate m WHERE m.plan = $1 AND m.actor = s.id
           AND m.glass IS NULL AND m.starts <= $3 AND (m.ends IS NULL OR m.ends > $3)) AS in_circle
  FROM staff s
  LEFT JOIN support u ON u.human = s.id AND u.id = (SELECT b.mentor FROM member b WHERE b.id = $2)
  LEFT JOIN mandate c ON c.plan = $1 AND c.actor = s.id AND c.role = 'CO' AND c.glass IS NULL
       AND c.starts <= $3 AND (c.ends IS NULL OR c.ends > $3)
 WHERE s.active AND (u.id IS NOT NULL OR c.id IS NOT NULL)
   AND NOT is_barred((SELECT p.person FROM plan p WHERE p.id = $1), s.id, 'CO')
 ORDER BY u.id IS NULL, c.starts LIMIT 1
"""


async def human_of(plan: UUID, helper: UUID) -> Any | None:
    """Their alias, and whether they have a mandate on the plan; None where there is nobody."""
    return await connection().fetchrow(_HUMAN, plan, helper, clock.now())


async def holds_until(helper: UUID) -> date | None:
    """The last day on which the vetting of a mentor holds; None for everybody else."""
    found: date | None = await connection().fetchval(
        "SELECT t.valid_until FROM member b JOIN mentor t ON t.id = b.mentor WHERE b.id = $1",
        helper,
    )
    return found
