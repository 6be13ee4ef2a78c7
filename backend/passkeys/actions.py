"""One's own passkeys: set up after a fresh proof, listed, removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from backend import clock
from backend.access import Actor
from backend.actors.actions import seal, unseal, vault
from backend.audit.actions import record
from backend.database import transaction
from backend.errors import NotFound, Unfit, WrongCredentials
from backend.passkeys import challenges, rules
from backend.settings import settings
from backend.staff.devices import end_sessions
from backend.staff.notices import note_here
from backend.staff.proof import begin_try, hold_account, require_fresh, stamp
from backend.staff.recovery import forget_codes, make_first_codes
from backend.staff.tries import forget_tries

_OWN = "SELECT * FROM passkey WHERE staff = $1 AND ended_at IS NULL ORDER BY made_at, id"


@dataclass(frozen=True)
class Passkey:
    """`name` is its holder's own word for it."""

    id: UUID
    name: str
    made_at: datetime
    used_at: datetime | None


def site() -> rules.Site:
    return rules.site_of(settings().api_url)


def hash_credential(id_: bytes) -> bytes:
    """What finds a passkey: its own id is nowhere to be read."""
    return vault().index("passkey.credential", id_.hex())


def handle_of(staff: UUID) -> bytes:
    """By which an authenticator knows the account; it is none of our ids."""
    return vault().derive("passkey.user", str(staff))


def place(passkey: UUID) -> str:
    return f"passkey.sealed:{passkey}"


async def enrol_passkey(actor: Actor, name: str) -> Any:
    """What the browser is to make; `confirm_passkey` takes it.

    Raises ProveAgain, Unfit, TooManyTries.
    """
    async with transaction(actor.id) as held:
        await require_fresh(actor)
        known = await credentials_of(held, actor)
        if len(known) >= rules.MOST:
            raise Unfit(f"{rules.MOST} passkeys are enough: remove one first.", field="name")
        drawn = await challenges.draw(held, session=actor.session)
        await record(actor, "enrolPasskey", thing=actor.id)
    return rules.to_make(site(), drawn, handle_of(actor.id), name, known)


async def confirm_passkey(actor: Actor, name: str, made: rules.Made) -> list[str]:
    """Put a new passkey in force; recovery codes for who has none.

    All other sessions end, and one that was limited to this ends too. Raises ProveAgain,
    TooManyTries, WrongCredentials for whatever is wrong with it.
    """
    _, tried = await begin_try(actor)
    drawn = rules.challenge_of(made.client_data)
    async with transaction(actor.id) as held:
        known = await challenges.take(held, drawn, session=actor.session)
    if not known:
        raise WrongCredentials
    key, id_ = rules.check_made(made, drawn, site()), uuid4()
    async with transaction(actor.id) as held:
        await hold_account(held, actor.id)
        await require_fresh(actor)
        await forget_codes(held, actor.id)  # of a factor that a release without codes took away
        await _keep(held, actor, id_, name, key)
        codes = await make_first_codes(held, actor.id)
        limited = await held.fetchval("SELECT limited FROM session WHERE id = $1", actor.session)
        await note_here(held, actor, "passkey")
        await end_sessions(held, actor.id, but=None if limited else actor.session)
        await stamp(held, actor)
        await forget_tries(held, tried)
        await record(actor, "confirmPasskey", thing=id_)
    return codes


async def list_passkeys(actor: Actor) -> Sequence[Passkey]:
    """The actor's own, the oldest first."""
    async with transaction(actor.id) as held:
        await record(actor, "listPasskeys")
        return [
            Passkey(row["id"], (await _content(row))["name"], row["made_at"], row["used_at"])
            for row in await held.fetch(_OWN, actor.id)
        ]


async def end_passkey(actor: Actor, id_: UUID) -> None:
    """It opens nothing any more, and whatever it may have opened ends. Raises NotFound, ProveAgain.

    With the last one gone the password alone leads to setting up another factor.
    """
    async with transaction(actor.id) as held:
        await hold_account(held, actor.id)
        found = await held.fetchval(
            "SELECT id FROM passkey WHERE id = $1 AND staff = $2 AND ended_at IS NULL",
            id_,
            actor.id,
        )
        if found is None:
            raise NotFound
        await require_fresh(actor)
        await held.execute("UPDATE passkey SET ended_at = $2 WHERE id = $1", id_, clock.now())
        await forget_codes(held, actor.id)
        await note_here(held, actor, "passkey_ended")
        await end_sessions(held, actor.id, but=actor.session)
        await record(actor, "endPasskey", thing=id_)


async def _keep(held: Any, actor: Actor, id_: UUID, name: str, key: rules.Key) -> None:
    """Raises WrongCredentials for one that is in use, by whatever account."""
    content = {
        "name": name,
        "credential": bytes_to_base64url(key.id),
        "key": bytes_to_base64url(key.public),
    }
    kept = await held.fetchval(
        "INSERT INTO passkey (id, staff, hash, sealed, sign_count, made_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (hash) WHERE ended_at IS NULL DO NOTHING RETURNING id",
        id_,
        actor.id,
        hash_credential(key.id),
        await seal(actor.id, place(id_), content),
        key.count,
        clock.now(),
    )
    if kept is None:
        raise WrongCredentials


async def credentials_of(held: Any, actor: Actor) -> list[bytes]:
    """By which ids their authenticators know the actor's passkeys."""
    rows = await held.fetch(_OWN, actor.id)
    return [base64url_to_bytes((await _content(row))["credential"]) for row in rows]


async def _content(row: Any) -> Any:
    return await unseal(row["staff"], place(row["id"]), row["sealed"])
