"""Signing in with a passkey: its holder has it and has shown its device who they are."""

from typing import Any

from webauthn.helpers import base64url_to_bytes

from backend.access import Actor
from backend.actors.actions import unseal_with
from backend.audit.actions import record
from backend.audit.denials import deny
from backend.database import transaction
from backend.errors import TooManyTries, WrongCredentials
from backend.passkeys import challenges, rules
from backend.passkeys.actions import place, site
from backend.passkeys.use import count_use, index_of, is_handle_of
from backend.staff.devices import hash_token
from backend.staff.sessions import Tokens, Whence, open_session
from backend.staff.tries import Tried, count_try, forget_tries

_WHO = "SELECT * FROM account_of_passkey($1, $2)"


async def ask_passkey(address: str) -> Any:
    """What the browser is to show: no login is asked, so none can be told from another.

    Raises TooManyTries.
    """
    async with transaction() as held:
        return rules.to_show(site(), await challenges.draw(held, address=address))


async def sign_in_with_passkey(shown: rules.Shown, whence: Whence) -> Tokens:
    """Start a session; it stands for password and second factor. Whatever is wrong looks alike.

    Raises WrongCredentials, and TooManyTries as `tries` counts them.
    """
    index = index_of(shown.id)
    try:
        return await _sign_in(shown, index, whence)
    except (WrongCredentials, TooManyTries) as refused:
        await deny(None, "signInWithPasskey", refused.kind, asked=index, request=whence.request)
        raise


async def _sign_in(shown: rules.Shown, index: bytes, whence: Whence) -> Tokens:
    async with transaction() as held:
        found = await held.fetchrow(_WHO, index, hash_token(whence.device or ""))
        tried = Tried(index.hex(), found["device"] if found else None, whence.address)
        await count_try(held, tried)
    drawn = rules.challenge_of(shown.client_data)
    async with transaction() as held:
        known = await challenges.take(held, drawn)
    if found is None or not known:
        raise WrongCredentials
    content = unseal_with(found["wrapped"], found["id"], place(found["passkey"]), found["sealed"])
    if not is_handle_of(found["id"], shown.user_handle):
        raise WrongCredentials
    count = rules.check_shown(shown, drawn, site(), base64url_to_bytes(content["key"]))
    actor = Actor(found["id"], "staff", found["role"], found["agency"], request=whence.request)
    async with transaction(actor.id) as held:
        tokens = await _enter(held, actor, found, count, whence)
        if tokens is not None:
            await forget_tries(held, tried)
            await record(actor, "signInWithPasskey", thing=tokens.session)
    if tokens is None:
        raise WrongCredentials
    return tokens


async def _enter(held: Any, actor: Actor, found: Any, count: int, whence: Whence) -> Tokens | None:
    """None where the account or the passkey has ended meanwhile, and where the count runs back."""
    if not await held.fetchval(
        "SELECT true FROM staff WHERE id = $1 AND active FOR UPDATE", actor.id
    ):
        return None
    if await count_use(held, actor.id, found["passkey"], count, browser=whence.browser):
        return await open_session(held, actor.id, found["device"], whence, limited=False)
    return None
