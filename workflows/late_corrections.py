"""A correction that nobody has answered in ten working days becomes the coordinator's task."""

from backend import clock
from backend.alerts.actions import SOON
from backend.database import fetch_at_once

# Its own civil day where the plan is; a task for each, once. The right goes on when a plan is over,
# and ends with who had it.
_LATE = """
INSERT INTO task (id, agency, plan, version, kind, step, role, subject, local_due, due_at,
                  urgency, opened_at)
SELECT gen_random_uuid(), c.agency, c.plan, 1, 'correction-late', '', 'CO', c.id, c.due_on,
       $1::timestamptz + $2::interval, 1, $1
  FROM correction c JOIN plan p ON p.id = c.plan
 WHERE c.answered_at IS NULL AND c.due_on < ($1::timestamptz AT TIME ZONE p.zone)::date
   AND EXISTS (SELECT 1 FROM subject_key k WHERE k.id = p.person AND k.wrapped IS NOT NULL)
ON CONFLICT (kind, step, subject, about, local_due) DO NOTHING
"""


async def late_corrections() -> None:
    """Open the tasks that are due; running twice, or late by a day, changes nothing."""
    await fetch_at_once(_LATE, clock.now(), SOON)
