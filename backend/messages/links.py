"""Chat links: a human speaks first, a token and a spoken PIN open the chat, a human confirms."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.actors.actions import vault
from backend.alerts.actions import close_tasks, open_task
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.family.gate import check_open_to
from backend.messages import outbox
from backend.messages.outbox import Occurrence
from backend.once import Written, check_still_new

INVITATION_LIVES = timedelta(days=7)
PIN_DIGITS = 6
OPENS, CLOSES = time(8), time(20)
MENTOR_OPENS, MENTOR_CLOSES = time(7), time(21, 30)
WELCOME = {"ME": "WELCOME-M", "FA": "WELCOME-F", "PE": "WELCOME-P"}
LIVING = ("invited", "unconfirmed", "active")


@dataclass(frozen=True)
class NewInvitation:
    """`plan` and `subject` are whose chat it is; without a plan it is the worker's own."""

    plan: UUID | None = None
    subject: UUID | None = None
    level: str = "P1"
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Invitation:
    """What goes to the recipient: the payload on paper or as a link, the PIN by voice only."""

    payload: str
    pin: str


async def create_invitation(actor: Actor, new: NewInvitation) -> Written:
    """Invite somebody of the circle, or yourself. An earlier invitation dies with the new one.

    Raises NotFound, Unfit where the recipient has not said yes to messages.
    """
    require(actor, "createInvitation")
    if new.level not in {"P1", "P2"}:
        raise Unfit("level is P1 or P2.")
    async with transaction(actor.id) as held:
        whose = await (_own(actor) if new.plan is None else _invited(actor, new.plan, new.subject))
        before = await held.fetch(
            "SELECT * FROM link WHERE subject = $1 AND plan IS NOT DISTINCT FROM $2"
            " AND state IN ('invited', 'unconfirmed') FOR UPDATE",
            whose.subject,
            whose.plan,
        )
        for link in before:
            await end_link(link, "ended")
        await _insert(actor, new, whose)
        await record(actor, "createInvitation", plan=whose.plan, thing=new.id)
        return Written(new.id, 1, 201)


@dataclass(frozen=True)
class _Recipient:
    """Whose chat it will be, and how they are spoken to."""

    agency: UUID
    plan: UUID | None
    subject: UUID
    role: str
    language: str
    zone: str


# Numbers are given in their order: who moved to another bot is spoken for by that one.
_NEWEST_BOT = (
    "SELECT id FROM bot WHERE agency = $1 ORDER BY length(number) DESC, number DESC LIMIT 1"
)


async def _insert(actor: Actor, new: NewInvitation, whose: _Recipient) -> None:
    held, invitation = connection(), invitation_of(new.id)
    bot = await held.fetchval(_NEWEST_BOT, whose.agency)
    if bot is None:
        raise Unfit("This agency has no chat bot.")
    opens, closes = (MENTOR_OPENS, MENTOR_CLOSES) if whose.role == "ME" else (OPENS, CLOSES)
    await held.execute(
        "INSERT INTO link (id, agency, plan, version, bot, subject, state, level, language,"
        " zone, opens, closes, quiet, token, pin, tries, expires_at, invited_by)"
        " VALUES ($1, $2, $3, 1, $4, $5, 'invited', $6, $7, $8, $9, $10, '[]', $11, $12, 0,"
        " $13, $14)",
        new.id,
        whose.agency,
        whose.plan,
        bot,
        whose.subject,
        "P1" if whose.role == "FA" else new.level,
        whose.language,
        whose.zone,
        opens,
        closes,
        hash_token(invitation.payload),
        hash_pin(new.id, invitation.pin),
        clock.now() + INVITATION_LIVES,
        actor.id,
    )


async def check_shown(actor: Actor, id_: UUID) -> None:
    """Whether code and PIN may be shown to who made them: now, and once more to a repeat.

    Raises NotFound, Unfit, and NotFromThisState where it is over, was used or is not new.
    """
    require(actor, "createInvitation")
    async with transaction(actor.id):
        row = await _find(actor, id_)
        stands = row["state"] == "invited" and row["invited_by"] == actor.id
        if row["plan"] is not None:
            stands = stands and await has_mandate(row["plan"], row["subject"])
            await _said_yes(row["plan"], row["subject"])
        check_still_new(row["expires_at"] - INVITATION_LIVES if stands else None)


