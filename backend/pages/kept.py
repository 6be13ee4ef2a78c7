"""What was typed after a session had run out: sealed at the door, opened for who typed it alone.

Whose it is says the proof in the form, which was made for the session in which the page was shown.
The cookie does not: another colleague's session may have come to this browser since.
"""

import base64
import hmac
from datetime import datetime, timedelta

import msgspec

from backend import clock
from backend.access import Actor
from backend.actors.actions import vault
from backend.database import transaction
from backend.pages.forms import Form, proof_of
from backend.vault import VaultError

LIVES = timedelta(days=1)
MOST = 128 * 1024  # what a sign-in carries along; no form of ours is half as large
_PLACE = "sign-in"


class _Kept(msgspec.Struct, array_like=True):
    at: datetime
    path: str
    proof: str
    fields: tuple[tuple[str, str], ...]


def keep(form: Form) -> str:
    """A form as one value that tells nothing; nothing for one that stood on no page of ours."""
    proof = form.one("csrf")
    if not proof:
        return ""
    whole = msgspec.json.encode(_Kept(clock.now(), form.path, proof, form.typed))
    sealed = base64.urlsafe_b64encode(vault().seal_own("typed", _PLACE, whole)).decode()
    return sealed if len(sealed) <= MOST else ""


async def opened(actor: Actor, sealed: str) -> Form | None:
    """The form that the actor typed within a day; None for another's, and for none of ours."""
    try:
        whole = vault().unseal_own("typed", _PLACE, base64.urlsafe_b64decode(sealed))
        kept = msgspec.json.decode(whole, type=_Kept)
    except (ValueError, VaultError, msgspec.DecodeError):
        return None
    fresh = timedelta(0) <= clock.now() - kept.at <= LIVES
    return Form(kept.path, kept.fields) if fresh and await is_own(actor, kept.proof) else None


async def is_own(actor: Actor, proof: str) -> bool:
    """Whether a form stood on a page of one of the actor's own sessions, of a month."""
    async with transaction(actor.id) as held:
        rows = await held.fetch("SELECT id FROM session WHERE staff = $1", actor.id)
    given = proof.encode()
    return any(hmac.compare_digest(given, proof_of(str(row["id"])).encode()) for row in rows)
