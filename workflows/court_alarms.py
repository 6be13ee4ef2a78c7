"""A court's machine asks for too much, or for a file of nobody: a human is told, once a day."""

from datetime import timedelta

from backend import clock
from backend.alerts.actions import SOON
from backend.database import fetch_at_once

A_DAY_OR_TWO = timedelta(days=2)
# A task for each coordinator of the client's agency, for the administrators where there is none.
# It names the machine (`subject`) and whom it is for, and never a person, plan or reference.
_TELL = """
INSERT INTO task (id, agency, plan, version, kind, step, role, assignee, subject, about,
                  local_due, due_at, urgency, opened_at)
SELECT gen_random_uuid(), c.agency, NULL, 1, a.kind, '', s.role, s.id, c.id, s.id,
       d.day, $1::timestamptz + $2::interval, 1, $1
  FROM court_day d JOIN court_client c ON c.id = d.client
  JOIN LATERAL (VALUES ('court-quota', d.pulls > c.daily_quota),
                       ('court-canary', d.canaries > 0)) AS a (kind, holds) ON a.holds
  JOIN staff s ON s.agency = c.agency AND s.active AND s.role = CASE WHEN EXISTS (
       SELECT 1 FROM staff o WHERE o.agency = c.agency AND o.active AND o.role = 'CO')
       THEN 'CO' ELSE 'AD' END
 WHERE d.day >= $3
ON CONFLICT (kind, step, subject, about, local_due) DO NOTHING
"""


async def court_alarms() -> None:
    """Open the tasks that are due; running twice, or late by a day, changes nothing."""
    now = clock.now()
    await fetch_at_once(_TELL, now, SOON, (now - A_DAY_OR_TWO).date())
