"""Keys, assertions and proofs as text: what is taken, and that nothing else does any harm."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey

from backend.courts.keys import key_of, read_public_key
from backend.courts.rules import Call, assertion_holds, read_assertion, read_proof
from backend.errors import Unfit
from workflows.story.machine import Machine

OKP = OKPKey.generate_key("Ed25519", private=True)
EC = ECKey.generate_key("P-256", private=True)


@pytest.mark.parametrize("key", [OKP, EC], ids=["Ed25519", "P-256"])
def test_a_public_key_is_read_as_a_jwk_and_as_pem_to_the_same(key: OKPKey | ECKey) -> None:
    jwk = key.as_dict(private=False)
    pem = key.as_pem(private=False).decode()
    assert json.loads(read_public_key(pem)) == jwk
    with_more = json.dumps({**jwk, "kid": "7", "use": "sig", "x5u": "https://example.org"})
    assert json.loads(read_public_key(f"\n {with_more}\n")).keys() >= jwk.keys()
    assert len(read_public_key(pem)) < 400


def _pem(key: Any) -> str:
    pem: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


NO_KEYS = {
    "a private JWK": json.dumps(OKP.as_dict(private=True)),
    "a private PEM": EC.as_pem(private=True).decode(),
    "RSA": _pem(rsa.generate_private_key(65537, 2048).public_key()),
    "P-384": _pem(ec.generate_private_key(ec.SECP384R1()).public_key()),
    "P-256K": _pem(ec.generate_private_key(ec.SECP256K1()).public_key()),
    "Ed448": _pem(ed448.Ed448PrivateKey.generate().public_key()),
    "X25519": json.dumps(OKPKey.generate_key("X25519").as_dict(private=False)),
    "a secret": json.dumps({"kty": "oct", "k": "c2VjcmV0"}),
    "a point beside the curve": json.dumps({**EC.as_dict(private=False), "x": "AAAA"}),
    "half a key": json.dumps({"kty": "EC", "crv": "P-256"}),
    "no JSON": "{",
    "a list of keys": json.dumps({"keys": [EC.as_dict(private=False)]}),
    "nothing": "",
    "words": "-----BEGIN PUBLIC KEY-----\nnot base64\n-----END PUBLIC KEY-----",
}


@pytest.mark.parametrize("what", NO_KEYS)
def test_no_other_key_is_read(what: str) -> None:
    with pytest.raises(Unfit, match="private key" if "private" in what else "public key"):
        read_public_key(NO_KEYS[what])


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_NEARLY = st.dictionaries(
    st.sampled_from(["kty", "crv", "x", "y", "d", "kid", "alg"]),
    _ANYTHING | st.sampled_from(["EC", "OKP", "oct", "P-256", "Ed25519", "AAAA"]),
)


@given(_ANYTHING | _NEARLY)
@example({"kty": "EC", "crv": "P-0", "x": "AAAA", "y": "AAAA"})
@example({"kty": "OKP", "crv": "Ed0", "x": "AAAA"})
def test_whatever_stands_for_a_key_is_a_key_or_none(jwk: object) -> None:
    key_of(jwk)


_WORD = st.text(st.characters(codec="ascii"), max_size=40)


@given(st.text() | st.builds(".".join, st.lists(_WORD, min_size=3, max_size=3)))
def test_whatever_is_sent_is_an_assertion_or_none(text: str) -> None:
    assert read_assertion(text) is None
    assert read_proof(text, Call("GET", "http://api"), now=0) is None


@given(st.dictionaries(st.sampled_from(["iss", "sub", "aud", "exp", "iat", "jti"]), _ANYTHING))
def test_whatever_is_signed_holds_only_where_every_claim_does(claims: dict[str, object]) -> None:
    machine = Machine(OKP)
    asked = read_assertion(machine.sign({"typ": "JWT"}, claims))
    assert asked is None or not assertion_holds(
        asked, machine.public, audience="http://api/court/token", now=10**9
    )
