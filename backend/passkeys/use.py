"""What a sign-in and a proof have in common: the passkey that is shown, and its count."""

from typing import Any
from uuid import UUID

from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from backend import clock
from backend.passkeys.actions import handle_of, hash_credential
from backend.staff.notices import note

# One that counts shows more each time; some show 0 for ever.
_COUNTED = """
UPDATE passkey SET sign_count = $2, used_at = $3
 WHERE id = $1 AND ended_at IS NULL AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0))
"""


def index_of(id_: str) -> bytes:
    """However it was written: other spellings of the same bytes are no further tries."""
    try:
        return hash_credential(base64url_to_bytes(id_))
    except ValueError:
        return hash_credential(id_.encode())


def is_handle_of(staff: UUID, shown: str) -> bool:
    return shown.rstrip("=") == bytes_to_base64url(handle_of(staff))


async def count_use(held: Any, staff: UUID, passkey: UUID, count: int, *, browser: bool) -> bool:
    """Write the use down; False where the passkey has ended, or its count runs back.

    Where that does there may be two of it, and its holder is told, wherever they are.
    """
    done: str = await held.execute(_COUNTED, passkey, count, clock.now())
    if done.endswith(" 1"):
        return True
    if await held.fetchval("SELECT true FROM passkey WHERE id = $1 AND ended_at IS NULL", passkey):
        await note(held, staff, "passkey_copied", browser=browser)
    return False
