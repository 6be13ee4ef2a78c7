"""Days on which offices are closed: who is asked to confirm them, and what moves off them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor
from backend.alerts.actions import open_task
from backend.calendars.rules import AHEAD, open_days
from backend.database import connection, fetch_at_once, transaction
from backend.messages import outbox
from backend.plans import rules
from backend.plans.actions.writing import set_days
from workflows.rounds import Round

TO_CONFIRM = "days-to-confirm"
CLOSED_DAY = "closed-day"

# Whoever could confirm them and has a list of tasks: the coordinators.
_UNCONFIRMED = """
SELECT c.id, c.agency, s.id AS coordinator, date_trunc('month', n.today)::date AS month
  FROM calendar c JOIN agency a ON a.id = c.agency
 CROSS JOIN LATERAL (SELECT ($1::timestamptz AT TIME ZONE a.zone)::date AS today) AS n
  JOIN staff s ON s.agency = c.agency AND s.role = 'CO' AND s.active
 WHERE (c.confirmed_until IS NULL OR c.confirmed_until < n.today + $2::int)
   AND NOT EXISTS (SELECT 1 FROM task t WHERE t.kind = $3 AND t.subject = c.id
                      AND t.assignee = s.id AND t.closed_at IS NULL)
"""
_CONFIRMED = """
UPDATE task t SET closed_at = $1, outcome = 'confirmed', version = t.version + 1
  FROM calendar c JOIN agency a ON a.id = c.agency
 WHERE t.kind = $3 AND t.closed_at IS NULL AND c.id = t.subject
   AND c.confirmed_until >= ($1::timestamptz AT TIME ZONE a.zone)::date + $2::int
"""
_CHANGED = """
SELECT c.*, s.role AS changed_as FROM calendar c JOIN staff s ON s.id = c.changed_by
 WHERE c.rolled_version < c.version ORDER BY c.id
"""
_ON_A_CLOSED_DAY = """
SELECT m.* FROM milestone m
  JOIN plan p ON p.id = m.plan AND p.state <> ALL ($2)
  JOIN calendar c ON c.id = coalesce(p.calendar, p.agency)
 WHERE c.id = $1 AND m.anchor <> 'return_to_custody' AND m.state = ANY ($3) AND NOT m.pinned
   AND m.due_on > ($4::timestamptz AT TIME ZONE p.zone)::date AND NOT is_open(m.due_on, c)
   AND ($5::uuid IS NULL OR m.plan = $5)
"""


async def calendars() -> None:
    """Ask the coordinators for the days of the next months, and move steps off closed days."""
    now, round_ = clock.now(), Round("calendars")
    async with transaction() as held:
        await held.execute(_CONFIRMED, now, AHEAD.days, TO_CONFIRM)
    for row in await fetch_at_once(_UNCONFIRMED, now, AHEAD.days, TO_CONFIRM):
        with round_.one(row["agency"]):
            async with transaction():
                await _ask(row)
    for calendar in await fetch_at_once(_CHANGED):
        with round_.one(calendar["agency"]):
            await _roll(calendar)
    round_.end()


async def _ask(row: Mapping[str, Any]) -> None:
    """Once a month, for as long as nobody has said it."""
    await open_task(
        TO_CONFIRM,
        agency=row["agency"],
        plan=None,
        subject=row["id"],
        about=row["coordinator"],
        assignee=row["coordinator"],
        role="CO",
        local_due=row["month"],
    )


async def _roll(calendar: Mapping[str, Any]) -> None:
    """Plan by plan; a round that is broken off begins again, and finds what is left."""
    found = await fetch_at_once(_ON_A_CLOSED_DAY, *_asked(calendar, None))
    for plan in sorted({row["plan"] for row in found if _moves(row)}):
        async with transaction():
            await _roll_plan(calendar, plan)
    async with transaction() as held:
        await held.execute(
            "UPDATE calendar SET rolled_version = $2 WHERE id = $1",
            calendar["id"],
            calendar["version"],
        )


def _asked(calendar: Mapping[str, Any], plan: UUID | None) -> tuple[object, ...]:
    return (calendar["id"], sorted(rules.OVER), sorted(rules.OPEN), clock.now(), plan)


def _moves(row: Mapping[str, Any]) -> bool:
    return rules.rolls(row["code"], rules.day_of(row))


async def _roll_plan(calendar: Mapping[str, Any], id_: UUID) -> None:
    """In the name of whoever closed the day. What was asked about the old day falls away."""
    held = connection()
    plan = await held.fetchrow("SELECT * FROM plan WHERE id = $1 FOR NO KEY UPDATE", id_)
    rows = await held.fetch(
        f"{_ON_A_CLOSED_DAY} ORDER BY m.id FOR UPDATE OF m", *_asked(calendar, id_)
    )
    days, today = open_days(calendar), clock.today(plan["zone"])
    moved = []
    for row in filter(_moves, rows):
        rolled = days.back(row["due_on"]) if rules.day_of(row) < 0 else days.on(row["due_on"])
        moved.append((row, max(rolled, today)))
    actor = Actor(calendar["changed_by"], "staff", calendar["changed_as"], calendar["agency"])
    await outbox.cancel_about(await set_days(actor, plan, moved, what=CLOSED_DAY), "moved")
