"""Claiming what is due, and deciding at the last moment whether it may be said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from backend import clock
from backend.actors.actions import seal
from backend.alerts.actions import open_task
from backend.calendars.rules import OpenDays, open_days
from backend.database import connection, transaction
from backend.family.gate import is_open_to
from backend.messages import rules
from backend.messages.just_done import undoable_until
from backend.messages.links import has_consent, is_released
from backend.plans.rules import OVER
from backend.safety.kept import is_kept_from
from backend.turns import CLAIMS

LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 5
BATCH = 10
NO_PACE = 0
A_CHAT_RESTS = "1.1 s"  # a second on the service's side too, however long each was on its way
RUNNING = frozenset({"active_inside", "active_outside", "step_down"})
# Said even though the plan does not run: an answer, a farewell, a call to staff.
ANY_PLAN_STATE = rules.REPLIES | {"CLOSE", "UNPL", "TASKS", "GATE-OFF"}
ANY_LINK_STATE = frozenset(
    {"STOP-OK", "PIN-ASK", "PIN-WRONG", "PIN-DEAD", "LINK-WAIT", "NOT-ME", "CLOSE"}
)
HELD = "held"  # what is next in its chat, which takes nothing for a while
NOT_ASKED = "not-asked"  # the gate before a relative is shut
BACK_OFF = tuple(timedelta(seconds=2**n) for n in range(1, 9))

# The chat that a message `m` goes to, as a stranger's is known: by the first bytes of its index.
_CHAT = "coalesce(substring(l.chat_index FOR 16), uuid_send(coalesce(m.link, m.subject)))"
_ORDER = "m.link IS NULL, m.urgent DESC, m.critical DESC, m.due_at, m.created_at, m.id"
# Asked once more of the row that is locked: it may have been cancelled since it was looked at.
_IS_DUE = """(
    (m.state = 'queued' AND m.due_at <= $1 AND coalesce(m.retry_at, m.due_at) <= $1)
    OR (m.state = 'claimed' AND m.lease < clock_timestamp()))"""
# Nothing goes to a chat in which something is being said, or is held until the chat service takes
# it: what came later would come before it. What is being said, and what was tried within the last
# second, counts for its bot and, at a pace, for its chat.
#
# Strangers come last: there may be as many of them as somebody makes accounts. The lease and the
# pace are on the database's clock; what is due is on ours. A row that was claimed and whose worker
# died comes back when its lease is over.
_CLAIM = f"""
WITH busy AS MATERIALIZED (
    SELECT m.bot, {_CHAT} AS chat, m.state = 'claimed' AS said, true AS long
      FROM message m LEFT JOIN link l ON l.id = m.link
     WHERE m.state IN ('queued', 'claimed')
       AND (m.state = 'claimed' AND m.lease >= clock_timestamp()
            OR m.reason = '{HELD}' AND m.retry_at > $1)
    UNION ALL
    SELECT m.bot, CASE WHEN $5 > 0 THEN {_CHAT} END,
           m.tried_at > clock_timestamp() - interval '1 s', false
      FROM message m LEFT JOIN link l ON l.id = m.link
     WHERE m.tried_at > clock_timestamp() - interval '{A_CHAT_RESTS}'
       AND NOT (m.state = 'claimed' AND m.lease >= clock_timestamp())),
due AS MATERIALIZED (
    SELECT m.id, m.bot, {_CHAT} AS line, row_number() OVER (ORDER BY {_ORDER}) AS place
      FROM message m LEFT JOIN link l ON l.id = m.link
     WHERE {_IS_DUE}),
may AS MATERIALIZED (
    SELECT d.*, row_number() OVER (PARTITION BY d.bot ORDER BY d.place) AS of_bot
      FROM (SELECT e.*, row_number() OVER (PARTITION BY e.line ORDER BY e.place) AS of_chat
              FROM due e) AS d
     WHERE NOT EXISTS (SELECT FROM busy b WHERE b.chat = d.line)
       AND ($5 = 0 OR d.of_chat = 1)),
taken AS MATERIALIZED (
    SELECT m.id, may.line FROM message m JOIN may ON may.id = m.id
     WHERE {_IS_DUE} AND ($5 = 0
        OR may.of_bot <= $5 - (SELECT count(*) FROM busy b WHERE b.bot = may.bot AND b.said))
     ORDER BY may.place LIMIT $4 FOR UPDATE OF m SKIP LOCKED),
