"""Showing a passkey inside a session: it stands for password and code, as at a sign-in."""

from typing import Any
from uuid import UUID

from webauthn.helpers import base64url_to_bytes

from backend.access import Actor
from backend.actors.actions import unseal
from backend.audit.actions import record
from backend.database import transaction
from backend.errors import NotFromThisState, WrongCredentials
from backend.passkeys import challenges, rules
from backend.passkeys.actions import credentials_of, place, site
from backend.passkeys.use import count_use, index_of, is_handle_of
from backend.staff.proof import begin_try, stamp
from backend.staff.tries import forget_tries

_OWN = "SELECT id, sealed FROM passkey WHERE hash = $1 AND staff = $2 AND ended_at IS NULL"


async def ask_passkey_proof(actor: Actor) -> Any:
    """What the browser is to show: one of the account's own passkeys.

    Raises NotFromThisState where it has none, TooManyTries.
    """
    async with transaction(actor.id) as held:
        own = await credentials_of(held, actor)
        if not own:
            raise NotFromThisState("No passkey is set up here.")
        drawn = await challenges.draw(held, session=actor.session)
        await record(actor, "askPasskeyProof", thing=actor.session)
    return rules.to_show(site(), drawn, own)


async def prove_with_passkey(actor: Actor, shown: rules.Shown) -> None:
    """A fresh proof, as `prove` gives one. Whatever is wrong looks alike.

    Raises WrongCredentials, and TooManyTries after ten failures in the account's sessions.
    """
    _, tried = await begin_try(actor)
    drawn = rules.challenge_of(shown.client_data)
    async with transaction(actor.id) as held:
        known = await challenges.take(held, drawn, session=actor.session)
        found = await _own(held, actor, shown)
    if found is None or not known:
        raise WrongCredentials
    passkey, public = found
    count = rules.check_shown(shown, drawn, site(), public)
    async with transaction(actor.id) as held:
        browser = await held.fetchval("SELECT browser FROM session WHERE id = $1", actor.session)
        right = await count_use(held, actor.id, passkey, count, browser=browser)
        if right:
            await stamp(held, actor)
            await forget_tries(held, tried)
            await record(actor, "proveWithPasskey", thing=actor.session)
    if not right:
        raise WrongCredentials


async def _own(held: Any, actor: Actor, shown: rules.Shown) -> tuple[UUID, bytes] | None:
    """The passkey and its public key, where it is the actor's own and says nothing else."""
    row = await held.fetchrow(_OWN, index_of(shown.id), actor.id)
    if row is None or (shown.user_handle and not is_handle_of(actor.id, shown.user_handle)):
        return None
    content = await unseal(actor.id, place(row["id"]), row["sealed"])
    return row["id"], base64url_to_bytes(content["key"])
