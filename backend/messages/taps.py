"""What stands behind a button: a token that only we can make, bound to one message."""

import base64
import hashlib
from uuid import UUID

from backend.actors.actions import vault

KEY_BYTES = 15


def _key(message: UUID) -> str:
    """The same however often a message is sent, so that every copy's buttons work."""
    return base64.urlsafe_b64encode(vault().derive("tap", str(message))[:KEY_BYTES]).decode()


def tap_hash(message: UUID) -> bytes:
    """What is stored: somebody who reads the table cannot press a button."""
    return hash_of(_key(message))


def hash_of(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def button_data(message: UUID, action: str) -> str:
    """At most 64 bytes: twenty letters of token, and the action's number or name."""
    return f"{_key(message)}:{action}"


def read(data: str) -> tuple[bytes, str] | None:
    """The stored hash and the action, or None for data that we did not make."""
    key, colon, action = data.partition(":")
    if not colon or not action:
        return None
    return hash_of(key), action