claimed AS (
    UPDATE message m SET state = 'claimed', lease = clock_timestamp() + $2, attempt = attempt + 1,
           worker = $3, ambiguous = ambiguous OR sending_at IS NOT NULL, reason = NULL
      FROM taken WHERE m.id = taken.id
    RETURNING m.*, taken.line)
SELECT c.*, n.soon
  FROM (SELECT count(*) > (SELECT count(*) FROM taken) AS soon FROM due d
         WHERE NOT EXISTS (SELECT FROM busy b WHERE b.chat = d.line AND b.long)) AS n
  LEFT JOIN claimed c ON true
"""
# One message of a chat at a time, in their order: the sender takes the batch in this order.
_STILL_OURS = """
UPDATE message SET sending_at = clock_timestamp(), tried_at = clock_timestamp(),
       lease = clock_timestamp() + $3, variables = coalesce($4, variables), tap = $5,
       version = version + 1
 WHERE id = $1 AND attempt = $2 AND state = 'claimed' AND lease > clock_timestamp()
RETURNING id
"""


@dataclass(frozen=True)
class Claimed:
    """Messages to say now, and whether the pace alone keeps others for a moment."""

    messages: Sequence[Any]
    soon: bool


@dataclass(frozen=True)
class Verdict:
    """Whether a message may be said now: yes, not before an instant, or not at all."""

    send: bool = False
    wait_until: datetime | None = None
    reason: str | None = None
    task: str | None = None


async def claim(worker: str, pace: int = NO_PACE) -> Claimed:
    """Take up to ten due messages for thirty seconds, with the `line` each goes to: its chat.

    At a `pace`, no more of a bot than so many a second, and one a second of a chat, whatever
    other workers do.
    """
    async with transaction() as held:
        await held.execute(CLAIMS)  # else two workers could each take one of the same chat
        rows = await held.fetch(_CLAIM, clock.now(), LEASE, worker, BATCH, pace)
    mine = sorted(
        (row for row in rows if row["id"] is not None),
        key=lambda r: (
            *(r["link"] is None, not r["urgent"], not r["critical"]),
            *(r["due_at"], r["created_at"]),
        ),
    )
    return Claimed(mine, soon=pace != NO_PACE and rows[0]["soon"])


async def judge(message: Any) -> tuple[Verdict, Any]:
    """Permission, consent, plan, link, hours, quiet windows and cap, as they are now.

    And the data-flow registry. Also the link, or None for a stranger. Runs inside the caller's
    transaction.
    """
    if message["attempt"] > MOST_ATTEMPTS:
        return Verdict(reason="too-many-attempts", task="undeliverable"), None
    if message["ambiguous"] and message["critical"]:
        # it may have arrived; somebody looks instead of asking twice
        return Verdict(reason="delivery-unknown", task="undeliverable"), None
    if message["link"] is None:
        return Verdict(send=True), None
    held = connection()
    link = await held.fetchrow("SELECT * FROM link WHERE id = $1", message["link"])
    if link["state"] != "active" and message["key"] not in ANY_LINK_STATE:
        return Verdict(reason="link-" + link["state"]), link
    if clock.now() > message["expires_at"] and message["key"] not in rules.REPLIES:
        return Verdict(reason="too-late", task="late-message"), link
    if message["key"] not in rules.REPLIES and await _fell_due_before_a_restore(message):
        # it may have gone out after the backup was made: a human asks, nobody is told twice
        return Verdict(reason="restored", task="late-message"), link
    if message["plan"] is not None:
        refused = await _judge_plan(message, link)
        if refused is not None:
            return refused, link
    return await _judge_what_was_done(message, await _judge_time(message, link)), link


# An operator's, who is nobody in the database, and not of some day that is yet to come.
_RESTORED = """
SELECT max(at) FROM audit WHERE operation = 'restore' AND actor IS NULL AND at <= $1
"""


async def _fell_due_before_a_restore(message: Any) -> bool:
    restored = await connection().fetchval(_RESTORED, clock.now())
    return restored is not None and message["due_at"] <= restored


# null where the recipient has no mandate on the plan
_MAY_FLOW = "SELECT message_may_flow($1, $2, message_group($3, $4), $5)"


async def _judge_plan(message: Any, link: Any) -> Verdict | None:
    held, key, now = connection(), message["key"], clock.now()
    plan = await held.fetchrow("SELECT * FROM plan WHERE id = $1", message["plan"])
    if plan["state"] not in RUNNING and (
        key not in ANY_PLAN_STATE or (plan["state"] in OVER and key == "GATE-OFF")
    ):
        return Verdict(reason="plan-" + plan["state"])
    flows = await held.fetchval(
        _MAY_FLOW, plan["id"], message["recipient"], key, message["step"], now
    )
    if flows is None:
        return Verdict(reason="mandate-ended")
    if link["plan"] is not None and not await is_open_to(message["recipient"]):
        return Verdict(reason=NOT_ASKED)
    if key in rules.REPLIES:
        return None
    if not flows:
        return Verdict(reason="no-flow", task="no-flow")
    if link["plan"] is not None and not await has_consent(plan["id"], message["recipient"]):
        return Verdict(reason="no-consent")
    why = await _why_not(plan, message, link)
    return None if why is None else Verdict(reason=why)


async def _why_not(plan: Any, message: Any, link: Any) -> str | None:
    """Why this is not said, to whom it could be: nobody has to hear of that."""
    if message["rule"] in rules.OF_OPEN_ROWS and not await _is_open(message):
        return "settled"
    if not await _may_be_told(plan, message, link):
        return rules.NOT_RELEASED
    if message["key"].startswith(rules.NEEDS_CONFIRMED_DATE) and plan["certainty"] != "confirmed":
        return "not-confirmed"
    return None


_IS_OPEN = """
SELECT EXISTS (SELECT 1 FROM milestone WHERE id = $1 AND state IN ('planned', 'in_progress'))
    OR EXISTS (SELECT 1 FROM appointment WHERE id = $1 AND state = 'scheduled')
    OR EXISTS (SELECT 1 FROM meeting WHERE id = $1 AND called_off_at IS NULL
                  AND took_place_at IS NULL AND (held_on + held_at) AT TIME ZONE zone > $2
                  AND NOT EXISTS (SELECT 1 FROM meeting_member a WHERE a.meeting = $1
                                     AND a.actor = $3 AND a.answer IS NOT NULL))
