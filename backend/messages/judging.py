"""Whether a message may be said now: the facts as they are at this moment, and what follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from backend import clock
from backend.calendars.rules import OpenDays, open_days
from backend.database import connection
from backend.messages import rules
from backend.messages.links import CONSENTS, RELEASED
from backend.plans.rules import OVER
from backend.plans.undo import UNDO
from backend.safety.kept import mark_of

MOST_ATTEMPTS = 5
RUNNING = frozenset({"active_inside", "active_outside", "step_down"})
# Said even though the plan does not run: an answer, a farewell, a call to staff.
ANY_PLAN_STATE = rules.REPLIES | {"CLOSE", "UNPL", "TASKS", "GATE-OFF"}
ANY_LINK_STATE = frozenset(
    {"STOP-OK", "PIN-ASK", "PIN-WRONG", "PIN-DEAD", "LINK-WAIT", "NOT-ME", "CLOSE"}
)
NOT_ASKED = "not-asked"  # the gate before a relative is shut

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """Whether a message may be said now: yes, not before an instant, or not at all."""

    send: bool = False
    wait_until: datetime | None = None
    reason: str | None = None
    task: str | None = None


SEND = Verdict(send=True)

# What it asks about is still to be asked: it may have been closed while the message went.
_IS_OPEN = """(
    EXISTS (SELECT 1 FROM milestone o WHERE o.id = m.subject
               AND o.state IN ('planned', 'in_progress'))
 OR EXISTS (SELECT 1 FROM appointment o WHERE o.id = m.subject AND o.state = 'scheduled')
 OR EXISTS (SELECT 1 FROM meeting o WHERE o.id = m.subject AND o.called_off_at IS NULL
               AND o.took_place_at IS NULL AND (o.held_on + o.held_at) AT TIME ZONE o.zone > $2
               AND NOT EXISTS (SELECT 1 FROM meeting_member y WHERE y.meeting = m.subject
                                  AND y.actor = m.recipient AND y.answer IS NOT NULL)))"""
_CONSENTS = CONSENTS.format(plan="p.id", who="m.recipient")
_RELEASED = RELEASED.format(
    plan="p.id",
    who="m.recipient",
    fact="q.fact",
    day="($2::timestamptz AT TIME ZONE p.zone)::date",
)
# Null where the recipient has no mandate on the plan.
_MAY_FLOW = "message_may_flow(p.id, m.recipient, message_group(m.key, m.step), $2)"
# The worker of a plan: the one it was handed to last, or who has had it longest.
_WORKER = """(
    SELECT s.alias FROM mandate w JOIN staff s ON s.id = w.actor
     WHERE w.plan = p.id AND w.role = 'SW' AND w.starts <= $2 AND (w.ends IS NULL OR w.ends > $2)
     ORDER BY w.ends IS NOT NULL, (SELECT max(h.at) FROM handover h WHERE h.plan = w.plan
           AND h.given_to = w.actor) DESC NULLS LAST, w.starts LIMIT 1)"""
# A date with probation, or of a step that was ordered. Nobody may choose to stay away, so it is
# told of on its days whatever else is said, and takes no other message's place either: else it
# would hang on which of them came first.
_IS_ORDERED = """EXISTS (
    SELECT 1 FROM appointment o LEFT JOIN milestone n ON n.id = o.milestone
     WHERE o.id = {message}.subject AND (o.role = 'PO' OR n.kind = 'O'))"""
# What was said to a chat of late, whomever of its links it was for: one phone, one reader.
_SAID = f"""
    SELECT count(*) FILTER (WHERE (s.sent_at AT TIME ZONE l.zone)::date
                                  = ($2::timestamptz AT TIME ZONE l.zone)::date) AS day,
           count(*) AS week
      FROM message s
     WHERE s.link IN (SELECT l.id UNION ALL
                      SELECT o.id FROM link o WHERE o.bot = l.bot AND o.chat_index = l.chat_index
                         AND o.id <> l.id)
       AND s.sent_at > $2::timestamptz - interval '7 days' AND NOT s.urgent AND s.key <> ALL ($5)
       AND NOT {_IS_ORDERED.format(message="s")}
