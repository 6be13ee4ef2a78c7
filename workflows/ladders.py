"""What waits for an answer, and when the next human is told: rows with an instant, `at`.

Every ladder is one statement that says which tasks fall due when, the future ones too.
`escalate` writes those that are due, and `wake` looks when the next one will be: one
set of words for both, so that they cannot disagree. $1 is now.
"""

from collections.abc import Sequence
from functools import cache

from backend.appointments.rules import NOT_AGREED
from backend.messages import rules
from backend.messages.questions import RELEASE_AT
from backend.messages.rules import Step
from workflows.statements import Part, together

# The calendar of a plan's place: its own, or the agency's.
OFFICES = "JOIN calendar s ON s.id = coalesce(p.calendar, p.agency)"
RUNNING = "p.state IN ('active_inside', 'active_outside', 'step_down')"


# An ask that was sent, whose matter is still open as it was when it was asked about. An answer
# about last week is none about this one.
_ASKED = f"""
  FROM message a
  JOIN unnest($2::text[], $3::text[], $4::int[]) AS q(rule, step, days)
       ON q.rule = a.rule AND q.step = a.step
  {{more}}
  JOIN plan p ON p.id = a.plan AND {RUNNING}
  JOIN link l ON l.id = a.link AND l.state = 'active'
  JOIN milestone m ON m.id = a.subject AND m.state IN ('planned', 'in_progress')
       AND m.due_on = a.local_due - q.days
 WHERE a.state = 'sent' AND a.answered_at IS NULL
   AND a.sent_at > $1::timestamptz - interval '9 days'
   AND NOT EXISTS (SELECT 1 FROM message b WHERE b.rule = a.rule AND b.subject = a.subject
                   AND b.recipient = a.recipient AND b.answered_at > a.sent_at
                   AND (m.repeat_days IS NULL OR b.local_due = a.local_due))
"""
# Asked once more, the same person: one repeat for one matter, however often it is asked about.
REPEATS = f"""
SELECT a.*, a.sent_at + $5::interval AS at {_ASKED.format(more="")} AND a.rule = ANY ($6::text[])
   AND NOT EXISTS (SELECT 1 FROM message b WHERE b.rule = a.rule AND b.subject = a.subject
                   AND b.recipient = a.recipient AND b.step = 'repeat'
                   AND b.local_due <> a.local_due AND b.local_due > a.local_due - 7)
"""
_SILENCES = """JOIN unnest($5::text[], $6::interval[], $7::text[], $8::text[], $9::text[])
       AS k(rule, after, step, role, task) ON k.rule = a.rule"""
_SILENT = f"""
SELECT a.agency, a.plan, k.task AS kind, k.step, k.role, NULL::uuid AS assignee, a.subject,
       a.recipient AS about, a.local_due, a.sent_at + k.after AS at, 0 AS urgency
{_ASKED.format(more=_SILENCES)}
"""
# A relative who says nothing to the welcome is called: perhaps the chat is not theirs.
_WELCOME = f"""
SELECT a.agency, a.plan, 'welcome-unanswered' AS kind, 'silent-welcome' AS step, 'SW' AS role,
       NULL::uuid AS assignee, a.subject, a.recipient AS about, a.local_due,
       a.sent_at + $2::interval AS at, 0 AS urgency
  FROM message a JOIN plan p ON p.id = a.plan AND {RUNNING}
  JOIN link l ON l.id = a.link AND l.state = 'active'
 WHERE a.key = 'WELCOME-F' AND a.state = 'sent' AND a.answered_at IS NULL
   AND a.sent_at > $1::timestamptz - interval '9 days'
"""
# The third cycle of a rhythm without an answer: the coordinator calls, not to reproach but to care.
_CYCLES = f"""
SELECT a.agency, a.plan, 'mentor-care-call' AS kind, 'silent-3' AS step, 'CO' AS role,
       NULL::uuid AS assignee, a.plan AS subject, a.recipient AS about,
       max(a.local_due) AS local_due, max(a.sent_at) + $2::interval AS at, 0 AS urgency
  FROM message a JOIN plan p ON p.id = a.plan AND {RUNNING}
  JOIN link l ON l.id = a.link AND l.state = 'active'
 WHERE a.rule = 'CONTACT' AND a.step = 'ask' AND a.state = 'sent'
   AND a.sent_at > $1::timestamptz - interval '100 days'
   AND a.sent_at > coalesce((SELECT max(b.answered_at) FROM message b WHERE b.rule = 'CONTACT'
        AND b.recipient = a.recipient AND b.plan = a.plan), '-infinity')
 GROUP BY a.agency, a.plan, a.recipient HAVING count(*) = $3
"""
_STEPS = """unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::time[], $8::int[])
       AS k(rule, kind, step, role, days, at, urgency)"""
