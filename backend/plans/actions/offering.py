"""When an offer that the person declined may be made again; nobody is asked to make it."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from backend import clock
from backend.database import connection
from backend.errors import NotFromThisState
from backend.plans import rules

REST = timedelta(days=60)
_AGAIN = frozenset({"dormant", "declined", "not_needed"})

# The last no to each part of a plan as a whole, and to one row, to which no yes came after it.
# A row that goes on is past the no that it once had.
_NOES = """
SELECT n.pathway, max(n.at) AS at FROM (
    SELECT a.pathway, a.recorded_at AS at FROM participation a
     WHERE a.plan = $1 AND a.milestone IS NULL AND a.answer = 'declined'
       AND ($2::text IS NULL OR a.pathway = $2)
       AND NOT EXISTS (SELECT 1 FROM participation y WHERE y.plan = a.plan
              AND y.pathway = a.pathway AND (y.milestone IS NULL OR y.milestone = $3)
              AND y.answer IN ('offered', 'accepted') AND y.recorded_at > a.recorded_at)
    UNION ALL
    SELECT m.pathway, e.at FROM milestone m
      JOIN milestone_event e ON e.milestone = m.id AND e.kind = 'state' AND e.after = 'declined'
     WHERE m.id = $3 AND m.state = 'declined'
       AND NOT EXISTS (SELECT 1 FROM participation y WHERE y.milestone = m.id
              AND y.answer IN ('offered', 'accepted') AND y.recorded_at > e.at)) AS n
 GROUP BY n.pathway
"""


async def parts_again_from(plan: Mapping[str, Any]) -> Mapping[str, date]:
    """The parts of a plan that the person declined as a whole of late, and the day on which each
    may be offered again. For who has been let in as a worker.
    """
    found = await connection().fetch(_NOES, plan["id"], None, None)
    days = {row["pathway"]: again_from(row["at"], plan["zone"]) for row in found}
    today = clock.today(plan["zone"])
    return {pathway: day for pathway, day in days.items() if day > today}


async def row_again_from(plan: Mapping[str, Any], row: Mapping[str, Any]) -> date | None:
    """The day on which a row may be offered again; None where nothing stands against it.

    Of a part of the plan that was declined it is what can be left as a whole: never what keeps
    somebody safe or must be there on the day, and never a relative's or mentor's own.
    """
    if not (row["state"] in _AGAIN and rules.hangs_on_a_yes(row) and rules.is_own_offer(row)):
        return None
    found = await connection().fetchrow(_NOES, plan["id"], row["pathway"], row["id"])
    day = found and again_from(found["at"], plan["zone"])
    return day if day and day > clock.today(plan["zone"]) else None


def again_from(declined_at: datetime, zone: str) -> date:
    """Sixty civil days after a no, where the plan is."""
    return declined_at.astimezone(ZoneInfo(zone)).date() + REST


def check_again(day: date | None, *, person_asks: bool) -> None:
    """Raises NotFromThisState before the day, unless the person asks for it."""
    if day is not None and not person_asks:
        raise NotFromThisState(
            f"It was declined: it can be offered again from {day} on, or when the person asks."
        )
