"""Taking up what is due, and writing down what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from backend import clock
from backend.alerts.actions import open_task
from backend.database import connection, transaction
from backend.messages.judging import Verdict
from backend.turns import CLAIMS

LEASE = timedelta(seconds=30)
BATCH = 25
_LOOKED_AT_LEAST = 8  # of each bot, where there are many
NO_PACE = 0
# What is tried counts from its answer on: by then the service has counted it, however long it was
# on its way. So a second is one and the time of an answer, and that much more may go out in it.
_WITH_ITS_ANSWER = 1.08
HELD = "held"  # what is next in its chat, which takes nothing for a while
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
# Of each bot its first ones are looked at, in the order of an index (`message_line`): a claim costs
# the same however many wait. Strangers come last: there may be as many of them as somebody makes
# accounts. The lease and the pace are on the database's clock; what is due is on ours. A row that
# was claimed and whose worker died comes back when its lease is over.
_CLAIM = f"""
WITH busy AS MATERIALIZED (
    SELECT m.bot, {_CHAT} AS chat, m.state = 'claimed' AS said, true AS long
      FROM message m LEFT JOIN link l ON l.id = m.link
     WHERE m.state IN ('queued', 'claimed')
       AND (m.state = 'claimed' AND m.lease >= clock_timestamp()
            OR m.reason = '{HELD}' AND m.retry_at > $1)
    UNION ALL
    SELECT m.bot, CASE WHEN $5 > 0 THEN {_CHAT} END,
           true, false
      FROM message m LEFT JOIN link l ON l.id = m.link
     WHERE m.tried_at > clock_timestamp() - interval '1 s'
       AND NOT (m.state = 'claimed' AND m.lease >= clock_timestamp())),
due AS MATERIALIZED (
    SELECT m.*, row_number() OVER (ORDER BY {_ORDER}) AS place
      FROM bot b
     CROSS JOIN LATERAL (
           SELECT m.id, m.bot, m.link, m.urgent, m.critical, m.due_at, m.created_at, {_CHAT} AS line
             FROM message m LEFT JOIN link l ON l.id = m.link
            WHERE m.bot = b.id AND m.state IN ('queued', 'claimed') AND {_IS_DUE}
              AND {_CHAT} <> ALL (ARRAY(SELECT y.chat FROM busy y WHERE y.long))
            ORDER BY {_ORDER}
            LIMIT greatest({_LOOKED_AT_LEAST}, 4 * $4 / (SELECT count(*) FROM bot))) AS m),
may AS (
    SELECT d.*, row_number() OVER (PARTITION BY d.bot ORDER BY d.place) AS of_bot
      FROM (SELECT e.*, row_number() OVER (PARTITION BY e.line ORDER BY e.place) AS of_chat
              FROM due e) AS d
     WHERE NOT EXISTS (SELECT FROM busy y WHERE y.chat = d.line)
       AND ($5 = 0 OR d.of_chat = 1)),
chosen AS MATERIALIZED (
    SELECT may.id, may.line FROM may
     WHERE $5 = 0
        OR may.of_bot <= ceil($5 * {_WITH_ITS_ANSWER})
                         - (SELECT count(*) FROM busy b WHERE b.bot = may.bot AND b.said)
     ORDER BY may.place LIMIT $4),
taken AS MATERIALIZED (
    SELECT m.id, c.line, m.ambiguous AND m.sending_at IS NOT NULL AS in_doubt_again
      FROM message m JOIN chosen c ON c.id = m.id
     WHERE {_IS_DUE} FOR UPDATE OF m SKIP LOCKED),
claimed AS (
    UPDATE message m SET state = 'claimed', lease = clock_timestamp() + $2, attempt = attempt + 1,
           worker = $3, ambiguous = ambiguous OR sending_at IS NOT NULL, reason = NULL
      FROM taken WHERE m.id = taken.id
    RETURNING m.*, taken.line, taken.in_doubt_again)
SELECT c.*, n.soon
  FROM (SELECT (SELECT count(*) FROM due) > (SELECT count(*) FROM taken) AS soon) AS n
  LEFT JOIN claimed c ON true
