"""Who is told no days and places: what sending looks at, without opening what a flag says."""

from uuid import UUID

from backend.actors.actions import vault


def mark_of(member: UUID) -> bytes:
    """What stands in a row for somebody who must not be named by it."""
    return vault().index("safety_flag.kept_from", str(member))
