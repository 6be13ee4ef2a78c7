"""A vetting that runs out, or holds no more, is a matter for humans; nothing ends by itself."""

from backend import clock
from backend.alerts.actions import SOON
from backend.database import fetch_at_once
from backend.mentors.rules import ASK_BEFORE

# Each coordinator of the agency, once for each vetting.
_DUE = """
INSERT INTO task (id, agency, plan, version, kind, step, role, assignee, subject, about, local_due,
                  due_at, urgency, opened_at)
SELECT gen_random_uuid(), t.agency, NULL, 1, 'vetting-due', '', 'CO', s.id, t.id, s.id,
       t.valid_until, $1::timestamptz + $2::interval, 0, $1
  FROM mentor t JOIN agency a ON a.id = t.agency
  JOIN staff s ON s.agency = t.agency AND s.role = 'CO' AND s.active
 WHERE t.ended_at IS NULL
   AND t.valid_until <= ($1::timestamptz AT TIME ZONE a.zone)::date + $3::int
ON CONFLICT (kind, step, subject, about, local_due) DO NOTHING
"""
_RENEWED = """
UPDATE task k SET closed_at = $1, outcome = 'renewed', version = k.version + 1
  FROM mentor t WHERE k.kind = 'vetting-due' AND k.closed_at IS NULL AND t.id = k.subject
   AND (t.ended_at IS NOT NULL OR t.valid_until IS DISTINCT FROM k.local_due)
"""
# Once it holds again, or another was written down.
_VETTED_ANEW = """
UPDATE task k SET closed_at = $1, outcome = 'renewed', version = k.version + 1
  FROM member b JOIN mentor t ON t.id = b.mentor JOIN agency a ON a.id = t.agency
 WHERE k.kind = 'mentor-unvetted' AND k.closed_at IS NULL AND b.id = k.about
   AND (t.valid_until >= ($1::timestamptz AT TIME ZONE a.zone)::date
        OR coalesce(t.valid_until, t.vetted_on) IS DISTINCT FROM k.local_due)
"""
# The worker of each person whom they support, once it holds no more.
_LAPSED = """
INSERT INTO task (id, agency, plan, version, kind, step, role, subject, about, local_due, due_at,
                  urgency, opened_at)
SELECT gen_random_uuid(), p.agency, p.id, 1, 'mentor-unvetted', '', 'SW', p.id, b.id,
       coalesce(t.valid_until, t.vetted_on), $1::timestamptz + $2::interval, 1, $1
  FROM mentor t JOIN agency a ON a.id = t.agency JOIN member b ON b.mentor = t.id
  JOIN mandate m ON m.actor = b.id AND m.role = 'ME' AND m.starts <= $1
   AND (m.ends IS NULL OR m.ends > $1)
  JOIN plan p ON p.id = m.plan
 WHERE t.vetted_on IS NOT NULL AND (t.valid_until IS NULL
       OR t.valid_until < ($1::timestamptz AT TIME ZONE a.zone)::date)
ON CONFLICT (kind, step, subject, about, local_due) DO NOTHING
"""


async def mentor_care() -> None:
    """Open the tasks that are due; running twice, or late, opens none a second time."""
    now = clock.now()
    await fetch_at_once(_RENEWED, now)
    await fetch_at_once(_VETTED_ANEW, now)
    await fetch_at_once(_DUE, now, SOON, ASK_BEFORE.days)
    await fetch_at_once(_LAPSED, now, SOON)