# Whoever said "I have it", or closed it, has the matter: the step above is not needed.
_TAKEN = """EXISTS (SELECT 1 FROM task t WHERE t.subject = {subject} AND t.kind = k.kind
                   AND t.local_due = {day}
                   AND (t.acknowledged_at IS NOT NULL OR t.closed_by IS NOT NULL))"""
# On a closed day a step moves to the open day before: there it asks whether the last question
# that was put by then has been answered. Otherwise it waits for its own hour. What was asked about
# another date, or settled for one, counts for nothing here.
_OF_THIS_DATE = f"{RELEASE_AT.format(at='a.created_at')} = p.release_date"
_DONE_AT = """(SELECT max(e.at) FROM milestone_event e
                WHERE e.milestone = g.id AND e.kind = 'state' AND e.after = 'done')"""
_GATE = f"""
SELECT p.agency, p.id AS plan, k.kind, k.step, k.role, NULL::uuid AS assignee, g.id AS subject,
       NULL::uuid AS about, p.release_date AS local_due,
       CASE WHEN last.yes THEN h.own ELSE h.before END AS at, k.urgency
  FROM plan p {OFFICES} CROSS JOIN {_STEPS}
  JOIN milestone g ON g.plan = p.id AND g.code = 'GAT-01'
       AND (g.state IN ('planned', 'in_progress')
            OR (g.state = 'done' AND {RELEASE_AT.format(at=_DONE_AT)} <> p.release_date))
 CROSS JOIN LATERAL (
       SELECT (p.release_date + k.days + k.at) AT TIME ZONE p.zone AS own,
              greatest(open_day(p.release_date + k.days, s) + k.at,
                       p.release_date - 7 + $9::time) AT TIME ZONE p.zone AS before) AS h
  LEFT JOIN LATERAL (
       SELECT a.answer <> 'no' AS yes FROM message a
         JOIN member b ON b.id = a.recipient AND b.gate = 'first'
        WHERE a.subject = g.id AND a.sent_at <= h.before AND {_OF_THIS_DATE}
        ORDER BY a.sent_at DESC LIMIT 1) AS last ON true
 WHERE p.state = 'active_inside' AND p.certainty = 'confirmed'
   AND p.release_date >= ($1::timestamptz AT TIME ZONE p.zone)::date
   AND NOT EXISTS (SELECT 1 FROM task u WHERE u.subject = p.id AND u.kind = 'unplanned-release'
                    AND u.local_due = p.release_date)  -- let go at once: staff were called at once
   AND NOT EXISTS (SELECT 1 FROM message a JOIN member b ON b.id = a.recipient AND b.gate = 'first'
                    WHERE a.subject = g.id AND a.rule = k.rule AND a.answer <> 'no'
                      AND {_OF_THIS_DATE})
   AND NOT (k.role = 'CO' AND {_TAKEN.format(subject="g.id", day="p.release_date")})
"""
_DAY_ITSELF = """
SELECT p.agency, p.id AS plan, 'gate-unanswered' AS kind, 'silent-' || k.role AS step, k.role,
       NULL::uuid AS assignee, g.id AS subject, NULL::uuid AS about, p.release_date AS local_due,
       (p.release_date + p.release_time) AT TIME ZONE p.zone + k.after AS at, 2 AS urgency
  FROM plan p CROSS JOIN unnest($2::interval[], $3::text[]) AS k(after, role)
  JOIN milestone g ON g.plan = p.id AND g.code = 'GAT-01'
       AND g.state IN ('planned', 'in_progress', 'done')
 WHERE p.state IN ('active_inside', 'active_outside') AND p.certainty = 'confirmed'
   AND p.release_date >= ($1::timestamptz AT TIME ZONE p.zone)::date - 1
   AND (p.left_custody_at IS NULL
        OR (p.left_custody_at AT TIME ZONE p.zone)::date = p.release_date)
   AND NOT EXISTS (SELECT 1 FROM message a WHERE a.subject = g.id AND a.rule = 'GATE-0'
                   AND a.answered_at IS NOT NULL AND a.local_due = p.release_date)
   AND NOT EXISTS (SELECT 1 FROM milestone d WHERE d.plan = p.id AND d.code = 'MEN-07'
                   AND d.state = 'done')
   AND NOT EXISTS (SELECT 1 FROM task t WHERE t.subject = g.id AND t.kind = 'gate-unanswered'
                   AND t.local_due = p.release_date AND t.step = 'silent-SW' AND k.role = 'CO'
                   AND (t.acknowledged_at IS NOT NULL OR t.closed_by IS NOT NULL))
"""
# What would fall on the second of two closed days has moved together with that of the first.
MOVED_ONCE = "(k.days < 2 OR open_day({left} + k.days, s) >= {left} + k.days - 1)"
# From the recorded day of leaving: the first night, and the first contact.
_LEAVING = f"""
SELECT p.agency, p.id AS plan, k.kind, k.step, k.role, NULL::uuid AS assignee, m.id AS subject,
       NULL::uuid AS about, d.left_on AS local_due,
       greatest(p.left_custody_at + $9::interval,
                (greatest(open_day(d.left_on + k.days, s), d.left_on) + k.at)
                AT TIME ZONE p.zone) AS at, k.urgency
  FROM plan p {OFFICES} CROSS JOIN {_STEPS}
 CROSS JOIN LATERAL (SELECT (p.left_custody_at AT TIME ZONE p.zone)::date AS left_on) AS d
  JOIN milestone m ON m.plan = p.id AND m.message = k.rule AND m.code <> 'FAR-02'
       AND m.state IN ('planned', 'in_progress') AND (m.said_by IS NULL OR k.role = 'PO')
 WHERE p.state = 'active_outside' AND p.left_custody_at > $1::timestamptz - interval '7 days'
   AND (k.role IN ('SW', 'CO') OR EXISTS (SELECT 1 FROM mandate h WHERE h.plan = p.id
        AND h.role = k.role AND h.starts <= $1 AND (h.ends IS NULL OR h.ends > $1)))
   AND (k.role = 'CO' OR {MOVED_ONCE.format(left="d.left_on")})
   AND NOT (k.step = 'silent-decide' AND {_TAKEN.format(subject="m.id", day="d.left_on")})
"""
_NOT_CONFIRMED = f"""
SELECT p.agency, p.id AS plan, $2 AS kind, $3 AS step, $4 AS role, NULL::uuid AS assignee,
       p.id AS subject, NULL::uuid AS about, p.release_date AS local_due,
       (open_day(p.release_date + $5::int, s) + $6::time) AT TIME ZONE p.zone AS at,
       0 AS urgency
  FROM plan p {OFFICES}
 WHERE p.state = 'active_inside' AND p.certainty <> 'confirmed'
   AND p.release_date > ($1::timestamptz AT TIME ZONE p.zone)::date
"""
# A date that did not happen, and nobody has heard from the person since: another way is tried.
# What follows from it is for a human alone.
_SECOND_WAY = f"""
SELECT p.agency, p.id AS plan, 'second-way' AS kind, 'silent-second' AS step, a.role,
       NULL::uuid AS assignee, a.id AS subject, NULL::uuid AS about, a.held_on AS local_due,
       (d.day + $3::time) AT TIME ZONE a.zone AS at, 0 AS urgency
  FROM appointment a JOIN plan p ON p.id = a.plan AND p.state IN ('active_outside', 'step_down')
  {OFFICES}
 CROSS JOIN LATERAL (
       SELECT n::date AS day FROM generate_series(a.held_on + 1, a.held_on + 45, '1 day') AS n
        WHERE is_open(n::date, s)
        ORDER BY n OFFSET $2 - 1 LIMIT 1) AS d
 WHERE a.state = 'missed_no_contact'
   AND a.held_on > ($1::timestamptz AT TIME ZONE a.zone)::date - 45
   AND NOT EXISTS (SELECT 1 FROM contact c WHERE c.plan = p.id AND c.outcome = 'reached'
                   AND c.made_on >= a.held_on)
"""
# A proposal to which nobody had said yes or no when its hour came: whoever proposed it looks for
# another one. The same task as after a no, so that neither says more than the other.
_PROPOSAL = f"""
SELECT a.agency, a.plan, $2 AS kind, '' AS step,
       CASE a.waits_for WHEN 'SW' THEN a.role ELSE 'SW' END AS role, NULL::uuid AS assignee,
       a.id AS subject, NULL::uuid AS about, a.held_on AS local_due,
       (a.held_on + a.held_at) AT TIME ZONE a.zone AS at, 0 AS urgency
  FROM appointment a JOIN plan p ON p.id = a.plan AND {RUNNING}
 WHERE a.state = 'proposed' AND a.held_on > ($1::timestamptz AT TIME ZONE 'UTC')::date - 8
"""
_UNOPENED = """
SELECT t.agency, t.plan, 'unopened' AS kind, 'silent-' || k.role AS step,
       CASE k.role WHEN 'DU' THEN 'CO' ELSE k.role END AS role,
       CASE k.role WHEN 'DU' THEN (SELECT h.staff FROM duty_shift h WHERE h.agency = t.agency
            AND h.starts <= $1 AND h.ends > $1 AND NOT EXISTS (SELECT 1 FROM plan b
            WHERE b.id = t.plan AND is_barred(b.person, h.staff, 'SW'))
            ORDER BY h.place LIMIT 1) END AS assignee,
       t.id AS subject, t.about, t.local_due, t.opened_at + k.after AS at, 1 AS urgency
  FROM task t CROSS JOIN unnest($2::interval[], $3::text[]) AS k(after, role)
 WHERE t.urgency >= 2 AND t.kind <> 'unopened' AND t.acknowledged_at IS NULL
   AND t.closed_at IS NULL AND t.opened_at > $1::timestamptz - interval '7 days'
"""


