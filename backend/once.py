"""One effect for one Idempotency-Key, whatever is lost on the way.

A key belongs to a subject and an operation. What is kept, for ever, is the id,
version and status of the effect and a hash of what was asked: no body. The
answer of a repeat is made from these, so it equals the first. The hash is keyed.
"""

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor
from backend.actors.actions import vault
from backend.database import transaction
from backend.errors import KeyMissing, KeyReused, NotFromThisState

# A code or PIN that is made from an id: for so long a repeat may show what was lost on the way.
SHOWN_AGAIN = timedelta(minutes=5)
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_CLAIM = """
INSERT INTO once (id, subject, operation, key, asked, at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (subject, operation, key) DO NOTHING RETURNING id
"""
_KNOWN = """
SELECT asked, object, object_version, status FROM once
 WHERE subject = $1 AND operation = $2 AND key = $3
"""
_KEEP = "UPDATE once SET object = $2, object_version = $3, status = $4 WHERE id = $1"


@dataclass(frozen=True)
class Written:
    """What a write came to: the row, its version, and the HTTP status of the answer."""

    id: UUID
    version: int
    status: int = 200


@dataclass(frozen=True)
class Asked:
    """What makes two requests one: the client's key, and a hash over all that was asked.

    `plain` is as `digest` makes it. It is never kept: of a court's reference, or of a name with a
    birth date, whoever had it could try out every guess. Raises KeyMissing for an unfit key.
    """

    key: str
    plain: str

    @property
    def digest(self) -> str:
        """What is kept of it."""
        return keyed(self.plain)

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.key):
            raise KeyMissing


def check_still_new(made_at: datetime | None) -> None:
    """For what is shown once; None is what may not be shown at all. Raises NotFromThisState."""
    if made_at is None or not timedelta(0) <= clock.now() - made_at <= SHOWN_AGAIN:
        raise NotFromThisState("This was made before and is shown no more: make a new one.")


def digest(*parts: bytes) -> str:
    """A hash over what was asked; the parts cannot run into one another."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()


def keyed(plain: str) -> str:
    """44 characters; a plain hash, which earlier releases kept, has 64 (workflows/hide.py)."""
    return urlsafe_b64encode(vault().derive("once.asked", plain)).decode()


async def once(
    actor: Actor,
    operation: str,
    asked: Asked,
    act: Callable[[], Awaitable[Written]],
) -> Written:
    """Carry out `act` the first time and repeat its answer ever after.

    Twenty at once wait for the first and get its answer. A failed act leaves no
    trace, so it may be tried again with the same key.
    Raises KeyReused where the key came with another request.
    """
    key = asked.key
    async with transaction(actor.id) as held:
        claim = await held.fetchval(
            _CLAIM, uuid4(), actor.id, operation, key, asked.digest, clock.now()
        )
        if claim is None:
            known = await held.fetchrow(_KNOWN, actor.id, operation, key)
            if known["asked"] not in {asked.digest, asked.plain}:
                raise KeyReused
            return Written(known["object"], known["object_version"], known["status"])
        written = await act()
        await held.execute(_KEEP, claim, written.id, written.version, written.status)
        return written
