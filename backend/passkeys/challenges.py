"""What an authenticator has to sign: drawn here, kept for minutes, good once."""

import hashlib
import secrets
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.actors.actions import vault
from backend.errors import TooManyTries
from backend.passkeys.rules import CHALLENGE_BYTES, LIVES
from backend.staff.tries import network_of

# Of an address, or a session, that wait at a time: whoever may ask for one fills no disk.
MOST_WAITING = 100


async def draw(held: Any, *, session: UUID | None = None, address: str = "") -> bytes:
    """For a session, or for a sign-in by nobody knows whom. Raises TooManyTries."""
    drawn, now = secrets.token_bytes(CHALLENGE_BYTES), clock.now()
    await held.execute("DELETE FROM passkey_challenge WHERE until < $1", now)
    asker = str(session) if session else network_of(address)
    whence = vault().index("passkey_challenge.address", asker) if asker else None
    waiting = await held.fetchval(
        "SELECT count(*) FROM passkey_challenge WHERE address = $1", whence
    )
    if waiting >= MOST_WAITING:
        raise TooManyTries
    await held.execute(
        "INSERT INTO passkey_challenge (id, hash, address, until) VALUES ($1, $2, $3, $4)",
        uuid4(),
        _hash(drawn, session),
        whence,
        now + LIVES,
    )
    return drawn


async def take(held: Any, shown: bytes, *, session: UUID | None = None) -> bool:
    """Whether it was drawn for this, within minutes, and not shown before: of many at once, one.

    In a transaction of its own, for it is spent whatever comes of what was signed.
    """
    taken = await held.fetchval(
        "DELETE FROM passkey_challenge WHERE hash = $1 AND until >= $2 RETURNING true",
        _hash(shown, session),
        clock.now(),
    )
    return bool(taken)


def _hash(drawn: bytes, session: UUID | None) -> bytes:
    """What was drawn for one session, or for a sign-in, is good nowhere else."""
    return hashlib.sha256((session.bytes if session else b"") + drawn).digest()
