"""Accounts come by invitation and end for good: nobody but their holder knows the password."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, require
from backend.actors.actions import vault
from backend.audit.actions import record, record_of_another
from backend.audit.denials import deny
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, TooManyTries, WrongCredentials
from backend.messages.links import end_link
from backend.once import Written, check_still_new
from backend.staff.actions import add_staff, check_account
from backend.staff.proof import require_fresh
from backend.staff.tries import Tried, count_try

INVITATION_LIVES = timedelta(days=3)
CODE_BYTES = 10  # of chance: 80 bits, and a hundred guesses in a quarter of an hour
_OPEN = "used_at IS NULL AND ended_at IS NULL AND expires_at > $2"


@dataclass(frozen=True)
class NewColleague:
    """`alias` is the neutral name that phones may show."""

    role: str
    alias: str
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Colleagues:
    """The accounts of an agency, and who was invited and has not come yet."""

    accounts: Sequence[Any]
    invited: Sequence[Any]


async def invite_colleague(actor: Actor, new: NewColleague) -> Written:
    """Invite somebody to make an account; `code_of` is what they need for it.

    Raises ProveAgain, Unfit for an unknown role and an alias that a chat must not carry.
    """
    require(actor, "inviteColleague")
    async with transaction(actor.id) as held:
        await require_fresh(actor)
        fit, now = check_account(new.role, new.alias), clock.now()
        await held.execute(
            "INSERT INTO account_invitation (id, agency, version, role, alias, hash, invited_by,"
            " made_at, expires_at) VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8)",
            new.id,
            actor.agency,
            new.role,
            fit,
            _hash(code_of(new.id)),
            actor.id,
            now,
            now + INVITATION_LIVES,
        )
        await record(actor, "inviteColleague", thing=new.id)
        return Written(new.id, 1, 201)


async def check_shown(actor: Actor, id_: UUID) -> None:
    """Whether the code may be shown to who made it: now, and once more to a repeat.

    Raises ProveAgain, and NotFromThisState where it is over, was used or is not new.
    """
    require(actor, "inviteColleague")
    async with transaction(actor.id) as held:
        await require_fresh(actor)
        made = await held.fetchval(
            "SELECT made_at FROM account_invitation"
            f" WHERE id = $1 AND invited_by = $3 AND agency = $4 AND {_OPEN}",
            id_,
            clock.now(),
            actor.id,
            actor.agency,
        )
        check_still_new(made)


def code_of(invitation: UUID) -> str:
    """Made from the id by our key, so it is not stored; in fours that can be read from paper."""
    drawn = vault().derive("account-invitation", str(invitation))[:CODE_BYTES]
    return "-".join(re.findall("....", base64.b32encode(drawn).decode().lower()))


async def end_invitation(actor: Actor, id_: UUID, seen: int) -> Written:
    """Take an invitation back. Raises NotFound, VersionStale, NotFromThisState once it was used."""
    require(actor, "endAccountInvitation")
    async with transaction(actor.id) as held:
        row = await held.fetchrow(
            "SELECT * FROM account_invitation WHERE id = $1 AND agency = $2 FOR UPDATE",
            id_,
            actor.agency,
        )
        check_version(row, seen)
        if row["used_at"] or row["ended_at"]:
            raise NotFromThisState("This invitation was used or taken back.")
        await held.execute(
            "UPDATE account_invitation SET ended_at = $2, version = version + 1 WHERE id = $1",
            id_,
            clock.now(),
        )
        await record(actor, "endAccountInvitation", thing=id_)
        return Written(id_, seen + 1)


async def accept_invitation(
    code: str, login: str, password: str, *, address: str = "", request: str | None = None
) -> None:
    """Make the account that a code stands for, once.

    Raises WrongCredentials alike for a code that never was, was used, taken back or is too old;
    Taken for a login, Unfit for a password, and TooManyTries as those of a sign-in are counted.
    """
    hashed = _hash(code)
    try:
        await _count(hashed, address)
        async with transaction():
            await _make(await _standing(hashed), hashed, login, password, request)
    except (WrongCredentials, TooManyTries) as refused:
        await deny(None, "acceptInvitation", refused.kind, asked=hashed, request=request)
        raise


async def _count(hashed: bytes, address: str) -> None:
    """By the code and by the address: somebody who guesses has no more tries than at a sign-in."""
    async with transaction() as held:
        await count_try(held, Tried(hashed.hex(), None, address))


async def _standing(hashed: bytes) -> Any:
    row = await connection().fetchrow("SELECT * FROM invitation_of($1, $2)", hashed, clock.now())
    if row is None:
        raise WrongCredentials
    return row


async def _make(
    invitation: Any, hashed: bytes, login: str, password: str, request: str | None
) -> None:
    id_ = uuid4()
    await add_staff(
        id_,
        agency=invitation["agency"],
        role=invitation["role"],
        login=login,
        alias=invitation["alias"],
        password=password,
        invited=hashed,
    )
    actor = Actor(id_, "staff", invitation["role"], invitation["agency"], request=request)
    await record_of_another(actor, "acceptInvitation", thing=invitation["id"])


async def list_colleagues(actor: Actor) -> Colleagues:
    """Of the actor's own agency, in the order of their names."""
    require(actor, "listColleagues")
    async with transaction(actor.id) as held:
        accounts = await held.fetch(
            "SELECT s.id, s.version, s.role, s.alias, s.created_at,"
            "       has_second_factor(s.id) AS factor"
            "  FROM staff s WHERE s.agency = $1 AND s.active ORDER BY s.alias, s.id",
            actor.agency,
        )
        invited = await held.fetch(
            "SELECT id, version, role, alias, expires_at FROM account_invitation"
            f" WHERE agency = $1 AND {_OPEN} ORDER BY alias, id",
            actor.agency,
            clock.now(),
        )
        await record(actor, "listColleagues")
        return Colleagues(accounts, invited)


async def end_account(actor: Actor, id_: UUID, seen: int) -> Written:
    """End a colleague's account for good: every session and the own chat, at once.

    What hangs on plans (mandates, duty) the jobs end, who see plans where an administrator does
    not. Raises ProveAgain, NotFound, VersionStale, NotFromThisState for one's own.
    """
    require(actor, "endAccount")
    async with transaction(actor.id) as held:
        row = await held.fetchrow(
            "SELECT id, version FROM staff WHERE id = $1 AND agency = $2 AND active FOR UPDATE",
            id_,
            actor.agency,
        )
        if row is None:
            raise NotFound
        await require_fresh(actor)
        check_version(row, seen)
        if id_ == actor.id:
            raise NotFromThisState("Nobody ends their own account: another administrator does.")
        await held.execute(
            "UPDATE staff SET active = false, version = version + 1 WHERE id = $1", id_
        )
        await held.execute("SELECT sign_out_colleague($1, $2)", id_, clock.now())
        for link in await held.fetch(
            "SELECT * FROM link WHERE plan IS NULL AND subject = $1 AND state <> 'ended'", id_
        ):
            await end_link(link, "ended")
        await record(actor, "endAccount", thing=id_)
        return Written(id_, seen + 1)


def _hash(code: str) -> bytes:
    """However it was typed: in capitals, with or without the hyphens."""
    return vault().index("account_invitation.hash", re.sub(r"[\s-]", "", code).lower())