def asks() -> tuple[list[str], list[str], list[int]]:
    """The asks about a milestone, whose silence counts: rule, step, days from its due day."""
    every = rules.MILESTONE_ASKS
    return ([a.rule for a in every], [a.step for a in every], [a.days for a in every])


@cache
def ladders() -> Part:
    """All of them, as what a task has: its due time is `at`."""
    waits, told = zip(*rules.DAY0_SILENCES, strict=True)
    unopened, whom = zip(*rules.UNOPENED, strict=True)
    late = rules.NOT_CONFIRMED
    return together(
        1,
        Part(_SILENT, (*asks(), *_silences())),
        Part(_WELCOME, (rules.WELCOME_AFTER,)),
        Part(_CYCLES, (rules.CARE_AFTER, rules.SILENT_CYCLES)),
        Part(_GATE, (*_steps(rules.GATE_STEPS), rules.FIRST_CALL_AT)),
        Part(_DAY_ITSELF, (list(waits), list(told))),
        Part(_LEAVING, (*_steps(rules.LEAVING_STEPS), rules.LEAVING_PAUSE)),
        Part(_NOT_CONFIRMED, (late.task, late.step, late.role, late.days, late.at)),
        Part(_SECOND_WAY, (rules.SECOND_WAY_AFTER, rules.SECOND_WAY_AT)),
        Part(_PROPOSAL, (NOT_AGREED,)),
        Part(_UNOPENED, (list(unopened), list(whom))),
    )


def _silences() -> tuple[list[object], ...]:
    every = rules.SILENCES
    return (
        [s.rule for s in every],
        [s.after for s in every],
        [s.step for s in every],
        [s.role for s in every],
        [s.task for s in every],
    )


def _steps(steps: Sequence[Step]) -> tuple[list[object], ...]:
    return (
        [s.rule for s in steps],
        [s.task for s in steps],
        [s.step for s in steps],
        [s.role for s in steps],
        [s.days for s in steps],
        [s.at for s in steps],
        [s.urgency for s in steps],
    )
