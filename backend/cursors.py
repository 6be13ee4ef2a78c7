"""Opaque page cursors: the last key of a page, sealed with a keyed hash."""

import base64
import hmac
from typing import Any

import msgspec

from backend.actors.actions import vault
from backend.errors import BadInput

TAG = 12


def write(*keys: object) -> str:
    body = msgspec.json.encode(keys)
    return base64.urlsafe_b64encode(_tag(body) + body).decode().rstrip("=")


def read(cursor: str, *types: Any) -> Any:
    """The keys as a tuple of these types. Raises BadInput for a cursor that we did not make."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        if not hmac.compare_digest(raw[:TAG], _tag(raw[TAG:])):
            raise BadInput("This cursor is not one of ours.")
        return msgspec.json.decode(raw[TAG:], type=tuple.__class_getitem__(types))
    except (ValueError, msgspec.DecodeError) as error:
        raise BadInput("This cursor is not one of ours.") from error


def _tag(body: bytes) -> bytes:
    return vault().derive("cursor", body.decode())[:TAG]