"""


async def _is_open(message: Any) -> bool:
    """Whether what it asks about is still to be asked: it may have been closed while it went."""
    values = (message["subject"], clock.now(), message["recipient"])
    return bool(await connection().fetchval(_IS_OPEN, *values))


async def _may_be_told(plan: Any, message: Any, link: Any) -> bool:
    """A fact that the person released; a flag of safety is as if they had never let it be told.

    Staff are told by their mandate: the wall and the registry have judged that already.
    """
    key, recipient = message["key"], message["recipient"]
    fact = rules.fact_needed(key, message["step"]) if link["plan"] is not None else None
    if fact is not None and not await is_released(plan["id"], recipient, fact):
        return False
    of_days = key.startswith(rules.OF_DAYS_AND_PLACES)
    return not (of_days and await is_kept_from(plan["id"], recipient))


async def _judge_what_was_done(message: Any, verdict: Verdict) -> Verdict:
    """What was said is never taken back: what may be taken back yet is not said before."""
    if not verdict.send or message["urgent"] or message["critical"]:
        return verdict
    until = await undoable_until(message["subject"])
    return verdict if until is None else Verdict(wait_until=until)


async def _judge_time(message: Any, link: Any) -> Verdict:
    if message["urgent"] or message["key"] in rules.REPLIES:
        return Verdict(send=True)
    now, staff = clock.now(), link["plan"] is None
    if message["critical"] and staff:
        return Verdict(send=True)
    agency = await connection().fetchrow(
        "SELECT a.emergency_number, a.crisis_text, a.duty_phone, c.working_days, c.closed"
        " FROM agency a JOIN calendar c ON c.id = a.id WHERE a.id = $1",
        message["agency"],
    )
    if not (agency["emergency_number"] and agency["crisis_text"] and agency["duty_phone"]):
        return Verdict(reason="sending-off", task="sending-off")
    any_day = message["critical"] or message["key"].startswith(rules.WEEKEND_TOO)
    opens, closes = link["opens"], link["closes"]
    if not message["critical"]:  # the longer hours of a mentor are for what cannot wait
        opens, closes = max(opens, rules.OPENS), min(closes, rules.CLOSES)
    allowed = rules.next_allowed(
        now,
        zone=link["zone"],
        opens=opens,
        closes=closes,
        quiet=msgspec.json.decode(link["quiet"]),
        days=OpenDays() if any_day else open_days(agency),
    )
    if allowed > now:
        return Verdict(wait_until=allowed)
    # staff have no cap: one digest a working day, and calls that cannot wait
    if not message["critical"] and not staff and await _capped(link, now):
        # the day is full: the first hour of tomorrow at which the recipient may be written to
        morning = datetime.combine(
            now.astimezone(ZoneInfo(link["zone"])).date() + timedelta(days=1),
            link["opens"],
            ZoneInfo(link["zone"]),
        )
        return Verdict(wait_until=morning)
    return Verdict(send=True)


_SENT = """
SELECT count(*) FILTER (WHERE (sent_at AT TIME ZONE $3)::date = ($2 AT TIME ZONE $3)::date) AS day,
       count(*) AS week
  FROM message WHERE link = $1 AND sent_at > $2 - interval '7 days' AND NOT urgent
   AND key <> ALL ($4)
