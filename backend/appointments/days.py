"""What to think of on the days of a plan's dates. Words for who plans them, never a refusal."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from backend import clock
from backend.access import Actor, find_plan
from backend.appointments import rules
from backend.appointments.standing import how_they_stand
from backend.calendars.rules import open_days, seasons_of
from backend.database import connection, transaction

_COMING = """
SELECT id, held_on, held_at, travel_checked FROM appointment
 WHERE plan = $1 AND state = ANY ($2) AND held_on BETWEEN $3::date AND $3::date + 6
   AND ($4::text IS NULL OR role = $4)
"""


async def first_week_of(
    plan: Mapping[str, Any], begins: date | None = None
) -> Mapping[date, frozenset[str]]:
    """`rules.first_week` of a plan's dates as far as its reader sees them.

    From the day of leaving, or of release; `begins` is that of a move. For who has been let in.
    """
    left, today = plan["left_custody_at"], clock.today(plan["zone"])
    if left is not None:
        begins = left.astimezone(ZoneInfo(plan["zone"])).date()
    first = begins or plan["release_date"]
    own = None if plan["mandate"] in rules.EVERYWHERE else plan["mandate"]
    rows = await connection().fetch(_COMING, plan["id"], sorted(rules.COMING), first, own)
    return rules.first_week(rows, first, today)


# The offices of the plan's place: its days and seasons, and the hours of its agency.
_OFFICES = """
SELECT c.working_days, c.closed, c.seasons, a.opens, a.closes FROM plan p
  JOIN agency a ON a.id = p.agency JOIN calendar c ON c.id = coalesce(p.calendar, p.agency)
 WHERE p.id = $1
"""
_OWN = """
SELECT id, held_on, held_at, state, travel_checked, moved_from, waits_for FROM appointment
 WHERE plan = $1 AND ($2::text IS NULL OR role = $2)
"""


async def day_of(actor: Actor, id_: UUID) -> frozenset[str]:
    """What to think of on the day of a date that was just written, as far as the actor sees it."""
    async with transaction(actor.id) as held:
        row = await held.fetchrow("SELECT * FROM appointment WHERE id = $1", id_)
        plan = await find_plan(actor, row and row["plan"], group="appointments", by_glass=True)
        if row["state"] not in rules.COMING:
            return frozenset()
        of_the_week = (await first_week_of(plan)).get(row["held_on"], frozenset())
        offices = await _offices(plan)
        return of_the_week | rules.unusual(row["held_on"], row["held_at"], offices)


async def _offices(plan: Mapping[str, Any]) -> rules.Offices:
    row = await connection().fetchrow(_OFFICES, plan["id"])
    return rules.Offices(open_days(row), row["opens"], row["closes"], seasons_of(row))


async def besides(plan: Mapping[str, Any]) -> Mapping[UUID, Mapping[str, Any]]:
    """Of each date that its reader sees what the plan itself does not say. For who was let in.

    Whether somebody knows the way, what it was before, whose yes it waits for, how it `stands`,
    and what is `unusual` about its day and hour.
    """
    held = connection()
    own = None if plan["mandate"] in rules.EVERYWHERE else plan["mandate"]
    offices = await _offices(plan)
    rows = await held.fetch(_OWN, plan["id"], own)
    stand = await how_they_stand(plan, [row["id"] for row in rows])
    return {
        row["id"]: {
            **row,
            "stands": stand[row["id"]],
            "unusual": rules.unusual(row["held_on"], row["held_at"], offices),
        }
        for row in rows
    }
