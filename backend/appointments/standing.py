"""How a date stands for whoever wants to change it: what its own row does not say."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from backend import clock
from backend.appointments import rules
from backend.appointments.rules import Standing
from backend.database import connection
from backend.plans.rules import OVER

_STAND = """
SELECT a.id, a.held_on, a.held_at, a.zone, a.waits_for,
       EXISTS (SELECT 1 FROM appointment n WHERE n.moved_from = a.id) AS moved,
       EXISTS (SELECT 1 FROM mandate m WHERE m.plan = a.plan AND m.role = a.waits_for
                  AND m.glass IS NULL AND m.starts <= $2 AND (m.ends IS NULL OR m.ends > $2))
           AS somebody
  FROM appointment a WHERE a.id = ANY ($1)
"""


async def how_they_stand(plan: Mapping[str, Any], dates: Sequence[UUID]) -> Mapping[UUID, Standing]:
    """Of dates of this plan, for whoever was let in with its `mandate`.

    A yes is the other side's; where nobody is there, the worker's.
    """
    now, mandate = clock.now(), plan["mandate"]
    return {
        row["id"]: Standing(
            over=plan["state"] in OVER,
            moved=row["moved"],
            passed=rules.instant(row["held_on"], row["held_at"], row["zone"]) <= now,
            may_agree=mandate == row["waits_for"]
            or (not row["somebody"] and mandate in rules.EVERYWHERE),
        )
        for row in await connection().fetch(_STAND, dates, now)
    }
