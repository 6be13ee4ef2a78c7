"""Sign-in and sessions: opaque tokens, stored hashed, with refresh rotation."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor
from backend.actors.actions import vault
from backend.audit.actions import record
from backend.audit.denials import deny
from backend.database import MOMENT, fetch_at_once, transaction
from backend.errors import NotSignedIn, TooManyTries, WrongCredentials
from backend.staff.codes import Code, hash_recovery, right_code, take
from backend.staff.devices import end_sessions, hash_token, new_device
from backend.staff.notices import note_device
from backend.staff.passwords import is_right
from backend.staff.rules import SHORTEST, needs_factor, needs_passkey
from backend.staff.tries import Tried, count_try, forget_tries

ACCESS = timedelta(minutes=10)
SESSION = timedelta(days=30)
BROWSER_IDLE = timedelta(minutes=30)
BROWSER_SESSION = timedelta(hours=12)


@dataclass(frozen=True)
class Whence:
    """From where somebody signs in: a browser or an app, its address as far as it is known.

    `device` is the token that an earlier sign-in there gave; `name` is what its owner calls it.
    """

    browser: bool = False
    address: str = ""
    device: str | None = None
    name: str = ""
    request: str | None = None


@dataclass(frozen=True)
class Tokens:
    """`refresh` is missing where the session is limited to setting up a second factor."""

    access: str
    refresh: str | None
    seconds: int
    session: UUID
    device: str

    @property
    def limited(self) -> bool:
        return self.refresh is None


# Nobody is in scope yet: the database finds the one account (m0056).
_WHO = "SELECT * FROM account_of_login($1, $2, $3)"
# Whose password was changed meanwhile was not right; sign-ins of one account wait for each other.
_STILL = "SELECT is_still_mine($1)"
# What an agency asks of its staff changes before a session is opened, or ends it afterwards.
RULES_LOCK = 4806127
_RULES_STAND = "SELECT pg_advisory_xact_lock_shared($1)"


async def sign_in(login: str, password: str, whence: Whence, *, code: str | None = None) -> Tokens:
    """Start a session. Whatever is wrong (login, password, code) takes as long and answers alike.

    Where a passkey was set up and no app, or the agency asks for nothing less, a password opens
    nothing without a recovery code: it would be a way round the passkey.

    Raises WrongCredentials, and TooManyTries as `tries` counts them.
    """
    try:
        return await _sign_in(login, password, whence, code)
    except (WrongCredentials, TooManyTries) as refused:
        index = vault().index("staff.login", login.casefold())
        await deny(None, "signIn", refused.kind, asked=index, request=whence.request)
        raise


async def _sign_in(login: str, password: str, whence: Whence, code: str | None) -> Tokens:
    name, token = login.casefold(), hash_token(whence.device or "")
    asked = (name, hash_recovery(code), token)
    async with transaction() as held:
        found = await held.fetchrow(_WHO, *asked)
        device = found["device"] if found else None
        tried = Tried(name, device, whence.address)
        await count_try(held, tried)
    right = await is_right(password, found["password"] if found else None)
    shown = right_code(found, code)
    if found is None or not right or not _is_enough(found, shown):
        raise WrongCredentials
    actor = Actor(found["id"], "staff", found["role"], found["agency"], request=whence.request)
    async with transaction(actor.id) as held:
        await held.execute(_RULES_STAND, RULES_LOCK)
        if not await held.fetchval(_STILL, found["password"]):
            raise WrongCredentials
        found = await held.fetchrow(_WHO, *asked)  # with what was set up meanwhile
        if not _is_enough(found, shown):
            raise WrongCredentials
        if shown is not None and not await take(held, shown):
            raise WrongCredentials
        await forget_tries(held, tried)
        limited = _is_limited(found, shown) or (shown is None and len(password) < SHORTEST)
        tokens = await open_session(held, actor.id, device, whence, limited=limited)
        await record(actor, "signIn", thing=tokens.session)
        return tokens


def _is_enough(found: Any, shown: Code | None) -> bool:
    """Whether the right password opens anything with this beside it.

    Not even a limited session, where an app's code stands before a passkey: with that one a thief
    of password and code would set up a passkey of their own.
    """
    if found["passkey"] and needs_passkey(found["second_factor"], found["role"]):
        return shown is not None and not shown.of_app
    return shown is not None or not (found["passkey"] or found["factor"] is not None)


def _is_limited(found: Any, shown: Code | None) -> bool:
    """Whether what the agency asks for has yet to be set up."""
    rule, role = found["second_factor"], found["role"]
    if needs_passkey(rule, role) and not found["passkey"]:
        return True
    return shown is None and (found["had_factor"] or needs_factor(rule, role))


# Its holder is in scope from then on.
_BY_REFRESH = "SELECT * FROM enter_by_refresh($1, $2)"


async def refresh(token: str) -> tuple[str, str]:
    """An access and a refresh token for a refresh token, once. A second use ends the session.

    Raises NotSignedIn.
    """
    stolen = False
    async with transaction() as held:
        row = await held.fetchrow(_BY_REFRESH, hash_token(token), clock.now())
        if row is None:
            raise NotSignedIn
        if row["used_at"] is not None:
            stolen = True
            await _end(held, row["session"])
        else:
            await held.execute(
                "UPDATE refresh_token SET used_at = $2 WHERE id = $1", row["id"], clock.now()
            )
            tokens = await _renew(held, row["session"])
    if stolen:
        raise NotSignedIn
    return tokens


async def sign_out(actor: Actor) -> None:
    async with transaction(actor.id) as held:
        if actor.session is not None:
            await _end(held, actor.session)
        await record(actor, "signOut", thing=actor.session)


_HOLDER = "SELECT * FROM holder_of($1, $2, $3)"


@dataclass(frozen=True)
class News:
    """The latest that the holder of a browser's session was not told there."""

    kind: str
    at: datetime
    browser: bool | None
    zone: str