"""
# When somebody last did what may still be taken back, to the row or the date of a visit.
_JUST_DONE = """(
    SELECT max(y.at) FROM (
        SELECT e.at FROM milestone_event e
         WHERE e.milestone = m.subject AND e.at > $2::timestamptz - $6::interval
           AND e.act IS NOT NULL AND e.kind <> 'undone'
        UNION ALL
        SELECT e.at FROM appointment o JOIN contact e ON e.id = o.act
         WHERE o.id = m.subject AND e.at > $2::timestamptz - $6::interval) AS y)"""
# An operator's, who is nobody in the database, and not of some day that is yet to come.
_RESTORED = """
    SELECT max(at) AS at FROM audit WHERE operation = 'restore' AND actor IS NULL AND at <= $2
"""
_FACTS = f"""
SELECT m.id, b.number AS bot_number, k.wrapped,
       l.id AS link, l.state AS link_state, l.plan AS link_plan, l.subject AS link_subject,
       l.language, l.zone, l.opens, l.closes, l.quiet, l.chat,
       p.state AS plan_state, p.certainty, p.release_date, p.release_time, p.alias AS plan_alias,
       CASE WHEN p.id IS NOT NULL THEN {_MAY_FLOW} END AS flows,
       l.plan IS NULL OR may_be_prompted(m.recipient) AS prompted,
       l.plan IS NULL OR {_CONSENTS} AS consents,
       q.fact IS NULL OR l.plan IS NULL OR {_RELEASED} AS released,
       EXISTS (SELECT 1 FROM safety_flag y WHERE y.plan = p.id AND y.kept_from = q.mark
              AND y.lowered_at IS NULL) AS kept_from,
       {_IS_OPEN} AS is_open,
       a.service_alias, a.emergency_number, a.crisis_text, a.crisis_line, a.duty_phone,
       a.language AS agency_language, a.zone AS agency_zone, a.opens AS agency_opens,
       w.due_on AS row_due_on, w.repeat_days, p.left_custody_at,
       coalesce(v.held_on, g.held_on) AS held_on, coalesce(v.held_at, g.held_at) AS held_at,
       c.working_days, c.closed, d.alias AS member_alias, d.gate IS NOT NULL AS on_gate_duty,
       {_WORKER} AS worker_alias, said.day AS said_today, said.week AS said_this_week,
       {_IS_ORDERED.format(message="m")} AS is_ordered, {_JUST_DONE} AS done_at,
       restored.at AS restored_at
  FROM unnest($1::uuid[], $3::text[], $4::bytea[]) AS q(id, fact, mark)
  JOIN message m ON m.id = q.id
  JOIN bot b ON b.id = m.bot
  JOIN agency a ON a.id = m.agency
  JOIN calendar c ON c.id = a.id
  LEFT JOIN link l ON l.id = m.link
  LEFT JOIN plan p ON p.id = m.plan
  LEFT JOIN member d ON d.id = m.recipient
  LEFT JOIN subject_key k ON k.id = l.subject
  LEFT JOIN milestone w ON w.id = m.subject
  LEFT JOIN appointment v ON v.id = m.subject
  LEFT JOIN meeting g ON g.id = m.subject
 CROSS JOIN ({_RESTORED}) AS restored
 CROSS JOIN LATERAL ({_SAID}) AS said
"""


async def facts_of(messages: Sequence[Any]) -> dict[UUID, Facts]:
    """All that decides about each message, in one statement of the caller's transaction."""
    held = connection()
    # else it is planned anew each time, which takes three times as long as to run it
    await held.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    rows = await held.fetch(
        _FACTS,
        [message["id"] for message in messages],
        clock.now(),
        [rules.fact_needed(message["key"], message["step"]) for message in messages],
        [message["recipient"] and mark_of(message["recipient"]) for message in messages],
        sorted(rules.REPLIES),
        UNDO,
    )
    return {row["id"]: row for row in rows}


def judge(message: Any, facts: Facts, now: datetime) -> Verdict:
    """Permission, consent, plan, link, hours, quiet windows and cap. No I/O."""
    if message["attempt"] > MOST_ATTEMPTS:
        return Verdict(reason="too-many-attempts", task="undeliverable")
    if message["in_doubt_again"] or (message["ambiguous"] and message["critical"]):
        # it may have arrived; somebody looks instead of asking twice
        return Verdict(reason="delivery-unknown", task="undeliverable")
    if facts["link"] is None:
        return SEND
    key, is_reply = message["key"], message["key"] in rules.REPLIES
    if facts["link_state"] != "active" and key not in ANY_LINK_STATE:
        return Verdict(reason="link-" + facts["link_state"])
    if now > message["expires_at"] and not is_reply:
        return Verdict(reason="too-late", task="late-message")
    restored = facts["restored_at"]
    if restored is not None and message["due_at"] <= restored and not is_reply:
        # it may have gone out after the backup was made: a human asks, nobody is told twice
        return Verdict(reason="restored", task="late-message")
    if message["plan"] is not None:
        refused = _judge_plan(message, facts)
        if refused is not None:
            return refused
    return _judge_what_was_done(message, facts, _judge_time(message, facts, now))


