"""Who is signed in shows once more who they are, before what would hurt most in a thief's hands."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor
from backend.audit.actions import record
from backend.database import transaction
from backend.errors import NotSignedIn, ProveAgain, WrongCredentials
from backend.staff.asked import passkey_asked
from backend.staff.codes import hash_recovery, right_code, take
from backend.staff.passwords import is_right
from backend.staff.tries import Tried, count_try, forget_tries

FRESH = timedelta(minutes=5)


async def require_fresh(actor: Actor) -> None:
    """For actions, inside their transaction. Raises ProveAgain: then `prove` comes first.

    After every lock that the action takes: the session may end while one is waited for.
    """
    if not await is_fresh(actor):
        raise ProveAgain


async def hold_account(held: Any, staff: UUID) -> None:
    """Nobody else changes what opens the account, or ends its sessions, until this is over."""
    await held.execute("SELECT id FROM staff WHERE id = $1 FOR UPDATE", staff)


async def require_live(actor: Actor) -> None:
    """Likewise, where the password itself is the proof. Raises NotSignedIn."""
    async with transaction(actor.id) as held:
        if not await held.fetchval(
            "SELECT true FROM session WHERE id = $1 AND ended_at IS NULL", actor.session
        ):
            raise NotSignedIn


async def is_fresh(actor: Actor) -> bool:
    """Whether password, code or passkey were shown in this session within five minutes."""
    async with transaction(actor.id) as held:
        proved: datetime | None = await held.fetchval(
            "SELECT proved_at FROM session WHERE id = $1 AND ended_at IS NULL", actor.session
        )
    return proved is not None and timedelta(0) <= clock.now() - proved <= FRESH


async def proof_asked(actor: Actor) -> str:
    """What a form asks for before it is sent: `password`, `passkey`, or nothing."""
    if await is_fresh(actor):
        return ""
    return "passkey" if (await passkey_asked(actor)).there else "password"


async def prove(actor: Actor, *, password: str = "", code: str = "") -> None:
    """Show the password, or a code of the second factor; it is good for five minutes.

    Of whom a passkey is asked and who has one shows that (`prove_with_passkey`), or a recovery
    code. Raises WrongCredentials, and TooManyTries after ten failures in the account's sessions.
    """
    found, tried = await begin_try(actor, code)
    shown = right_code(found, code)
    right = await is_right(password, found["password"])
    async with transaction(actor.id) as held:
        if (await passkey_asked(actor)).there:
            right, shown = False, None if shown is None or shown.of_app else shown
        if not right and (shown is None or not await take(held, shown)):
            raise WrongCredentials
        await stamp(held, actor)
        await forget_tries(held, tried)
        await record(actor, "prove", thing=actor.session)


async def begin_try(actor: Actor, code: str = "") -> tuple[Any, Tried]:
    """The actor's own account, and the try that counts: for the account, whatever its sessions.

    Raises TooManyTries.
    """
    async with transaction(actor.id) as held:
        found = await held.fetchrow("SELECT * FROM my_account($1)", hash_recovery(code))
        if found is None:
            raise NotSignedIn
        tried = Tried(found["login"], actor.id)
        await count_try(held, tried)
    return found, tried


async def stamp(held: Any, actor: Actor) -> None:
    await held.execute(
        "UPDATE session SET proved_at = $2 WHERE id = $1", actor.session, clock.now()
    )