async def staff_of_token(
    hashed: bytes, request: str | None, *, browser: bool = False, limited: bool = False
) -> Actor:
    """Who signed in with this access token. Raises NotSignedIn.

    The token of a browser opens pages only, and any other opens the API only. With `limited`
    the token of a session that is limited to setting up a second factor is good, too.
    """
    actor, _ = await holder_of_token(hashed, request, browser=browser, limited=limited)
    return actor


async def holder_of_token(
    hashed: bytes, request: str | None, *, browser: bool = False, limited: bool = False
) -> tuple[Actor, News | None]:
    """Likewise, and what they are to be told."""
    rows = await fetch_at_once(_HOLDER, hashed, MOMENT, browser)
    if not rows and limited:
        rows = await fetch_at_once(_HOLDER, _of_limited(hashed), MOMENT, browser)
    if not rows:
        raise NotSignedIn
    row, now = rows[0], clock.now()
    if row["browser"] and row["access_until"] - now < BROWSER_IDLE - timedelta(minutes=1):
        async with transaction(row["id"]) as held:
            device = await held.fetchval(
                "UPDATE session SET access_until = $2 WHERE id = $1 RETURNING device",
                row["session"],
                now + BROWSER_IDLE,
            )
            await _seen(held, device)
    actor = Actor(row["id"], "staff", row["role"], row["agency"], row["session"], request)
    told = row["kind"] is None
    return actor, None if told else News(row["kind"], row["told_of"], row["there"], row["zone"])


async def open_session(
    held: Any, staff: UUID, device: UUID | None, whence: Whence, *, limited: bool
) -> Tokens:
    """A session on a device: a new one of theirs, or the known one, where the last one ends."""
    known = whence.device or ""
    if device is not None:  # sessions before their devices, as whoever refreshes one takes them
        await end_sessions(held, staff, devices=[device])
    if device is None or not await _seen(held, device):  # ended while the password was weighed
        device, known = await new_device(held, staff, whence.name, browser=whence.browser)
        await note_device(held, staff, device, browser=whence.browser)
    session, access, now = uuid4(), secrets.token_urlsafe(32), clock.now()
    lasts = BROWSER_IDLE if whence.browser else ACCESS
    await held.execute(
        "INSERT INTO session (id, staff, access, access_until, until, browser, device, proved_at,"
        " limited) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        session,
        staff,
        _of_limited(hash_token(access)) if limited else hash_token(access),
        now + lasts,
        now + (BROWSER_SESSION if whence.browser else SESSION),
        whence.browser,
        device,
        now,
        limited,
    )
    refresh = None if limited else await _refresh_token(held, session)
    return Tokens(access, refresh, int(lasts.total_seconds()), session, known)


def _of_limited(hashed: bytes) -> bytes:
    """What stands for the token of a limited session: whoever does not ask for it cannot find it.

    So the functions in the database that judge a token need no say in this.
    """
    return hashlib.sha256(b"limited" + hashed).digest()


async def _renew(held: Any, session: UUID) -> tuple[str, str]:
    access = secrets.token_urlsafe(32)
    device = await held.fetchval(
        "UPDATE session SET access = $2, access_until = $3 WHERE id = $1 RETURNING device",
        session,
        hash_token(access),
        clock.now() + ACCESS,
    )
    await _seen(held, device)
    return access, await _refresh_token(held, session)


async def _seen(held: Any, device: UUID | None) -> bool:
    """Whether it is still one of theirs."""
    seen = "UPDATE device SET seen_at = $2 WHERE id = $1 AND ended_at IS NULL RETURNING true"
    return bool(await held.fetchval(seen, device, clock.now()))


async def _refresh_token(held: Any, session: UUID) -> str:
    token = secrets.token_urlsafe(32)
    await held.execute(
        "INSERT INTO refresh_token (id, session, hash) VALUES ($1, $2, $3)",
        uuid4(),
        session,
        hash_token(token),
    )
    return token


async def _end(held: Any, session: UUID) -> None:
    await held.execute("UPDATE session SET ended_at = $2 WHERE id = $1", session, clock.now())
