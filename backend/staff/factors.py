"""Setting up a second factor: an app that shows codes, and ten codes for the day it is lost."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor
from backend.actors.actions import seal, unseal
from backend.audit.actions import record
from backend.database import transaction
from backend.errors import NotFromThisState, WrongCredentials
from backend.staff.asked import require_no_passkey
from backend.staff.codes import place
from backend.staff.devices import end_sessions
from backend.staff.notices import note, note_here
from backend.staff.proof import begin_try, hold_account, require_fresh, stamp
from backend.staff.recovery import forget_codes, make_codes
from backend.staff.rules import new_secret, step_of, uri_of
from backend.staff.tries import forget_tries

ISSUER = "Throughcare"


@dataclass(frozen=True)
class Offered:
    """What goes into the app: by hand, or as a QR code of `uri`."""

    secret: str
    uri: str


async def enrol_factor(actor: Actor) -> Offered:
    """A new secret, which counts once a code proves that the app has it.

    Raises ProveAgain, and NotFromThisState of whom a passkey is asked before.
    """
    id_, secret = uuid4(), new_secret()
    async with transaction(actor.id) as held:
        await hold_account(held, actor.id)
        await require_fresh(actor)
        await require_no_passkey(actor)
        login = await held.fetchval("SELECT login FROM staff WHERE id = $1", actor.id)
        await held.execute(
            "UPDATE factor SET ended_at = $2"
            " WHERE staff = $1 AND confirmed_at IS NULL AND ended_at IS NULL",
            actor.id,
            clock.now(),
        )
        await held.execute(
            "INSERT INTO factor (id, staff, secret, used_step, made_at) VALUES ($1, $2, $3, 0, $4)",
            id_,
            actor.id,
            await seal(actor.id, place(id_), secret),
            clock.now(),
        )
        await record(actor, "enrolFactor", thing=id_)
    return Offered(secret, uri_of(secret, login, ISSUER))


async def offered_factor(actor: Actor) -> Offered:
    """The secret that waits to be confirmed, for a page that is shown again.

    Raises ProveAgain, NotFromThisState.
    """
    async with transaction(actor.id) as held:
        await require_fresh(actor)
        found = await _waiting(held, actor)
        login = await held.fetchval("SELECT login FROM staff WHERE id = $1", actor.id)
        secret = await unseal(actor.id, place(found["id"]), found["secret"])
    return Offered(secret, uri_of(secret, login, ISSUER))


async def confirm_factor(actor: Actor, code: str) -> list[str]:
    """Put the new factor in force, in the place of an earlier one; its recovery codes.

    All other sessions end, and one that was limited to this ends too. Raises ProveAgain,
    NotFromThisState where none waits and as above, WrongCredentials, TooManyTries.
    """
    _, tried = await begin_try(actor)
    async with transaction(actor.id) as held:
        await hold_account(held, actor.id)
        await require_fresh(actor)
        await require_no_passkey(actor)
        found = await _waiting(held, actor)
        secret = await unseal(actor.id, place(found["id"]), found["secret"])
        step = step_of(secret, code, clock.now())
        if step is None:
            raise WrongCredentials
        await _put_in_force(held, actor, found["id"], step)
        codes = await make_codes(held, actor.id)
        limited = await held.fetchval("SELECT limited FROM session WHERE id = $1", actor.session)
        await note_here(held, actor, "factor")
        await end_sessions(held, actor.id, but=None if limited else actor.session)
        await stamp(held, actor)
        await forget_tries(held, tried)
        await record(actor, "confirmFactor", thing=found["id"])
    return codes


async def forget_factor(held: Any, staff: UUID) -> None:
    """Take app, passkeys and codes away, for an operator who knows that they are lost.

    The account may not go on with its password alone, whatever its agency asks: what was set up
    before is the sign that it wants a new one.
    """
    await hold_account(held, staff)
    await held.execute(
        "UPDATE factor SET ended_at = $2 WHERE staff = $1 AND ended_at IS NULL", staff, clock.now()
    )
    await held.execute(
        "UPDATE passkey SET ended_at = $2 WHERE staff = $1 AND ended_at IS NULL", staff, clock.now()
    )
    await forget_codes(held, staff)
    await note(held, staff, "no_factor")
    await end_sessions(held, staff)


async def _waiting(held: Any, actor: Actor) -> Any:
    found = await held.fetchrow(
        "SELECT id, secret FROM factor"
        " WHERE staff = $1 AND confirmed_at IS NULL AND ended_at IS NULL",
        actor.id,
    )
    if found is None:
        raise NotFromThisState("No second factor waits for its first code.")
    return found


async def _put_in_force(held: Any, actor: Actor, factor: UUID, step: int) -> None:
    now = clock.now()
    await held.execute(
        "UPDATE factor SET ended_at = $2"
        " WHERE staff = $1 AND confirmed_at IS NOT NULL AND ended_at IS NULL",
        actor.id,
        now,
    )
    await held.execute(
        "UPDATE factor SET confirmed_at = $2, used_step = $3 WHERE id = $1", factor, now, step
    )
