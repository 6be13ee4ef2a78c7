"""The clocks of incidents and complaints: a human is told as they run out. Nothing is ever sent."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

from backend import clock
from backend.agencies.countries import profile_of
from backend.alerts.actions import open_task
from backend.complaints import rules as complaints
from backend.database import fetch_at_once, transaction
from backend.incidents import rules as incidents
from workflows.rounds import Round

# Who could do it: `first` are asked at once, everybody when it is late or there is none of these.
A_WEEK = timedelta(days=7)
_INCIDENTS = """
SELECT i.*, a.zone, d.working_days, a.country,
       ARRAY(SELECT s.id FROM staff s WHERE s.id = i.recorded_by AND s.active) AS first,
       ARRAY(SELECT s.id FROM staff s WHERE s.agency = i.agency AND s.active
                AND s.role IN ('CO', 'DP')) AS everybody
  FROM incident i JOIN agency a ON a.id = i.agency JOIN calendar d ON d.id = a.id
 WHERE i.closed_at IS NULL ORDER BY i.id
"""
_COMPLAINTS = """
SELECT c.*, a.zone, d.working_days, d.closed, a.closes, a.complaint_days,
       ARRAY(SELECT DISTINCT s.id FROM mandate m JOIN staff s ON s.id = m.actor AND s.active
              WHERE m.person = c.person AND m.role = 'CO' AND m.glass IS NULL AND m.starts <= $1
                AND (m.ends IS NULL OR m.ends > $1) AND s.role = 'CO' AND s.agency = c.agency
                AND s.id IS DISTINCT FROM c.about
                AND NOT is_barred(c.person, s.id, 'CO')) AS first,
       ARRAY(SELECT s.id FROM staff s WHERE s.agency = c.agency AND s.active
                AND (s.role = 'DP' OR (s.role = 'CO' AND NOT is_barred(c.person, s.id, 'CO')))
                AND s.id IS DISTINCT FROM c.about) AS everybody
  FROM complaint c JOIN agency a ON a.id = c.agency JOIN calendar d ON d.id = a.id
  JOIN subject_key k ON k.id = c.subject AND k.wrapped IS NOT NULL
 WHERE c.answered_at IS NULL ORDER BY c.id
"""

# Whoever looks from outside; where there is nobody, the coordinators hear that they need somebody.
_REVIEWS = """
SELECT r.id, s.id AS who, s.agency, r.done_at
  FROM outside_review r JOIN agency a ON a.id = r.agency
  JOIN staff s ON s.active AND s.id <> r.done_by
       AND ((s.agency = r.agency AND s.role = 'DP')
            OR (s.agency = a.reviewer AND s.role IN ('CO', 'DP')))
 WHERE r.reviewed_at IS NULL
UNION ALL
SELECT r.id, s.id, s.agency, r.done_at
  FROM outside_review r JOIN agency a ON a.id = r.agency
  JOIN staff s ON s.active AND s.agency = r.agency AND s.role = 'CO'
 WHERE r.reviewed_at IS NULL AND NOT EXISTS (
       SELECT 1 FROM staff o WHERE o.active AND o.id <> r.done_by
          AND ((o.agency = r.agency AND o.role = 'DP')
               OR (o.agency = a.reviewer AND o.role IN ('CO', 'DP'))))
"""

_REVIEWED = """
UPDATE task SET closed_at = $1, outcome = 'reviewed', version = version + 1
 WHERE kind = 'outside-review' AND closed_at IS NULL
   AND subject IN (SELECT id FROM outside_review WHERE reviewed_at IS NOT NULL)
"""


# On most days nothing of all this is open anywhere: one look says so.
_ANYTHING = """
SELECT EXISTS (SELECT FROM incident WHERE closed_at IS NULL)
    OR EXISTS (SELECT FROM complaint WHERE answered_at IS NULL)
    OR EXISTS (SELECT FROM outside_review WHERE reviewed_at IS NULL)
    OR EXISTS (SELECT FROM task WHERE kind = 'outside-review' AND closed_at IS NULL)
"""


async def watch_duties() -> None:
    """Open the tasks that are due; running twice, or late, opens none a second time.

    What cannot be counted of one keeps no other from being told.
    """
    if not (await fetch_at_once(_ANYTHING))[0][0]:
        return
    now, round_ = clock.now(), Round("watch_duties")
    await fetch_at_once(_REVIEWED, now)
    for act, rows in (
        (_incident, await fetch_at_once(_INCIDENTS)),
        (_complaint, await fetch_at_once(_COMPLAINTS, now)),
        (_review, await fetch_at_once(_REVIEWS)),
    ):
        for row in rows:
            with round_.one(row["agency"]):
                async with transaction():
                    await act(row, now)
    round_.end()


async def _incident(row: Any, now: datetime) -> None:
    due = incidents.due_of(row, profile_of(row["country"]))
    step = due and incidents.step_at(now, row["noticed_at"], due)
    if due and step:
        day = row["noticed_at"].astimezone(UTC).date()
        await _tell("incident-due", step, row, due, day)


async def _complaint(row: Any, now: datetime) -> None:
    due = complaints.due_of(row)
    if due:
        await _tell("complaint-due", complaints.step_at(now, due), row, due, row["received_on"])


async def _review(row: Any, _: datetime) -> None:
    await open_task(
        "outside-review",
        agency=row["agency"],
        plan=None,
        subject=row["id"],
        local_due=row["done_at"].astimezone(UTC).date(),
        role="CO",
        assignee=row["who"],
        about=row["who"],
        due_at=row["done_at"] + A_WEEK,
    )


async def _tell(kind: str, step: str, row: Any, due: datetime, day: date) -> None:
    late = step == "late"
    whom: Collection[Any] = row["everybody"] if late or not row["first"] else row["first"]
    for who in whom:
        await open_task(
            kind,
            agency=row["agency"],
            plan=None,
            subject=row["id"],
            local_due=day,
            step=step,
            role="CO",
            assignee=who,
            about=who,
            due_at=due,
            urgency=int(late),
        )
