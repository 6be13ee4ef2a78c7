"""How a welcome ends: at once, for nobody's reason, and with all that was held of who it was."""

from uuid import UUID

from backend.database import connection


async def end_welcomes(plan: UUID, one: UUID | None = None) -> None:
    """Of a plan all that stand, or this one. Its key is destroyed, in backups too.

    While a legal hold stands nothing is destroyed: what was held stays sealed until it has ended.
    The caller holds the plan's lock.
    """
    await connection().execute("SELECT end_welcomes($1, $2)", plan, one)
