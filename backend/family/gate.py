"""What stands before every message to a relative: what inviting, queueing and sending look at."""

from uuid import UUID

from backend.database import connection
from backend.errors import Unfit


async def is_open_to(who: UUID) -> bool:
    """Whether a machine may speak to somebody; of whom is no relative nothing is asked here."""
    return bool(await connection().fetchval("SELECT may_be_prompted($1)", who))


async def check_open_to(who: UUID) -> None:
    """Raises Unfit, which names no cause: who invites may be somebody who may not know it."""
    if not await is_open_to(who):
        raise Unfit("First a human asks: the family map says what is still to be asked.")