"""
_LOCKED = """
SELECT m.id, q.* FROM unnest({given}) AS q({names})
  JOIN message m ON m.id = q.message AND m.attempt = q.attempt ORDER BY m.id
   FOR UPDATE OF m SKIP LOCKED
"""
_STILL_OURS = f"""
WITH q AS ({
    _LOCKED.format(
        given="$1::uuid[], $2::int[], $3::bytea[], $4::bytea[]",
        names="message, attempt, sealed, tap",
    )
})
UPDATE message m SET sending_at = clock_timestamp(), tried_at = clock_timestamp(),
       lease = clock_timestamp() + $5, variables = coalesce(q.sealed, m.variables), tap = q.tap,
       version = version + 1
  FROM q WHERE m.id = q.id AND m.state = 'claimed' AND m.lease > clock_timestamp()
RETURNING m.id
"""
_MARK_SENT = f"""
WITH q AS ({
    _LOCKED.format(given="$1::uuid[], $2::int[], $3::bigint[]", names="message, attempt, number")
})
UPDATE message m SET state = 'sent', reason = NULL, lease = NULL, sent_at = $4,
       tried_at = clock_timestamp(), provider_id = q.number, version = version + 1
  FROM q WHERE m.id = q.id
RETURNING m.id
"""


# What was on its way has an answer now, or none that is waited for any longer.
_TRIED = "tried_at = CASE WHEN sending_at IS NULL THEN tried_at ELSE clock_timestamp() END"


@dataclass(frozen=True)
class Claimed:
    """Messages to say now, and whether the pace alone keeps others for a moment."""

    messages: Sequence[Any]
    soon: bool


async def claim(worker: str, pace: int = NO_PACE, most: int = BATCH) -> Claimed:
    """Take up to `most` due messages for thirty seconds, with the `line` each goes to: its chat.

    `in_doubt_again` is what twice was on its way when nobody learned what became of it.

    At a `pace`, no more of a bot than so many a second, and one a second of a chat, whatever
    other workers do.
    """
    async with transaction() as held:
        # a claim that is lost with the server has said nothing yet: the disk is not waited for
        await held.execute("SET LOCAL synchronous_commit = off")
        await held.execute(CLAIMS)  # else two workers could each take one of the same chat
        rows = await held.fetch(_CLAIM, clock.now(), LEASE, worker, most, pace)
    mine = sorted(
        (row for row in rows if row["id"] is not None),
        key=lambda r: (
            *(r["link"] is None, not r["urgent"], not r["critical"]),
            *(r["due_at"], r["created_at"]),
        ),
    )
    return Claimed(mine, soon=pace != NO_PACE and rows[0]["soon"])


@dataclass(frozen=True)
class Ready:
    """A message that was judged, with what it will say; `sealed` are the values of its text."""

    message: Any
    sealed: bytes | None = None
    tap: bytes | None = None


async def start_sending(batch: Sequence[Ready]) -> set[UUID]:
    """Renew the leases and note what will be said; those of the batch that are still ours.

    A row that somebody else has locked is not among them: two who want the same rows in another
    order would wait for each other.
    """
    rows = await connection().fetch(
        _STILL_OURS,
        [one.message["id"] for one in batch],
        [one.message["attempt"] for one in batch],
        [one.sealed for one in batch],
        [one.tap for one in batch],
        LEASE,
    )
    return {row["id"] for row in rows}


async def mark_sent(batch: Sequence[tuple[Any, int | None]]) -> set[UUID]:
    """What the chat service took, with its number; a row that is locked is not among them."""
    rows = await connection().fetch(
        _MARK_SENT,
        [message["id"] for message, _ in batch],
        [message["attempt"] for message, _ in batch],
        [number for _, number in batch],
        clock.now(),
    )
    return {row["id"] for row in rows}


async def mark(message: Any, state: str, *, reason: str | None = None, **values: Any) -> None:
    """What became of a message; `values` are further columns of its row."""
    names = sorted(values)
    sets = "".join(f", {name} = ${at}" for at, name in enumerate(names, 5))
    await connection().execute(
        f"UPDATE message SET state = $3, reason = $4, lease = NULL, version = version + 1{sets},"
        f" {_TRIED}"
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
        f"UPDATE message SET {_TRIED}, state = 'queued', lease = NULL, sending_at = NULL,"
        " retry_at = $3,"
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