def invitation_of(link: UUID) -> Invitation:
    """The payload and PIN of an invitation: made from its id by our key, so they are not stored."""
    payload = base64.urlsafe_b64encode(vault().derive("invitation", str(link))).decode().rstrip("=")
    number = int.from_bytes(vault().derive("pin", str(link))[:8], "big") % 10**PIN_DIGITS
    return Invitation(payload, f"{number:0{PIN_DIGITS}d}")


def hash_token(payload: str) -> bytes:
    return hashlib.sha256(payload.encode()).digest()


def hash_pin(link: UUID, pin: str) -> bytes:
    return vault().derive("pin-check", f"{link}:{pin}")


async def _own(actor: Actor) -> _Recipient:
    """Staff invite themselves: one chat for all their plans."""
    row = await connection().fetchrow(
        "SELECT id, language, zone FROM agency WHERE id = $1", actor.agency
    )
    return _Recipient(row["id"], None, actor.id, actor.role, row["language"], row["zone"])


async def _invited(actor: Actor, plan_id: UUID, subject: UUID | None) -> _Recipient:
    """Somebody of a circle who said yes to messages, or the person."""
    plan = await find_plan(actor, plan_id, group="messages", roles=("SW", "CO"), lock=True)
    who = subject or plan["person"]
    row = await connection().fetchrow(
        "SELECT m.role, coalesce(b.language, p.language) AS language, b.zone FROM mandate m"
        " LEFT JOIN member b ON b.id = m.actor LEFT JOIN person p ON p.id = m.actor"
        " WHERE m.plan = $1 AND m.actor = $2 AND m.role IN ('ME', 'FA', 'PE')"
        " AND m.starts <= $3 AND (m.ends IS NULL OR m.ends > $3)",
        plan["id"],
        who,
        clock.now(),
    )
    if row is None:
        raise NotFound
    await _said_yes(plan["id"], who)
    zone = row["zone"] or plan["zone"]
    return _Recipient(plan["agency"], plan["id"], who, row["role"], row["language"], zone)


async def _said_yes(plan: UUID, subject: UUID) -> None:
    if not await has_consent(plan, subject):
        raise Unfit("First a human asks: record this recipient's yes to messages.")
    await check_open_to(subject)


# Whether somebody's yes to messages stands, and the person's to a fact being told to somebody: as
# conditions, for whoever looks at one and for whoever looks at many.
CONSENTS = """EXISTS (SELECT 1 FROM channel_consent y WHERE y.plan = {plan}
                 AND y.subject = {who} AND y.withdrawn_at IS NULL)"""
RELEASED = """EXISTS (SELECT 1 FROM disclosure y WHERE y.plan = {plan} AND y.recipient = {who}
                 AND y.fact = {fact} AND y.withdrawn_at IS NULL AND y.until >= {day})"""
_CONSENTS = "SELECT " + CONSENTS.format(plan="$1", who="$2")
_RELEASED = "SELECT " + RELEASED.format(plan="$1", who="$2", fact="$3", day="$4")


async def has_consent(plan: UUID, subject: UUID) -> bool:
    """Whether the recipient's yes to messages stands."""
    return bool(await connection().fetchval(_CONSENTS, plan, subject))


async def is_released(plan: UUID, recipient: UUID, fact: str) -> bool:
    """Whether the person's yes to this fact being told to this recipient stands today.

    The day is that of the plan's zone.
    """
    zone = await connection().fetchval("SELECT zone FROM plan WHERE id = $1", plan)
    day = clock.today(zone)
    return bool(await connection().fetchval(_RELEASED, plan, recipient, fact, day))


async def has_mandate(plan: UUID, subject: UUID) -> bool:
    """Whether somebody is of the circle of a plan now."""
    return bool(
        await connection().fetchval(
            "SELECT 1 FROM mandate WHERE plan = $1 AND actor = $2 AND starts <= $3"
            " AND (ends IS NULL OR ends > $3) LIMIT 1",
            plan,
            subject,
            clock.now(),
        )
    )


