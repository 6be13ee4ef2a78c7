"""A court's machine signs in with a client id and a secret, both stored hashed."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor
from backend.actors.actions import make_actor, vault
from backend.audit.actions import record
from backend.audit.denials import deny
from backend.database import connection, transaction
from backend.errors import NotSignedIn, WrongCredentials

ACCESS = timedelta(minutes=10)


@dataclass(frozen=True)
class CourtCredential:
    """Shown once, to be handed to the court by a safe way."""

    client_id: str
    secret: str


async def add_court_client(id_: UUID, *, agency: UUID, label: str) -> CourtCredential:
    credential = CourtCredential(secrets.token_urlsafe(18), secrets.token_urlsafe(32))
    await make_actor(id_, "court", agency)
    await connection().execute(
        "INSERT INTO court_client (id, agency, version, label, client_index, secret, created_at)"
        " VALUES ($1, $2, 1, $3, $4, $5, $6)",
        id_,
        agency,
        label,
        vault().index("court.client", credential.client_id),
        _hash(credential.secret),
        clock.now(),
    )
    return credential


async def court_token(client_id: str, secret: str, *, request: str | None) -> tuple[str, int]:
    """A bearer token and its life in seconds. Raises WrongCredentials, whatever is wrong."""
    index = vault().index("court.client", client_id)
    try:
        return await _court_token(index, secret, request)
    except WrongCredentials as refused:
        await deny(None, "courtToken", refused.kind, asked=index, request=request)
        raise


async def _court_token(index: bytes, secret: str, request: str | None) -> tuple[str, int]:
    async with transaction() as held:
        row = await held.fetchrow(
            "SELECT id, agency, secret FROM court_client"
            " WHERE client_index = $1 AND suspended_at IS NULL",
            index,
        )
        expected = row["secret"] if row else bytes(32)
        if not hmac.compare_digest(expected, _hash(secret)) or row is None:
            raise WrongCredentials
        token = secrets.token_urlsafe(32)
        await held.execute(
            "INSERT INTO court_token (id, client, hash, until) VALUES ($1, $2, $3, $4)",
            uuid4(),
            row["id"],
            _hash(token),
            clock.now() + ACCESS,
        )
        actor = Actor(row["id"], "court", "CT", row["agency"], request=request)
        await record(actor, "courtToken")
        return token, int(ACCESS.total_seconds())


async def court_of_token(hashed: bytes, request: str | None) -> Actor:
    """Raises NotSignedIn for an unknown or old token, and once the client is suspended."""
    async with transaction() as held:
        row = await held.fetchrow(
            "SELECT c.id, c.agency FROM court_token t JOIN court_client c ON c.id = t.client"
            " WHERE t.hash = $1 AND t.until > $2 AND c.suspended_at IS NULL",
            hashed,
            clock.now(),
        )
    if row is None:
        raise NotSignedIn
    return Actor(row["id"], "court", "CT", row["agency"], request=request)


def _hash(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()
