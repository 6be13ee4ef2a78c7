"""A court's machine as the court would write it: it has a key of its own and signs with it."""

import hashlib
import json
from base64 import urlsafe_b64encode
from typing import Any
from uuid import uuid4

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

from backend import clock
from backend.settings import settings

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Machine:
    """`client_id` is what the agency handed out; what is passed beside stands in the claims."""

    def __init__(self, key: ECKey | OKPKey | None = None) -> None:
        self.key = key or OKPKey.generate_key("Ed25519", private=True)
        self.algorithm = "ES256" if isinstance(self.key, ECKey) else "Ed25519"
        self.client_id = ""

    @property
    def public(self) -> str:
        return json.dumps(self.key.as_dict(private=False))

    def credentials(self, **claims: object) -> dict[str, str]:
        """The body that asks for a token."""
        return {"client_assertion_type": ASSERTION, "client_assertion": self.assertion(**claims)}

    def assertion(self, **claims: object) -> str:
        now = int(clock.now().timestamp())
        said = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": f"{settings().api_url}/court/token",
            "iat": now,
            "exp": now + 60,
            "jti": str(uuid4()),
        }
        return self.sign({"typ": "JWT"}, {**said, **claims})

    def proof(self, method: str, path: str, token: str = "", **claims: object) -> str:
        said: dict[str, object] = {
            "htm": method,
            "htu": settings().api_url + path.partition("?")[0],
            "iat": int(clock.now().timestamp()),
            "jti": str(uuid4()),
        }
        if token:
            said["ath"] = urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode()[:43]
        header = {"typ": "dpop+jwt", "jwk": self.key.as_dict(private=False)}
        return self.sign(header, {**said, **claims})

    def sign(self, header: dict[str, Any], claims: dict[str, object]) -> str:
        said = {name: value for name, value in claims.items() if value is not None}
        whole = {"alg": self.algorithm, **header}
        algorithms = [whole["alg"]]
        return jws.serialize_compact(whole, json.dumps(said), self.key, algorithms=algorithms)
