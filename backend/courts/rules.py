"""What a court's machine may sign, and for how long: assertions (RFC 7523) and proofs (RFC 9449).

Without I/O. Instants in claims are seconds since 1970, UTC.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, TypeVar
from urllib.parse import urldefrag

import msgspec

from backend.courts.keys import Signed, is_by, key_of, take_apart

LIFE = timedelta(minutes=5).total_seconds()
SKEW = timedelta(seconds=30).total_seconds()  # how far two clocks may differ
ASSERTION_HEADER = frozenset({"alg", "typ", "kid"})
ASSERTION_TYPES = frozenset({"jwt", "client-authentication+jwt"})
PROOF_HEADER = frozenset({"alg", "typ", "jwk"})
T = TypeVar("T")
Jti = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    iat: float
    jti: Jti
    nbf: float | None = None


class _ProofClaims(msgspec.Struct, frozen=True):
    jti: Jti
    htm: str
    htu: str
    iat: float
    ath: str | None = None


@dataclass(frozen=True)
class Assertion:
    """What says who it is from; not yet believed."""

    signed: Signed
    claims: _Claims


def read_assertion(text: str) -> Assertion | None:
    """None for what is no assertion. A header that brings a key, or names one, makes it none."""
    signed = take_apart(text)
    if signed is None or not signed.header.keys() <= ASSERTION_HEADER:
        return None
    if str(signed.header.get("typ", "jwt")).lower() not in ASSERTION_TYPES:
        return None
    claims = _decoded(signed.payload, _Claims)
    return Assertion(signed, claims) if claims else None


def assertion_holds(asked: Assertion, jwk: str | None, *, audience: str, now: float) -> bool:
    """Whether the client of this key says so, to us, now; not whether for the first time."""
    claims = asked.claims
    genuine = is_by(asked.signed, jwk)
    return (
        genuine
        and claims.iss == claims.sub
        and claims.aud in (audience, [audience])
        and now < claims.exp <= claims.iat + LIFE
        and claims.iat <= now + SKEW
        and (claims.nbf is None or claims.nbf <= now + SKEW)
    )


@dataclass(frozen=True)
class Call:
    """The request that a proof has to be made for; `ath` is the hash of its token, if any."""

    method: str
    url: str
    ath: str | None = None


@dataclass(frozen=True)
class Proof:
    """A genuine proof of possession; `thumbprint` is that of the key (RFC 7638)."""

    thumbprint: str
    jti: str
    until: float


def read_proof(text: str, call: Call, *, now: float) -> Proof | None:
    """None unless the holder of the key that it brings made this proof for this very call, now."""
    signed = take_apart(text)
    if signed is None or signed.header.keys() != PROOF_HEADER:
        return None
    jwk, claims = signed.header["jwk"], _decoded(signed.payload, _ProofClaims)
    key = key_of(jwk)
    if key is None or claims is None or signed.header["typ"] != "dpop+jwt":
        return None
    genuine = is_by(signed, msgspec.json.encode(jwk).decode())
    if not (
        genuine
        and claims.htm == call.method
        and urldefrag(claims.htu).url.partition("?")[0] == call.url
        and now - LIFE <= claims.iat <= now + SKEW
        and (call.ath is None or claims.ath == call.ath)
    ):
        return None
    return Proof(key.thumbprint(), claims.jti, claims.iat + LIFE)


def _decoded(payload: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
