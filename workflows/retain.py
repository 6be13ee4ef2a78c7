"""What is kept only for a while goes in the night after its term, and the audit says how much."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from backend import clock
from backend.actors.actions import hold_keys
from backend.audit.anchors import drop_oldest
from backend.database import connection, transaction
from backend.erasure.ending import end_mandates, end_what_goes_on

A_NIGHT = 200  # keys that are destroyed at most; the rest goes in the next
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


async def _empty(sql: str, before: datetime) -> int:
    done: str = await connection().execute(sql, before)
    return int(done.rpartition(" ")[2])


async def _forget(sql: str, before: datetime) -> int:
    """Deleted, for the row itself is what is too old; the statement says how many."""
    gone: int = await connection().fetchval(sql, before)
    return gone


async def _drop(_: str, before: datetime) -> int:
    """The oldest of the audit goes whole, or what is left would prove nothing."""
    return await drop_oldest(before)


async def _destroy(sql: str, before: datetime) -> int:
    """The keys of relatives; their rows stay as ids."""
    held, gone = connection(), 0
    for row in await held.fetch(sql, before, A_NIGHT):
        gone += bool(await held.fetchval("SELECT destroy_expired($1)", row["id"]))
    return gone


async def _erase(sql: str, before: datetime) -> int:
    """The keys of people and their circles, and whatever still goes on for them."""
    held, gone = connection(), 0
    for row in await held.fetch(sql, before, A_NIGHT):
        if await held.fetchval("SELECT destroy_expired($1)", row["id"]):
            await _end(row["id"])
            gone += 1
    return gone


async def _end_again(sql: str, before: datetime) -> int:
    people = await connection().fetch(sql, before, A_NIGHT)
    for row in people:
        await _end(row["id"])
    return len(people)


async def _end(person: UUID) -> None:
    rows = await connection().fetch(
        "SELECT id FROM plan WHERE person = $1 ORDER BY id FOR NO KEY UPDATE", person
    )
    plans = [row["id"] for row in rows]
    await end_what_goes_on(person, plans, by=None)
    await end_mandates(plans)


_HELD = """
 EXISTS (SELECT 1 FROM legal_hold h JOIN plan p ON p.person = h.person
          WHERE p.id = {plan} AND h.ended_at IS NULL)"""

_PROVEN = timedelta(days=5 * 366)  # never sooner than five years by the calendar
_AGED = timedelta(days=10 * 366)
_A_MONTH = timedelta(days=30)


def _of_closed(table: str, also: str = "false") -> str:
    """Rows of a plan that was closed long enough ago, or `also`; how many, as one number."""
    return f"""
WITH gone AS (
    DELETE FROM {table} r WHERE ({also} OR r.plan IN (SELECT id FROM plan WHERE closed_at <= $1))
       AND NOT {_HELD.format(plan="r.plan")} RETURNING 1)
