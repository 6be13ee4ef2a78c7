"""Codes for the day on which app or passkey are lost: ten at a time, each shown and good once.

They are of the app where there is one; else of the account, as long as it has a passkey.
"""

from typing import Any
from uuid import UUID, uuid4

from backend.access import Actor
from backend.audit.actions import record
from backend.database import transaction
from backend.errors import NotFromThisState
from backend.staff.codes import hash_recovery
from backend.staff.devices import end_sessions
from backend.staff.notices import note_here
from backend.staff.proof import hold_account, require_fresh
from backend.staff.rules import new_recovery_codes

_APP = "SELECT id FROM factor WHERE staff = $1 AND confirmed_at IS NOT NULL AND ended_at IS NULL"
_PASSKEY = "SELECT id FROM passkey WHERE staff = $1 AND ended_at IS NULL"
_HAS_FACTOR = f"SELECT EXISTS ({_APP}) OR EXISTS ({_PASSKEY})"
_OWN = "(staff = $1 OR factor IN (SELECT id FROM factor WHERE staff = $1 AND ended_at IS NULL))"
_LEFT = f"SELECT count(*) FROM recovery_code WHERE used_at IS NULL AND {_OWN}"


async def renew_codes(actor: Actor) -> list[str]:
    """New ones in the place of all earlier ones; whoever came in with one of those is out.

    Raises ProveAgain, NotFromThisState where neither app nor passkey is set up.
    """
    async with transaction(actor.id) as held:
        await hold_account(held, actor.id)
        await require_fresh(actor)
        if not await held.fetchval(_HAS_FACTOR, actor.id):
            raise NotFromThisState("Set up a passkey or codes from an app first.")
        codes = await make_codes(held, actor.id)
        await note_here(held, actor, "recovery")
        await end_sessions(held, actor.id, but=actor.session)
        await record(actor, "renewRecoveryCodes", thing=actor.id)
    return codes


async def codes_left(actor: Actor) -> int | None:
    """How many are still good; None where there is nothing that may be lost."""
    async with transaction(actor.id) as held:
        if not await held.fetchval(_HAS_FACTOR, actor.id):
            return None
        return int(await held.fetchval(_LEFT, actor.id))


async def make_codes(held: Any, staff: UUID) -> list[str]:
    """Inside the transaction that has locked the account."""
    await _forget(held, staff)
    codes, app = new_recovery_codes(), await held.fetchval(_APP, staff)
    await held.executemany(
        "INSERT INTO recovery_code (id, factor, staff, hash) VALUES ($1, $2, $3, $4)",
        [(uuid4(), app, None if app else staff, hash_recovery(code)) for code in codes],
    )
    return codes


async def make_first_codes(held: Any, staff: UUID) -> list[str]:
    """Likewise, for who has none that is still good; else none."""
    return [] if await held.fetchval(_LEFT, staff) else await make_codes(held, staff)


async def forget_codes(held: Any, staff: UUID) -> None:
    """Where the last factor is gone: a code stands in the place of one, and is none itself."""
    if not await held.fetchval(_HAS_FACTOR, staff):
        await _forget(held, staff)


async def _forget(held: Any, staff: UUID) -> None:
    await held.execute(
        "DELETE FROM recovery_code"
        " WHERE staff = $1 OR factor IN (SELECT id FROM factor WHERE staff = $1)",
        staff,
    )
