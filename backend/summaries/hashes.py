"""The hash by which a court checks a summary, and what of it is kept.

The court gets the plain SHA-256 of the bytes. In the row stands a keyed hash of it: all but the
court's reference can be rebuilt from other rows, and whoever has those and a plain hash would try
references until one fits. Rows of an earlier release have the plain one until the worker has
keyed it (workflows/hide.py).
"""

import hashlib
import hmac

from backend.actors.actions import vault

KEYED = b"\x01"  # before a keyed hash; a plain one has 32 bytes and nothing before it


def hash_of(body: bytes) -> str:
    """What the court is told."""
    return hashlib.sha256(body).hexdigest()


def kept(plain: str) -> bytes:
    """What stands in the row: made from the hash alone, so no summary has to be opened for it."""
    return KEYED + vault().derive("summary.sha256", plain)


def is_of(stored: bytes, body: bytes) -> bool:
    """Whether this is what was kept of these very bytes."""
    plain = hash_of(body)
    old = len(stored) == hashlib.sha256().digest_size
    return hmac.compare_digest(stored, bytes.fromhex(plain) if old else kept(plain))