SELECT count(*)::int FROM gone"""


RULES = (
    Rule(
        "texts",
        "what somebody of a circle wrote by chat",
        timedelta(0),
        "the day that its row names, thirty days after it came",
        _empty,
        "UPDATE incoming i SET text = NULL, version = version + 1 WHERE text IS NOT NULL"
        " AND purge_after < ($1 AT TIME ZONE 'UTC')::date"
        f" AND NOT {_HELD.format(plan='i.plan')}",
    ),
    Rule(
        "chats",
        "the address of a chat that has ended, and its hash",
        timedelta(days=7),
        "when the chat ended",
        _empty,
        "UPDATE link l SET chat = NULL, chat_index = NULL, version = version + 1"
        " WHERE state = 'ended' AND chat IS NOT NULL AND ended_at <= $1"
        f" AND NOT {_HELD.format(plan='l.plan')}",
    ),
    Rule(
        "values",
        "the values of a message, and a chat that it names",
        timedelta(days=365),
        "when it was made",
        _empty,
        "UPDATE message s SET variables = NULL, chat = NULL, version = version + 1"
        " WHERE (variables IS NOT NULL OR chat IS NOT NULL) AND created_at <= $1"
        f" AND NOT {_HELD.format(plan='s.plan')}",
    ),
    Rule(
        "flags",
        "what a safety flag said that was lowered, and from whom it kept days and places",
        timedelta(days=365),
        "when it was lowered",
        _empty,
        "UPDATE safety_flag f SET content = NULL, kept_from = NULL, version = version + 1"
        " WHERE (content IS NOT NULL OR kept_from IS NOT NULL) AND lowered_at <= $1"
        f" AND NOT {_HELD.format(plan='f.plan')}",
    ),
    Rule(
        "addresses",
        "an address that is protected no longer",
        timedelta(days=30),
        "when its protection ended",
        _empty,
        "UPDATE protected_address a SET address = NULL, version = version + 1"
        " WHERE address IS NOT NULL AND ended_at <= $1"
        f" AND NOT {_HELD.format(plan='a.plan')}",
    ),
    Rule(
        "relatives",
        "the key of a relative, a lawyer or a guardian",
        timedelta(0),
        "the day that the closing computed: thirty days after it, if the agency has no own term",
        _destroy,
        "SELECT b.id FROM plan q JOIN member b ON b.plan = q.id AND b.role IN ('FA', 'LR')"
        " JOIN subject_key k ON k.id = b.id AND k.wrapped IS NOT NULL"
        " WHERE coalesce(q.circle_until, q.closed_at + interval '30 days') <= $1"
        f" AND NOT {_HELD.format(plan='q.id')} ORDER BY q.closed_at, b.id LIMIT $2",
    ),
    Rule(
        "incidents",
        "the words of an incident",
        timedelta(days=5 * 365),
        "when it was closed",
        _empty,
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
        _erase,
        "SELECT q.person AS id FROM plan q"
        " JOIN subject_key k ON k.id = q.person AND k.wrapped IS NOT NULL"
        " WHERE coalesce(q.keep_until, q.closed_at + interval '365 days') <= $1"
        f" AND NOT {_HELD.format(plan='q.id')}"
        " AND NOT EXISTS (SELECT 1 FROM plan o WHERE o.person = q.person AND (o.closed_at IS NULL"
        "  OR coalesce(o.keep_until, o.closed_at + interval '365 days') > $1))"
        " GROUP BY q.person ORDER BY min(q.closed_at), q.person LIMIT $2",
    ),
    Rule(
        "sessions",
        "what opened a session, and a court machine's token",
        _A_MONTH,
        "when it ended or ran out",
        _forget,
        "SELECT forget('sessions', $1)",
    ),
    Rule(
        "devices",
        "a device that was ended, or on which nobody signed in for a year",
        _A_MONTH,
        "its end, or a year after somebody was last there",
        _forget,
        "SELECT forget('devices', $1)",
    ),
    Rule(
        "factors",
        "a second factor that was given up, with its recovery codes",
        _A_MONTH,
        "when it was given up",
        _forget,
        "SELECT forget('factors', $1)",
    ),
    Rule(
        "invitations",
        "an invitation to an account",
        _A_MONTH,
        "when it was used, taken back or ran out",
        _forget,
        "SELECT forget('invitations', $1)",
    ),
    Rule(
        "chat invitations",
        "what opened an invitation to a chat",
        _A_MONTH,
        "when it ran out",
        _empty,
        "UPDATE link SET token = NULL, pin = NULL, version = version + 1"
        " WHERE (token IS NOT NULL OR pin IS NOT NULL) AND expires_at <= $1",
    ),
    Rule(
        "passes",
        "what opened an entry pass",
        _A_MONTH,
        "when it ended or ran out",
        _forget,
        "SELECT forget('passes', $1)",
    ),
    Rule(
        "chat consents",
        "whether somebody may be written to",
        _PROVEN,
        "when it was taken back, or the plan was closed",
        _forget,
        _of_closed("channel_consent", "r.withdrawn_at <= $1"),
    ),
    Rule(
        "authorisations",
        "what a professional might tell whom",
        _PROVEN,
        "when it was taken back or ran out, or the plan was closed",
        _forget,
        _of_closed("disclosure", "least(r.withdrawn_at, r.until::timestamptz) <= $1"),
    ),
    Rule(
        "agreements",
        "which parts of the support somebody wanted",
        _PROVEN,
        "when the plan was closed",
        _forget,
        _of_closed("participation"),
    ),
    Rule(
        "corrections",
        "what somebody asked to be put right, and the answer",
        _PROVEN,
        "when the plan was closed",
        _forget,
        _of_closed("correction"),
    ),
    Rule(
        "papers",
        "that an entry pass was made",
        _PROVEN,
        "when the plan was closed",
        _forget,
        _of_closed("entry_pass"),
    ),
    Rule(
        "audit",
        "who did what",
        _AGED,
        "when it was done; the oldest part whole, behind an anchor",
        _drop,
        "",
    ),
    Rule(
        "brought back",
        "what an old backup brought back of somebody who was erased",
        timedelta(0),
        "at once",
        _end_again,
        "SELECT DISTINCT m.person AS id FROM subject_key k JOIN mandate m ON m.person = k.id"
        " WHERE k.wrapped IS NULL AND (m.ends IS NULL OR m.ends > $1) ORDER BY 1 LIMIT $2",
    ),
)

_DONE = "SELECT 1 FROM audit WHERE operation = 'retention' AND at >= $1 LIMIT 1"
_PROOF = """
INSERT INTO audit (at, operation, outcome, reason, times, purpose, object_hash)
VALUES ($1, 'retention', 'done', $2::varchar, $3, 'technical',
        CASE WHEN $2::varchar = 'audit' AND $3 > 0
             THEN (SELECT mac FROM audit_anchor ORDER BY id DESC LIMIT 1) END)
"""
_PLANS = "SELECT FROM plan WHERE person = ANY($1) ORDER BY id FOR NO KEY UPDATE"
_ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(4806125)"


async def retain() -> None:
    """Once a civil day (UTC), in its first round; the proof is a row for each rule."""
    now = clock.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    async with transaction() as held:
        if await held.fetchval(_DONE, midnight) or not await held.fetchval(_ONE_AT_A_TIME):
            return
        await carry_out(now)


async def carry_out(now: datetime, rules: Collection[Rule] = RULES) -> dict[str, int]:
    """Each rule with what it came to, inside the caller's transaction."""
    await _hold([rule for rule in rules if rule.act in {_erase, _end_again}], now)
    counts = {}
    for rule in rules:
        counts[rule.code] = await rule.act(rule.sql, now - rule.after)
        await connection().execute(_PROOF, now, rule.code, counts[rule.code])
    return counts


async def _hold(erasing: Collection[Rule], now: datetime) -> None:
    """Lock first, and as whoever erases by hand does: the plans, the keys, and only then rows."""
    held, people = connection(), []
    for rule in erasing:
        found = await held.fetch(rule.sql, now - rule.after, A_NIGHT)
        people += [row["id"] for row in found]
    await held.execute(_PLANS, people)
    await hold_keys()
