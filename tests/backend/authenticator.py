"""A passkey's device, made of software: what a browser and its authenticator do with options."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from tests.world import Caller

ORIGIN = "http://localhost:8000"
HOST = "localhost"
PRESENT, VERIFIED, ATTESTED = 1, 4, 64


@dataclass
class Authenticator:
    """`origin` is what the browser says, `host` what the authenticator was asked for."""

    origin: str = ORIGIN
    host: str = HOST
    flags: int = PRESENT | VERIFIED
    count: int = 0
    step: int = 1
    said: dict[str, Any] = field(default_factory=dict)
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    handle: bytes = b""
    codes: list[str] = field(default_factory=list)  # for recovery, where it brought some

    def make(self, options: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A new key, as confirmPasskey takes it; `more` goes over what is sent."""
        self.handle = base64url_to_bytes(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        attested = (
            bytes(16) + len(self.credential).to_bytes(2) + self.credential + cbor2.dumps(cose)
        )
        data = self._data(ATTESTED) + attested
        made = {"fmt": "none", "attStmt": {}, "authData": data}
        return {
            "id": bytes_to_base64url(self.credential),
            "client_data": bytes_to_base64url(self._client("webauthn.create", options)),
            "attestation": bytes_to_base64url(cbor2.dumps({**made, **more})),
        }

    def show(self, options: dict[str, Any], **more: str) -> dict[str, Any]:
        """What signInWithPasskey and proveWithPasskey take."""
        self.count += self.step
        data, client = self._data(), self._client("webauthn.get", options)
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return {
            "id": bytes_to_base64url(self.credential),
            "client_data": bytes_to_base64url(client),
            "authenticator_data": bytes_to_base64url(data),
            "signature": bytes_to_base64url(signed),
            "user_handle": bytes_to_base64url(self.handle),
            **more,
        }

    def _client(self, what: str, options: dict[str, Any]) -> bytes:
        said = {"type": what, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps({**said, "crossOrigin": False, **self.said}).encode()

    def _data(self, flags: int = 0) -> bytes:
        host = hashlib.sha256(self.host.encode()).digest()
        return host + bytes([self.flags | flags]) + self.count.to_bytes(4)


async def options_to_sign_in() -> dict[str, Any]:
    answer = await Caller().post("/sessions/passkey/options")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["options"]
    return found


async def options_to_prove(who: Caller) -> dict[str, Any]:
    answer = await who.post("/account/prove/passkey/options")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["options"]
    return found


async def options_to_enrol(who: Caller, name: str = "blue phone") -> dict[str, Any]:
    answer = await who.post("/account/passkeys/options", {"name": name})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["options"]
    return found


async def a_passkey(who: Caller, name: str = "blue phone", **more: Any) -> Authenticator:
    """One that is in force."""
    made = Authenticator(**more)
    body = {"name": name, **made.make(await options_to_enrol(who, name))}
    answer = await who.post("/account/passkeys", body)
    assert answer.status_code == 200, answer.text
    made.codes = answer.json()["recovery_codes"]
    return made
