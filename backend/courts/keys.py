"""Public keys of courts' machines and what is signed with them (RFC 7515, 7517, 7638, 8037)."""

import json
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey

from backend.errors import Unfit

Key = ECKey | OKPKey
# What a key of each curve signs with, and nothing else: the stored key pins the algorithm.
# RFC 9864 names the last one anew; most libraries still write EdDSA.
ALGORITHMS = {"P-256": ("ES256",), "Ed25519": ("Ed25519", "EdDSA")}
CURVE_OF = {name: curve for curve, names in ALGORITHMS.items() for name in names}
KINDS: dict[str, type[ECKey | OKPKey]] = {"EC": ECKey, "OKP": OKPKey}
PRIVATE = "d"  # the member of a JWK that only its owner may have
# What a library says of bytes that are no key and no signature; KeyError of a curve that it
# does not know.
STRANGE = (JoseError, ValueError, TypeError, KeyError, RecursionError)


@dataclass(frozen=True)
class Signed:
    """A compact JWS taken apart. Nothing in it may be believed before `is_by` has said so."""

    header: dict[str, Any]
    payload: bytes
    text: str


def take_apart(text: str) -> Signed | None:
    try:
        found = jws.extract_compact(text.encode())
    except STRANGE:
        return None
    return Signed(found.protected, found.payload, text)


def is_by(signed: Signed, jwk: str | None) -> bool:
    """Whether the holder of the key signed this, by an algorithm of that key.

    Without a key, or with one of another kind, a decoy does the same work: how long it takes
    tells nothing of who has which key.
    """
    curve = CURVE_OF.get(str(signed.header.get("alg")))
    if curve is None:
        return False
    fits = jwk is not None and json.loads(jwk)["crv"] == curve
    key = key_of(json.loads(jwk if fits and jwk is not None else _decoy(curve)))
    return key is not None and _verified(signed, key, curve) and fits


def key_of(jwk: object) -> Key | None:
    """The public key of a JWK; None for every other thing, a private key too."""
    if not isinstance(jwk, dict) or PRIVATE in jwk:
        return None
    kind = KINDS.get(str(jwk.get("kty")))
    if kind is None:
        return None
    with suppress(*STRANGE):
        return _fit(kind.import_key(jwk))
    return None


def read_public_key(text: str) -> str:
    """The JWK of what a court has sent us, a JWK or PEM. Raises Unfit."""
    key = _of_jwk(text) if text.lstrip().startswith("{") else _of_pem(text)
    if key is None:
        raise Unfit("A public key is needed: Ed25519 or P-256, as a JWK or in PEM.")
    return json.dumps(key.as_dict(private=False), sort_keys=True, separators=(",", ":"))


def _of_jwk(text: str) -> Key | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict) and PRIVATE in found:
        raise Unfit("This is a private key: it stays where it is, the public one is wanted.")
    return key_of(found)


def _of_pem(text: str) -> Key | None:
    if "PRIVATE KEY" in text:
        raise Unfit("This is a private key: it stays where it is, the public one is wanted.")
    for kind in KINDS.values():
        with suppress(*STRANGE):
            return _fit(kind.import_key(text))
    return None


def _fit(key: Key) -> Key | None:
    return key if key.curve_name in ALGORITHMS else None


def _verified(signed: Signed, key: Key, curve: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # of the older name, see ALGORITHMS
            jws.deserialize_compact(signed.text, key, algorithms=ALGORITHMS[curve])
    except STRANGE:
        return False
    return True


@cache
def _decoy(curve: str) -> str:
    """A public key to which nobody has the other half."""
    kind = ECKey if curve == "P-256" else OKPKey
    made: Key = kind.generate_key(curve, private=False)  # type: ignore[arg-type]
    return json.dumps(made.as_dict(private=False))
