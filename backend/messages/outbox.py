"""The outbox: what will be said is a row first. Nothing here talks to a chat service."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.actors.actions import seal
from backend.database import connection
from backend.messages.addresses import seal_strangers

LATE = timedelta(hours=12)  # after that a reminder is stale and becomes a task
WAKE_SENDER = "throughcare_outbox"

# What was taken back before it was said is said after all, should it be so another time.
_QUEUE = """
INSERT INTO message AS m (id, agency, plan, version, bot, link, recipient, rule, step, subject,
                     local_due, key, urgent, critical, variables, due_at, expires_at, created_at,
                     state)
VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'queued')
ON CONFLICT (rule, step, subject, recipient, local_due) DO UPDATE
   SET state = 'queued', reason = NULL, link = excluded.link, bot = excluded.bot,
       key = excluded.key, due_at = excluded.due_at, expires_at = excluded.expires_at,
       lease = NULL, retry_at = NULL, act = NULL, version = m.version + 1
 WHERE m.state = 'cancelled' AND m.reason = 'taken_back' AND m.variables IS NULL
   AND excluded.variables IS NULL
RETURNING id
"""


@dataclass(frozen=True)
class Occurrence:
    """What makes a message one and the same however often it is asked for.

    `rule` and `step` say why, `subject` about what (a milestone, an appointment, a
    link, a plan), `local_due` on which civil day.
    """

    rule: str
    step: str
    subject: UUID
    local_due: date


async def active_link(plan: UUID | None, recipient: UUID) -> Any | None:
    """The recipient's working chat for this plan; staff have one for all their plans."""
    return await connection().fetchrow(
        "SELECT * FROM link WHERE subject = $1 AND plan IS NOT DISTINCT FROM $2"
        " AND state = 'active' ORDER BY confirmed_at DESC LIMIT 1",
        recipient,
        plan,
    )


async def queue(
    link: Any,
    key: str,
    occurrence: Occurrence,
    *,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    urgent: bool = False,
    critical: bool = False,
    variables: dict[str, str] | None = None,
) -> UUID | None:
    """Queue a message on a link; None where this occurrence is queued or sent already.

    `urgent` goes out now whatever the cap (an answer to what somebody just wrote);
    `critical` goes also outside ordinary hours, within those of its recipient's role.
    """
    id_, due = uuid4(), due_at or clock.now()
    sealed = None
    if variables:
        sealed = await seal(link["subject"], f"message.variables:{id_}", variables)
    made: UUID | None = await connection().fetchval(
        _QUEUE,
        id_,
        link["agency"],
        link["plan"],
        link["bot"],
        link["id"],
        link["subject"],
        occurrence.rule,
        occurrence.step,
        occurrence.subject,
        occurrence.local_due,
        key,
        urgent,
        critical,
        sealed,
        due,
        expires_at or due + LATE,
        clock.now(),
    )
    if made is not None:
        await connection().execute(f"NOTIFY {WAKE_SENDER}")
    return made


_QUEUE_STRANGER = """
INSERT INTO message (id, agency, version, bot, rule, step, subject, local_due, key, urgent,
                     chat, due_at, expires_at, created_at, state)
VALUES ($1, $2, 1, $3, 'stranger', $4, $5, $6, $7, true, $8, $9, $10, $9, 'queued')
ON CONFLICT (rule, step, subject, recipient, local_due) DO NOTHING
"""
STRANGER_ANSWERS = 5  # a day, to one chat


async def answer_stranger(bot: Any, chat: int, index: bytes, key: str) -> None:
    """Answer a chat that no link knows, a few times a day; the answer says nothing of anybody."""
    held, today = connection(), clock.now().date()
    subject = UUID(bytes=index[:16])
    before = await held.fetchval(
        "SELECT count(*) FROM message WHERE rule = 'stranger' AND subject = $1 AND local_due = $2",
        subject,
        today,
    )
    if before >= STRANGER_ANSWERS:
        return
    id_ = uuid4()
    await held.execute(
        _QUEUE_STRANGER,
        id_,
        bot["agency"],
        bot["bot"],
        str(before + 1),
        subject,
        today,
        key,
        seal_strangers(id_, chat),
        clock.now(),
        clock.now() + LATE,
    )
    await held.execute(f"NOTIFY {WAKE_SENDER}")


_CANCEL = """
UPDATE message SET state = 'cancelled', reason = $2, version = version + 1
 WHERE state IN ('queued', 'claimed') AND (sending_at IS NULL OR {also}) AND {where} RETURNING id
"""


async def cancel_about(subjects: Collection[UUID], reason: str) -> list[UUID]:
    """Cancel what waits to be said about these rows."""
    rows = await connection().fetch("SELECT cancel_about($1, $2)", list(subjects), reason)
    return [row["cancel_about"] for row in rows]


async def cancel_to(plan: UUID, recipient: UUID, keys: Collection[str], reason: str) -> None:
    """Cancel what waits to be said to somebody on a plan and begins with one of these keys."""
    await connection().execute(
        _CANCEL.format(also="false", where="plan = $1 AND recipient = $3 AND key ^@ ANY ($4)"),
        plan,
        reason,
        recipient,
        list(keys),
    )


async def cancel_recipient(plan: UUID, recipient: UUID, reason: str) -> None:
    """Whatever waits to be said to somebody on a plan; what is on its way is not tried again."""
    sql = _CANCEL.format(where="plan = $1 AND recipient = $3", also="true")
    await connection().execute(sql, plan, reason, recipient)


async def cancel_plan(plan: UUID, reason: str, *, on_its_way: bool = False) -> list[UUID]:
    """Mute a plan: everything that waits, for everybody, in the caller's transaction.

    What is `on_its_way` may arrive all the same; cancelled too, it is not tried again.
    """
    sql = _CANCEL.format(where="plan = $1", also="true" if on_its_way else "false")
    rows = await connection().fetch(sql, plan, reason)
    return [row["id"] for row in rows]


async def cancel_link(link: UUID, reason: str) -> list[UUID]:
    rows = await connection().fetch(_CANCEL.format(also="false", where="link = $1"), link, reason)
    return [row["id"] for row in rows]