def _judge_plan(message: Any, facts: Facts) -> Verdict | None:
    key, state = message["key"], facts["plan_state"]
    if state not in RUNNING and (
        key not in ANY_PLAN_STATE or (state in OVER and key == "GATE-OFF")
    ):
        return Verdict(reason="plan-" + state)
    if facts["flows"] is None:
        return Verdict(reason="mandate-ended")
    if not facts["prompted"]:
        return Verdict(reason=NOT_ASKED)
    if key in rules.REPLIES:
        return None
    if not facts["flows"]:
        return Verdict(reason="no-flow", task="no-flow")
    if not facts["consents"]:
        return Verdict(reason="no-consent")
    why = _why_not(message, facts)
    return None if why is None else Verdict(reason=why)


def _why_not(message: Any, facts: Facts) -> str | None:
    """Why this is not said, to whom it could be: nobody has to hear of that."""
    if message["rule"] in rules.OF_OPEN_ROWS and not facts["is_open"]:
        return "settled"
    if not _may_be_told(message, facts):
        return rules.NOT_RELEASED
    waits = message["key"].startswith(rules.NEEDS_CONFIRMED_DATE)
    return "not-confirmed" if waits and facts["certainty"] != "confirmed" else None


def _may_be_told(message: Any, facts: Facts) -> bool:
    """A fact that the person released; a flag of safety is as if they had never let it be told.

    Staff are told by their mandate: the wall and the registry have judged that already.
    """
    of_days = message["key"].startswith(rules.OF_DAYS_AND_PLACES)
    return bool(facts["released"] and not (of_days and facts["kept_from"]))


def _judge_what_was_done(message: Any, facts: Facts, verdict: Verdict) -> Verdict:
    """What was said is never taken back: what may be taken back yet is not said before."""
    if not verdict.send or message["urgent"] or message["critical"] or facts["done_at"] is None:
        return verdict
    return Verdict(wait_until=facts["done_at"] + UNDO)


def _judge_time(message: Any, facts: Facts, now: datetime) -> Verdict:
    if message["urgent"] or message["key"] in rules.REPLIES:
        return SEND
    staff = facts["link_plan"] is None
    if message["critical"] and staff:
        return SEND
    if not (facts["emergency_number"] and facts["crisis_text"] and facts["duty_phone"]):
        return Verdict(reason="sending-off", task="sending-off")
    any_day = message["critical"] or message["key"].startswith(rules.WEEKEND_TOO)
    opens, closes = facts["opens"], facts["closes"]
    if not message["critical"]:  # the longer hours of a mentor are for what cannot wait
        opens, closes = max(opens, rules.OPENS), min(closes, rules.CLOSES)
    allowed = rules.next_allowed(
        now,
        zone=facts["zone"],
        opens=opens,
        closes=closes,
        quiet=msgspec.json.decode(facts["quiet"]),
        days=OpenDays() if any_day else open_days(facts),
    )
    if allowed > now:
        return Verdict(wait_until=allowed)
    # staff have no cap: one digest a working day, and calls that cannot wait
    has_cap = not (message["critical"] or staff or facts["is_ordered"])
    if has_cap and _is_capped(facts):
        # the day is full: the first hour of tomorrow at which the recipient may be written to
        zone = ZoneInfo(facts["zone"])
        tomorrow = now.astimezone(zone).date() + timedelta(days=1)
        return Verdict(wait_until=datetime.combine(tomorrow, facts["opens"], zone))
    return SEND


def _is_capped(facts: Facts) -> bool:
    """Two automatic messages a day, five a week; eight for whoever holds gate duty."""
    weekly = rules.WEEKLY_CAP_GATE if facts["on_gate_duty"] else rules.WEEKLY_CAP
    return bool(facts["said_today"] >= rules.DAILY_CAP or facts["said_this_week"] >= weekly)
