"""A worker is asked to talk again: about needs, or about an offer that the person put off.

The tasks are the social worker's and nobody else's, and none says what is the matter with anybody.
"""

from datetime import timedelta

from backend import clock
from backend.alerts.actions import SOON
from backend.database import fetch_at_once
from backend.plans.rules import RUNNING

FAR = timedelta(days=30)  # a release date that moved further asks for another review
LONG = timedelta(days=90)  # and so does this much time since the last

# Of the last review that was closed, where none is open and nobody is asked for one already. Once
# for each day that asks: who closed the task without a review is not asked for the same again.
_NEEDS = """
INSERT INTO task (id, agency, plan, version, kind, step, role, subject, about, local_due, due_at,
                  urgency, opened_at)
SELECT gen_random_uuid(), p.agency, p.id, 1, 'needs-review', w.step, 'SW', p.id, p.person, w.day,
       $1::timestamptz + $2::interval, 0, $1
  FROM plan p
 CROSS JOIN LATERAL (SELECT r.held_on, r.closed_at FROM needs_review r
        WHERE r.plan = p.id AND r.closed_at IS NOT NULL ORDER BY r.closed_at DESC LIMIT 1) l
 CROSS JOIN LATERAL (
       SELECT 'ninety-days' AS step, (l.held_on + $3::interval)::date AS day
        WHERE (l.held_on + $3::interval)::date <= ($1::timestamptz AT TIME ZONE p.zone)::date
        UNION ALL
       SELECT 'date-moved', (max(m.at) AT TIME ZONE p.zone)::date FROM release_move m
        WHERE m.plan = p.id AND m.at > l.closed_at AND p.left_custody_at IS NULL
       HAVING abs(p.release_date - (array_agg(m.date_before ORDER BY m.at))[1])
              > extract(days FROM $4::interval)) w
 WHERE p.state::text = ANY ($5)
   AND NOT EXISTS (SELECT 1 FROM needs_review r WHERE r.plan = p.id AND r.closed_at IS NULL)
   AND NOT EXISTS (SELECT 1 FROM task t WHERE t.subject = p.id AND t.kind = 'needs-review'
                      AND t.closed_at IS NULL)
ON CONFLICT (kind, step, subject, about, local_due) DO NOTHING
"""
# On the day that the person chose, if they have not answered since, for the row or for its whole
# pathway, and the row has not gone on otherwise.
_OFFERS = """
INSERT INTO task (id, agency, plan, version, kind, step, role, subject, local_due, due_at, urgency,
                  opened_at)
SELECT gen_random_uuid(), a.agency, a.plan, 1, 'ask-again', '', 'SW', coalesce(a.milestone, a.id),
       a.again_on, $1::timestamptz + $2::interval, 0, $1
  FROM participation a JOIN plan p ON p.id = a.plan AND p.state::text = ANY ($3)
 WHERE a.again_on <= ($1::timestamptz AT TIME ZONE p.zone)::date
   AND NOT EXISTS (SELECT 1 FROM participation n WHERE n.plan = a.plan AND n.pathway = a.pathway
                      AND (n.milestone IS NULL OR n.milestone = a.milestone)
                      AND n.recorded_at > a.recorded_at)
   AND NOT EXISTS (SELECT 1 FROM milestone m WHERE m.id = a.milestone
                      AND m.state::text <> ALL (ARRAY['dormant', 'planned']))
ON CONFLICT (kind, step, subject, about, local_due) DO NOTHING
"""


async def ask_anew() -> None:
    """Open the tasks that are due; running twice, or late, opens none a second time."""
    now, running = clock.now(), sorted(RUNNING)
    await fetch_at_once(_NEEDS, now, SOON, LONG, FAR, running)
    await fetch_at_once(_OFFERS, now, SOON, running)
