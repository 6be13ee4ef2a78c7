"""What an agency asks of its own at the door: a passkey and nothing less, or less than that."""

from dataclasses import dataclass

from backend.access import Actor
from backend.database import transaction
from backend.errors import NotFromThisState
from backend.staff.rules import asks_less, needs_passkey

_OWN = (
    "SELECT a.second_factor, s.role, EXISTS ("
    "       SELECT 1 FROM passkey y WHERE y.staff = s.id AND y.ended_at IS NULL) AS there"
    "  FROM staff s JOIN agency a ON a.id = s.agency WHERE s.id = $1"
)


@dataclass(frozen=True)
class Wanted:
    """`missing`: a passkey is asked and has yet to be set up; `there`: there is one to show."""

    missing: bool
    there: bool


async def passkey_asked(actor: Actor) -> Wanted:
    async with transaction(actor.id) as held:
        row = await held.fetchrow(_OWN, actor.id)
    asked = row is not None and needs_passkey(row["second_factor"], row["role"])
    return Wanted(asked and not row["there"], asked and row["there"])


async def less_asked(actor: Actor) -> str | None:
    """What the actor's agency asks instead of passkeys, where that is less.

    The demo's people are invented, so nothing is missing there.
    """
    async with transaction(actor.id) as held:
        row = await held.fetchrow(
            "SELECT second_factor, demo FROM agency WHERE id = $1", actor.agency
        )
    if row is None or row["demo"] or not asks_less(row["second_factor"]):
        return None
    return str(row["second_factor"])


async def require_no_passkey(actor: Actor) -> None:
    """Before something less is set up. Raises NotFromThisState where a passkey comes first."""
    if (await passkey_asked(actor)).missing:
        raise NotFromThisState("Your agency asks you for a passkey: set one up first.")
