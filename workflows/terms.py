"""What is kept only for a while: a rule each, in the order in which they are carried out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.plans.terms import PROOF, UNDER_AGE
from workflows.brought_back import OF_THE_ERASED, OF_THEIR_CHOICE
from workflows.ends import (
    clear,
    clear_some,
    destroy,
    drop,
    end_again,
    erase,
    forget,
    forget_family,
    forget_mentors,
    forget_welcomes,
    take_out,
    thin_again,
)

Act = Callable[[str, datetime], Awaitable[int]]


@dataclass(frozen=True)
class Rule:
    """`after` is counted from `since`. `sql` has the instant before which the term is over as $1.

    `act` carries it out and says how many rows it was.
    """

    code: str
    what: str
    after: timedelta
    since: str
    act: Act
    sql: str


_HELD = """
 EXISTS (SELECT 1 FROM legal_hold h JOIN plan p ON p.person = h.person
          WHERE p.id = {plan} AND h.ended_at IS NULL)"""

_AGED = timedelta(days=10 * 366)
_A_MONTH = timedelta(days=30)
DONE_WITH = timedelta(days=7)  # further back than the chat service says anything again
_A_YEAR = timedelta(days=365)
_A_PROOF_AGO = f"$1::timestamptz - interval '{PROOF.days} days'"
# of a plan that was closed by an earlier release no day was computed
_PROOF_OVER = f"""coalesce(proof_until, closed_at + interval '{PROOF.days} days'
    / CASE WHEN '{UNDER_AGE}' = ANY (overlays) THEN 2 ELSE 1 END) <= $1"""
_COMPUTED = "the day that the closing computed: five years after it, half for who was no adult"


def _of_closed(table: str, also: str = "false") -> str:
    """Rows of a plan that is proven long enough, or `also`."""
    return f"""