"""


async def _capped(link: Any, now: datetime) -> bool:
    """Two automatic messages a day, five a week; eight for whoever holds gate duty."""
    held = connection()
    sent = await held.fetchrow(_SENT, link["id"], now, link["zone"], sorted(rules.REPLIES))
    gate = await held.fetchval("SELECT gate FROM member WHERE id = $1", link["subject"])
    weekly = rules.WEEKLY_CAP_GATE if gate else rules.WEEKLY_CAP
    return bool(sent["day"] >= rules.DAILY_CAP or sent["week"] >= weekly)


async def start_sending(message: Any, values: dict[str, str], tap: bytes | None) -> bool:
    """Renew the lease and note what will be said; False where the row is no longer ours."""
    sealed = None
    if message["recipient"] is not None and values:
        place = f"message.variables:{message['id']}"
        sealed = await seal(message["recipient"], place, values)
    row = await connection().fetchval(
        _STILL_OURS, message["id"], message["attempt"], LEASE, sealed, tap
    )
    return row is not None


async def mark(message: Any, state: str, *, reason: str | None = None, **values: Any) -> None:
    """What became of a message; `values` are further columns of its row."""
    names = sorted(values)
    sets = "".join(f", {name} = ${at}" for at, name in enumerate(names, 5))
    await connection().execute(
        f"UPDATE message SET state = $3, reason = $4, lease = NULL, version = version + 1{sets}"
        " WHERE id = $1 AND attempt = $2",
        message["id"],
        message["attempt"],
        state,
        reason,
        *(values[name] for name in names),
    )


async def put_back(
    message: Any, at: datetime, *, counted: bool = True, longer: bool = True, held: bool = False
) -> None:
    """Try again at an instant; a delay that is nobody's failure is not counted as an attempt.

    Where the chat service took it not yet, its chat is `held` until then: nothing goes before it.
    What was cancelled meanwhile stays so.
    Unless it may get `longer`, its term stays: what comes too late becomes a task then.
    """
    await connection().execute(
        "UPDATE message SET state = 'queued', lease = NULL, sending_at = NULL, retry_at = $3,"
        " expires_at = CASE WHEN $5 THEN greatest(expires_at, $3::timestamptz + interval '1 hour')"
        " ELSE expires_at END,"
        " attempt = attempt - $4, reason = $6, version = version + 1"
        " WHERE state = 'claimed' AND id = $1 AND attempt = $2",
        message["id"],
        message["attempt"],
        at,
        0 if counted else 1,
        longer,
        HELD if held else None,
    )


async def give_up(message: Any, verdict: Verdict) -> None:
    """Nothing is said; where a human should know, a task says so instead."""
    state = "expired" if verdict.reason == "too-late" else "cancelled"
    if verdict.task == "undeliverable":
        state = "unknown" if verdict.reason == "delivery-unknown" else "failed"
    await mark(message, state, reason=verdict.reason)
    if verdict.task is not None and message["plan"] is not None:
        await open_task(
            verdict.task,
            agency=message["agency"],
            plan=message["plan"],
            subject=message["id"],
            local_due=message["local_due"],
            about=message["recipient"],
            step=message["key"],
        )
