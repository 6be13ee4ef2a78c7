"""Sign-in and sessions: opaque tokens, stored hashed, with refresh rotation."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from backend import clock
from backend.access import Actor
from backend.actors.actions import vault
from backend.audit.actions import record
from backend.audit.denials import deny
from backend.database import MOMENT, fetch_at_once, transaction
from backend.errors import NotSignedIn, TooManyTries, Unfit, WrongCredentials

ACCESS = timedelta(minutes=10)
SESSION = timedelta(days=30)
BROWSER_IDLE = timedelta(minutes=30)
BROWSER_SESSION = timedelta(hours=12)
TRIES, TRIES_WINDOW = 10, timedelta(minutes=15)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 15, 128

# OWASP's argon2id minimum: 19 MiB, two passes, one lane
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_nobody = _hasher.hash(secrets.token_urlsafe(16))
_threads = asyncio.Semaphore(2)


@dataclass(frozen=True)
class Tokens:
    access: str
    refresh: str
    seconds: int
    session: UUID


async def hash_password(password: str) -> str:
    """Raises Unfit for one that is too short or too long; nothing else is asked of it."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Unfit(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")
    return await asyncio.to_thread(_hasher.hash, password)


async def sign_in(
    login: str, password: str, *, browser: bool = False, request: str | None = None
) -> Tokens:
    """Start a session. Unknown login and wrong password take the same time and answer alike.

    Raises WrongCredentials, and TooManyTries after ten failures in fifteen minutes.
    """
    index = vault().index("staff.login", login.casefold())
    try:
        return await _sign_in(login.casefold(), password, index, browser=browser, request=request)
    except (WrongCredentials, TooManyTries) as refused:
        await deny(None, "signIn", refused.kind, asked=index, request=request)
        raise


async def _sign_in(
    login: str, password: str, index: bytes, *, browser: bool, request: str | None
) -> Tokens:
    async with transaction() as held:
        await _count_as_failed(held, index)
        staff = await held.fetchrow(
            "SELECT id, agency, role, password FROM staff WHERE login = $1 AND active",
            login,
        )
    if not await _verify(staff["password"] if staff else _nobody, password) or staff is None:
        raise WrongCredentials
    actor = Actor(staff["id"], "staff", staff["role"], staff["agency"], request=request)
    async with transaction(actor.id) as held:
        await held.execute("DELETE FROM sign_in_failure WHERE login_index = $1", index)
        tokens = await _open(held, actor.id, browser=browser)
        await record(actor, "signIn", thing=tokens.session)
        return tokens


async def refresh(token: str) -> Tokens:
    """New tokens for a refresh token, once. A second use ends the whole session.

    Raises NotSignedIn.
    """
    stolen = False
    async with transaction() as held:
        row = await held.fetchrow(
            "SELECT r.id, r.used_at, s.id AS session, s.staff, s.until FROM refresh_token r"
            " JOIN session s ON s.id = r.session JOIN staff f ON f.id = s.staff AND f.active"
            " WHERE r.hash = $1 AND s.ended_at IS NULL AND s.until > $2 FOR UPDATE OF r, s",
            _hash(token),
            clock.now(),
        )
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


_HOLDER = """
SELECT s.id AS session, s.browser, s.access_until, s.until, f.id, f.role, f.agency
  FROM session s JOIN staff f ON f.id = s.staff AND f.active
 WHERE s.access = $1 AND s.access_until > $2 AND s.until > $2 AND s.ended_at IS NULL
   AND s.browser = $3
"""


async def staff_of_token(hashed: bytes, request: str | None, *, browser: bool = False) -> Actor:
    """Who signed in with this access token. Raises NotSignedIn.

    The token of a browser opens pages only, and any other opens the API only.
    """
    rows = await fetch_at_once(_HOLDER, hashed, MOMENT, browser)
    if not rows:
        raise NotSignedIn
    row, now = rows[0], clock.now()
    if row["browser"] and row["access_until"] - now < BROWSER_IDLE - timedelta(minutes=1):
        async with transaction() as held:
            await held.execute(
                "UPDATE session SET access_until = $2 WHERE id = $1",
                row["session"],
                now + BROWSER_IDLE,
            )
    return Actor(row["id"], "staff", row["role"], row["agency"], row["session"], request)


async def _verify(hashed: str, password: str) -> bool:
    async with _threads:  # hashing is heavy on purpose; two at a time leave room for the rest
        try:
            return await asyncio.to_thread(_hasher.verify, hashed, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


async def _count_as_failed(held: Any, index: bytes) -> None:
    """Count a try before it is judged, one after the other: many at once are not more tries.

    Who turns out to be right takes it back. Raises TooManyTries.
    """
    await held.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", index.hex())
    await held.execute("DELETE FROM sign_in_failure WHERE at < $1", clock.now() - TRIES_WINDOW)
    failures = await held.fetchval(
        "SELECT count(*) FROM sign_in_failure WHERE login_index = $1", index
    )
    if failures >= TRIES:
        raise TooManyTries
    await held.execute(
        "INSERT INTO sign_in_failure (id, login_index, at) VALUES ($1, $2, $3)",
        uuid4(),
        index,
        clock.now(),
    )


async def _open(held: Any, staff: UUID, *, browser: bool) -> Tokens:
    session, access, now = uuid4(), secrets.token_urlsafe(32), clock.now()
    lasts = BROWSER_IDLE if browser else ACCESS
    await held.execute(
        "INSERT INTO session (id, staff, access, access_until, until, browser)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        session,
        staff,
        _hash(access),
        now + lasts,
        now + (BROWSER_SESSION if browser else SESSION),
        browser,
    )
    return Tokens(access, await _refresh_token(held, session), int(lasts.total_seconds()), session)


async def _renew(held: Any, session: UUID) -> Tokens:
    access = secrets.token_urlsafe(32)
    await held.execute(
        "UPDATE session SET access = $2, access_until = $3 WHERE id = $1",
        session,
        _hash(access),
        clock.now() + ACCESS,
    )
    fresh = await _refresh_token(held, session)
    return Tokens(access, fresh, int(ACCESS.total_seconds()), session)


async def _refresh_token(held: Any, session: UUID) -> str:
    token = secrets.token_urlsafe(32)
    await held.execute(
        "INSERT INTO refresh_token (id, session, hash) VALUES ($1, $2, $3)",
        uuid4(),
        session,
        _hash(token),
    )
    return token


async def _end(held: Any, session: UUID) -> None:
    await held.execute("UPDATE session SET ended_at = $2 WHERE id = $1", session, clock.now())


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