DELETE FROM {table} r WHERE ({also} OR r.plan IN (SELECT id FROM plan WHERE {_PROOF_OVER}))
   AND NOT {_HELD.format(plan="r.plan")}"""


RULES = (
    Rule(
        "texts",
        "what somebody of a circle wrote by chat",
        timedelta(0),
        "the day that its row names, thirty days after it came",
        clear,
        "UPDATE incoming i SET text = NULL, version = version + 1 WHERE text IS NOT NULL"
        " AND purge_after < ($1 AT TIME ZONE 'UTC')::date"
        f" AND NOT {_HELD.format(plan='i.plan')}",
    ),
    Rule(
        "chats",
        "the address of a chat that has ended, and its hash",
        timedelta(days=7),
        "when the chat ended",
        clear,
        "UPDATE link l SET chat = NULL, chat_index = NULL, version = version + 1"
        " WHERE state = 'ended' AND chat IS NOT NULL AND ended_at <= $1"
        f" AND NOT {_HELD.format(plan='l.plan')}",
    ),
    Rule(
        "values",
        "the values of a message, and a chat that it names",
        _A_YEAR,
        "when it was made",
        clear,
        "UPDATE message s SET variables = NULL, chat = NULL, version = version + 1"
        " WHERE (variables IS NOT NULL OR chat IS NOT NULL) AND created_at <= $1"
        f" AND NOT {_HELD.format(plan='s.plan')}",
    ),
    Rule(
        "handovers",
        "what one social worker wrote for the next",
        timedelta(days=90),
        "when it was written",
        clear,
        "UPDATE handover h SET words = NULL, version = version + 1"
        " WHERE words IS NOT NULL AND at <= $1"
        f" AND NOT {_HELD.format(plan='h.plan')}",
    ),
    Rule(
        "moves",
        "why a date was given another time",
        timedelta(days=90),
        "when it was",
        clear,
        "UPDATE appointment_move v SET why = NULL, version = version + 1"
        " WHERE why IS NOT NULL AND at <= $1"
        f" AND NOT {_HELD.format(plan='v.plan')}",
    ),
    Rule(
        "flags",
        "what a safety flag said that was lowered, and from whom it kept days and places",
        timedelta(days=365),
        "when it was lowered",
        clear,
        "UPDATE safety_flag f SET content = NULL, kept_from = NULL, version = version + 1"
        " WHERE (content IS NOT NULL OR kept_from IS NOT NULL) AND lowered_at <= $1"
        f" AND NOT {_HELD.format(plan='f.plan')}",
    ),
    Rule(
        "addresses",
        "an address that is protected no longer",
        timedelta(days=30),
        "when its protection ended",
        clear,
        "UPDATE protected_address a SET address = NULL, version = version + 1"
        " WHERE address IS NOT NULL AND ended_at <= $1"
        f" AND NOT {_HELD.format(plan='a.plan')}",
    ),
    Rule(
        "relatives",
        "the key of a relative, a lawyer or a guardian",
        timedelta(0),
        "the day that the closing computed: thirty days after it, if the agency has no own term",
        destroy,
        "SELECT b.id FROM plan q JOIN member b ON b.plan = q.id AND b.role IN ('FA', 'LR')"
        " JOIN subject_key k ON k.id = b.id AND k.wrapped IS NOT NULL"
        " WHERE coalesce(q.circle_until, q.closed_at + interval '30 days') <= $1"
        f" AND NOT {_HELD.format(plan='q.id')} ORDER BY q.closed_at, b.id LIMIT $2",
    ),
    Rule(
        "family",
        "of a relative who takes part no more, while the plan goes on: the key, what stood on the"
        " map, and what they said by chat",
        timedelta(0),
        "the closing talk with the family: thirty days after it, or the agency's own term",
        forget_family,
        # an order, or that they are afraid, has to be known for as long as there is a plan
        "SELECT r.id FROM relative r JOIN plan q ON q.id = r.plan AND q.closed_at IS NULL"
        " JOIN subject_key k ON k.id = r.id AND k.wrapped IS NOT NULL"
        " WHERE r.talked_at <= $1 AND r.barred_at IS NULL AND family_let_go(r.id, $1)"
        " AND NOT EXISTS (SELECT 1 FROM safety_flag f"
        "  WHERE f.subject = r.id AND f.lowered_at IS NULL)"
        f" AND NOT {_HELD.format(plan='q.id')} ORDER BY r.talked_at, r.id LIMIT $2",
    ),
    Rule(
        "incidents",
        "the words of an incident",
        timedelta(days=5 * 365),
        "when it was closed",
        clear,
        "UPDATE incident SET description = NULL, outcome = NULL, version = version + 1"
        " WHERE closed_at <= $1 AND (description IS NOT NULL OR outcome IS NOT NULL)"
        " AND NOT EXISTS (SELECT 1 FROM legal_hold h JOIN plan p ON p.person = h.person"
        "  WHERE h.ended_at IS NULL AND (p.id = ANY(touched) OR h.person = ANY(touched)))",
    ),
    Rule(
        "people",
        "the key of a person, and those of their circles",
        timedelta(0),
        "the day that the closing of their last plan computed: a year, if the agency has no own",
        erase,
        "SELECT q.person AS id FROM plan q"
        " JOIN subject_key k ON k.id = q.person AND k.wrapped IS NOT NULL"
        " WHERE coalesce(q.keep_until, q.closed_at + interval '365 days') <= $1"
        f" AND NOT {_HELD.format(plan='q.id')}"
        " AND NOT EXISTS (SELECT 1 FROM plan o WHERE o.person = q.person AND (o.closed_at IS NULL"
        "  OR coalesce(o.keep_until, o.closed_at + interval '365 days') > $1))"
        " GROUP BY q.person ORDER BY min(q.closed_at), q.person LIMIT $2",
    ),
    Rule(
        "mentors",
        "of a mentor who has left, the result of the vetting, its day and the key",
        _A_YEAR,
        "when they left",
        forget_mentors,
        "SELECT id FROM mentor WHERE ended_at <= $1"
        " AND (identity IS NOT NULL OR vetting IS NOT NULL) ORDER BY ended_at, id LIMIT $2",
    ),
    Rule(
        "acts",
        "what a row was before a change, by which the change could be taken back",
        timedelta(days=1),
        "the change",
        clear_some,
        f"""UPDATE milestone_event SET was = NULL WHERE id IN (
    SELECT e.id FROM milestone_event e WHERE e.was IS NOT NULL AND e.at <= $1
       AND NOT {_HELD.format(plan="e.plan")} LIMIT $2)""",
    ),
    Rule(
        "welcomes",
        "who of the community welcomes somebody",
        timedelta(0),
        "with the relatives of the plan; one that ended under a legal hold, when that has ended",
        forget_welcomes,
        "SELECT w.id FROM welcome w JOIN plan q ON q.id = w.plan"
        " WHERE (w.ended OR coalesce(q.circle_until, q.closed_at + interval '30 days') <= $1)"
        f" AND NOT {_HELD.format(plan='q.id')} ORDER BY w.named_at, w.id LIMIT $2",
    ),
    Rule(
        "updates",
        "that something came in by chat: when, and under which number",
        DONE_WITH,
        "when it took effect, or was given up",
        clear_some,
        """
