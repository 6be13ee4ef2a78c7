"""How a court's machine signs in, by its key or by a secret, and how its token is taken.

Whatever is wrong takes the same statements and a signature to check, and ends in one refusal.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from backend import clock
from backend.access import Actor
from backend.actors.actions import vault
from backend.audit.actions import record_of_another
from backend.audit.denials import deny
from backend.courts.clients import hashed
from backend.courts.rules import Call, Proof, assertion_holds, read_assertion, read_proof
from backend.database import connection, transaction
from backend.errors import NotSignedIn, WrongCredentials
from backend.settings import settings

ACCESS = timedelta(minutes=10)
TOKEN_PATH = "/court/token"  # noqa: S105 - where a token is asked for

# Locked, so that a new key or a suspension, which ends the tokens there are, waits for this one.
_CLIENT = """
SELECT id, agency, secret, public_key, key_only FROM court_client
 WHERE client_index = $1 AND suspended_at IS NULL FOR SHARE
"""
_HOLDER = """
SELECT c.id, c.agency, t.bound_to FROM court_token t JOIN court_client c ON c.id = t.client
 WHERE t.hash = $1 AND t.until > $2 AND c.suspended_at IS NULL
   AND (t.bound_to IS NOT NULL OR NOT c.key_only)
"""
_ONCE = """
INSERT INTO court_assertion (id, hash, until) SELECT $1, $2, $3 WHERE $4
ON CONFLICT (hash) DO NOTHING RETURNING id
"""


@dataclass(frozen=True)
class Secret:
    client_id: str
    secret: str


@dataclass(frozen=True)
class SignedAssertion:
    """`client_id` may be left out; what is given names the same client as the assertion does."""

    jwt: str
    client_id: str | None = None


@dataclass(frozen=True)
class Proofs:
    """The DPoP headers of a request, and what they have to be made for."""

    shown: Sequence[str]
    call: Call


async def court_token(
    way: Secret | SignedAssertion, proofs: Proofs | None = None, *, request: str | None
) -> tuple[str, int]:
    """A token and its life in seconds. Raises WrongCredentials, whatever is wrong.

    With proofs the token is bound to their key; a client without a secret has to bring one.
    """
    try:
        return await _court_token(way, proofs, request)
    except WrongCredentials as refused:
        index = vault().index("court.client", way.client_id or "")
        await deny(None, "courtToken", refused.kind, asked=index, request=request)
        raise


async def _court_token(
    way: Secret | SignedAssertion, proofs: Proofs | None, request: str | None
) -> tuple[str, int]:
    async with transaction() as held:
        client = await (_of_secret(way) if isinstance(way, Secret) else _of_assertion(way))
        proof = await _proven(proofs, expected=client is not None) if proofs else None
        if client is None or (proof is None and (proofs or client["key_only"])):
            raise WrongCredentials
        token = secrets.token_urlsafe(32)
        await held.execute(
            "INSERT INTO court_token (id, client, hash, until, bound_to)"
            " VALUES ($1, $2, $3, $4, $5)",
            uuid4(),
            client["id"],
            hashed(token),
            clock.now() + ACCESS,
            proof.thumbprint.encode() if proof else None,
        )
        actor = Actor(client["id"], "court", "CT", client["agency"], request=request)
        await record_of_another(actor, "courtToken")
        return token, int(ACCESS.total_seconds())


async def court_of_token(token: bytes, proofs: Proofs | None, request: str | None) -> Actor:
    """Whose token has this hash, at once and on every process. Raises NotSignedIn.

    For an unknown or old token, once the client is suspended, and unless a token that is
    bound to a key comes with one fresh proof of that key for this very call.
    """
    async with transaction() as held:
        row = await held.fetchrow(_HOLDER, token, clock.now())
        bound = row["bound_to"] if row else None
        if proofs:
            proof = await _proven(proofs, expected=bound is not None, thumbprint=bound)
            holds = proof is not None
        else:
            holds = bound is None
    if row is None or not holds:
        raise NotSignedIn
    return Actor(row["id"], "court", "CT", row["agency"], request=request)


async def _of_secret(way: Secret) -> Any | None:
    row = await connection().fetchrow(_CLIENT, vault().index("court.client", way.client_id))
    expected = row["secret"] if row and not row["key_only"] else bytes(32)
    return row if hmac.compare_digest(expected, hashed(way.secret)) else None


async def _of_assertion(way: SignedAssertion) -> Any | None:
    asked, now = read_assertion(way.jwt), clock.now().timestamp()
    named = asked.claims.sub if asked else ""
    index = vault().index("court.client", named.encode(errors="replace").decode())
    row = await connection().fetchrow(_CLIENT, index)
    audience = settings().api_url + TOKEN_PATH
    key = row["public_key"] if row else None
    holds = (
        asked is not None
        and assertion_holds(asked, key, audience=audience, now=now)
        and way.client_id in (None, named)
    )
    said, until = (asked.claims.jti, asked.claims.exp) if asked and holds else ("", 0.0)
    first = await _said_once(f"assertion {row['id'] if row else ''} {said}", until, holds=holds)
    return row if first else None


async def _proven(
    proofs: Proofs, *, expected: bool, thumbprint: bytes | None = None
) -> Proof | None:
    """The one proof that was shown, if it holds, is of this key, and was never shown before."""
    only = proofs.shown[0] if len(proofs.shown) == 1 else ""
    proof = read_proof(only, proofs.call, now=clock.now().timestamp())
    holds = (
        proof is not None
        and expected
        and (thumbprint is None or hmac.compare_digest(proof.thumbprint.encode(), thumbprint))
    )
    said, until = (f"{proof.thumbprint} {proof.jti}", proof.until) if proof else ("", 0.0)
    return proof if await _said_once(f"proof {said}", until, holds=holds) else None


async def _said_once(what: str, until: float, *, holds: bool) -> bool:
    """One statement, whether it holds or not; of two at once the first is heard."""
    named = hashed(what.encode(errors="replace").decode())
    kept = datetime.fromtimestamp(until if holds else 0, UTC)
    return await connection().fetchval(_ONCE, uuid4(), named, kept, holds) is not None
