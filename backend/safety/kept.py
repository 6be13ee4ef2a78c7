"""Who is told no days and places: what sending looks at, without opening what a flag says."""

from uuid import UUID

from backend.actors.actions import vault
from backend.database import connection


def mark_of(member: UUID) -> bytes:
    """What stands in a row for somebody who must not be named by it."""
    return vault().index("safety_flag.kept_from", str(member))


async def is_kept_from(plan: UUID, member: UUID) -> bool:
    """Whether a flag stands on this plan that keeps days and places from this member."""
    return bool(
        await connection().fetchval(
            "SELECT 1 FROM safety_flag WHERE plan = $1 AND kept_from = $2"
            " AND lowered_at IS NULL LIMIT 1",
            plan,
            mark_of(member),
        )
    )