async def _find(actor: Actor, id_: UUID) -> Any:
    row = await connection().fetchrow("SELECT * FROM link WHERE id = $1 FOR UPDATE", id_)
    if row is None:
        raise NotFound
    if row["plan"] is not None:
        group, roles = "messages", ("SW", "CO")
        await find_plan(actor, row["plan"], group=group, roles=roles, by_glass=False)
    elif row["subject"] != actor.id:
        raise NotFound
    return row


async def confirm_link(actor: Actor, id_: UUID, seen: int) -> Written:
    """A human called the known number and the check phrase was right: the chat may be used.

    Every other chat of theirs on the plan ends: also one that they stopped, on a phone that may be
    another's by now. Raises NotFound, VersionStale, NotFromThisState unless somebody waits for it,
    Unfit where the yes to messages was taken back.
    """
    require(actor, "confirmLink")
    async with transaction(actor.id) as held:
        row = await _find(actor, id_)
        check_version(row, seen)
        if row["state"] != "unconfirmed":
            raise NotFromThisState(f"This link is {row['state']}.")
        if row["plan"] is not None:
            if not await has_mandate(row["plan"], row["subject"]):
                raise NotFromThisState("Their mandate has ended.")
            await _said_yes(row["plan"], row["subject"])
        for other in await held.fetch(
            "SELECT * FROM link WHERE id <> $1 AND subject = $2"
            " AND plan IS NOT DISTINCT FROM $3 AND state <> 'ended' FOR UPDATE",
            id_,
            row["subject"],
            row["plan"],
        ):
            await end_link(other, "ended")
        link = await held.fetchrow(
            "UPDATE link SET state = 'active', confirmed_at = $2, token = NULL, pin = NULL,"
            " version = version + 1 WHERE id = $1 RETURNING *",
            id_,
            clock.now(),
        )
        await close_tasks(id_, "confirm-link", "confirmed")
        await _welcome(link)
        await record(actor, "confirmLink", plan=row["plan"], thing=id_)
        return Written(id_, link["version"])


async def _welcome(link: Any) -> None:
    role = await connection().fetchval(
        "SELECT role FROM mandate WHERE plan = $1 AND actor = $2 AND role IN ('ME', 'FA', 'PE')"
        " ORDER BY starts DESC LIMIT 1",
        link["plan"],
        link["subject"],
    )
    occurrence = Occurrence("WELCOME", "", link["id"], clock.today(link["zone"]))
    await outbox.queue(link, WELCOME.get(role, "WELCOME-M"), occurrence, urgent=True)


async def cut_link(actor: Actor, id_: UUID, seen: int) -> Written:
    """Cut a chat at once, also one that was stopped: nothing is sent, and no word begins it again.

    Raises NotFound, VersionStale, NotFromThisState.
    """
    require(actor, "cutLink")
    async with transaction(actor.id):
        row = await _find(actor, id_)
        check_version(row, seen)
        if row["state"] == "ended":
            raise NotFromThisState(f"This link is {row['state']}.")
        version = await end_link(row, "ended")
        await record(actor, "cutLink", plan=row["plan"], thing=id_)
        return Written(id_, version)


async def end_link(
    link: Any, state: str, *, task: str | None = None, at: datetime | None = None
) -> int:
    """End a link (`ended`, `stopped`, `inactive`), cancel what waits on it, tell the worker.

    `at` is when it was wished, where that was not just now.
    """
    version: int = await connection().fetchval(
        "UPDATE link SET state = $2, ended_at = $3, token = NULL, pin = NULL,"
        " version = version + 1 WHERE id = $1 RETURNING version",
        link["id"],
        state,
        at or clock.now(),
    )
    await outbox.cancel_link(link["id"], state)
    await close_tasks(link["id"], "confirm-link", state)
    if task is not None and link["plan"] is not None:
        await open_task(
            task,
            agency=link["agency"],
            plan=link["plan"],
            subject=link["id"],
            local_due=clock.today(link["zone"]),
            about=link["subject"],
        )
    return version