DELETE FROM incoming_update WHERE id IN (
    SELECT id FROM incoming_update WHERE coalesce(handled_at, failed_at) <= $1 LIMIT $2)""",
    ),
    Rule(
        "sessions",
        "what opened a session, and a court machine's token",
        _A_MONTH,
        "when it ended or ran out",
        forget,
        "SELECT forget('sessions', $1)",
    ),
    Rule(
        "devices",
        "a device that was ended, or on which nobody signed in for a year",
        _A_MONTH,
        "its end, or a year after somebody was last there",
        forget,
        "SELECT forget('devices', $1)",
    ),
    Rule(
        "factors",
        "a second factor that was given up, with its recovery codes",
        _A_MONTH,
        "when it was given up",
        forget,
        "SELECT forget('factors', $1)",
    ),
    Rule(
        "invitations",
        "an invitation to an account",
        _A_MONTH,
        "when it was used, taken back or ran out",
        forget,
        "SELECT forget('invitations', $1)",
    ),
    Rule(
        "feeds",
        "what opened a link to somebody's dates",
        _A_MONTH,
        "when it ended, or at once with the account",
        clear,
        "DELETE FROM date_feed f WHERE ended_at <= $1"
        " OR EXISTS (SELECT 1 FROM staff s WHERE s.id = f.staff AND NOT s.active)",
    ),
    Rule(
        "chat invitations",
        "what opened an invitation to a chat",
        _A_MONTH,
        "when it ran out",
        clear,
        "UPDATE link SET token = NULL, pin = NULL, version = version + 1"
        " WHERE (token IS NOT NULL OR pin IS NOT NULL) AND expires_at <= $1",
    ),
    Rule(
        "passes",
        "what opened an entry pass",
        _A_MONTH,
        "when it ended or ran out",
        forget,
        "SELECT forget('passes', $1)",
    ),
    Rule(
        "chat consents",
        "whether somebody may be written to",
        timedelta(0),
        f"five years after it was taken back, or {_COMPUTED}",
        clear,
        _of_closed("channel_consent", f"r.withdrawn_at <= {_A_PROOF_AGO}"),
    ),
    Rule(
        "authorisations",
        "what a professional might tell whom",
        timedelta(0),
        f"five years after it was taken back or ran out, or {_COMPUTED}",
        clear,
        _of_closed("disclosure", f"least(r.withdrawn_at, r.until::timestamptz) <= {_A_PROOF_AGO}"),
    ),
    Rule(
        "agreements",
        "which parts of the support somebody wanted",
        timedelta(0),
        _COMPUTED,
        clear,
        _of_closed("participation"),
    ),
    Rule(
        "corrections",
        "what somebody asked to be put right, and the answer",
        timedelta(0),
        _COMPUTED,
        clear,
        _of_closed("correction"),
    ),
    Rule(
        "papers",
        "that an entry pass was made",
        timedelta(0),
        _COMPUTED,
        clear,
        _of_closed("entry_pass"),
    ),
    Rule(
        "messages",
        "that something was said or asked by chat, when, and how it went",
        _A_YEAR,
        "when it was made, or the plan was closed",
        clear_some,
        f"""
DELETE FROM message WHERE id IN (
    SELECT s.id FROM message s
     WHERE NOT EXISTS (SELECT 1 FROM claim c WHERE c.message = s.id)
       AND ((s.plan IS NULL AND s.created_at <= $1) OR s.plan IN (
            SELECT id FROM plan WHERE state = 'closed' AND closed_at <= $1))
       AND NOT {_HELD.format(plan="s.plan")} LIMIT $2)""",
    ),
    Rule(
        "wishes",
        "a wish to break glass",
        PROOF,
        "when it was asked",
        clear,
        # it stays as long as somebody came in by it, and where its plan is held
        """
DELETE FROM break_glass g WHERE asked_at <= $1
   AND NOT EXISTS (SELECT 1 FROM mandate m WHERE m.glass = g.id)
   AND NOT EXISTS (SELECT 1 FROM plan p WHERE p.id IN (SELECT plans_held())
                      AND p.agency = g.agency AND lower(p.alias) = lower(g.alias))""",
    ),
    Rule(
        "reviews",
        "that somebody looked at it from outside",
        PROOF,
        "when they did",
        clear,
        "DELETE FROM outside_review WHERE reviewed_at <= $1",
    ),
    Rule(
        "tasks",
        "a task that is of no plan",
        PROOF,
        "when it was closed",
        clear,
        "DELETE FROM task WHERE plan IS NULL AND greatest(opened_at, closed_at) <= $1"
        " AND closed_at IS NOT NULL",
    ),
    Rule(
        "plans",
        "all rows of a plan of which nobody can be named any more",
        timedelta(0),
        _COMPUTED,
        take_out,
        f"SELECT id FROM plan WHERE {_PROOF_OVER} AND id IN (SELECT plans_long_over())"
        " ORDER BY closed_at, id LIMIT $2",
    ),
    Rule(
        "audit",
        "who did what",
        _AGED,
        "when it was done; the oldest part whole, behind an anchor",
        drop,
        "",
    ),
    Rule(
        "brought back",
        "what an old backup brought back of somebody who was erased",
        timedelta(0),
        "at once",
        end_again,
        OF_THE_ERASED,
    ),
    Rule(
        "chosen again",
        "what an old backup brought back of a voluntary part that was erased",
        timedelta(0),
        "at once",
        thin_again,
        OF_THEIR_CHOICE,
    ),
)
