"""What takes two people, in agencies that have no two: a delay, and a look from outside later."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, require
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFromThisState, Unfit
from backend.once import Written
from backend.second.rules import FINDINGS


async def is_small(agency: UUID | None) -> bool:
    """Whether the administrator said so, and it still is so: two coordinators at most."""
    return bool(await connection().fetchval("SELECT is_small($1)", agency))


async def owe_review(actor: Actor, kind: str, thing: UUID) -> None:
    """Somebody has let what they asked for themselves: from outside somebody looks at it."""
    await connection().execute(
        "INSERT INTO outside_review (id, agency, version, kind, thing, done_by, done_at)"
        " VALUES ($1, $2, 1, $3, $4, $5, $6)",
        uuid4(),
        actor.agency,
        kind,
        thing,
        actor.id,
        clock.now(),
    )


# An officer of the agency, or a coordinator or officer of the one that it named for this.
_MINE = """
SELECT r.*, a.name AS agency_name FROM outside_review r JOIN agency a ON a.id = r.agency
 WHERE r.done_by <> $1 AND ((r.agency = $2 AND $3 = 'DP') OR a.reviewer = $2)
"""


async def list_reviews(actor: Actor) -> Sequence[Any]:
    """Those that are open first, the oldest first: what was done, when, and by whom, as ids."""
    require(actor, "listReviews")
    async with transaction(actor.id) as held:
        await record(actor, "listReviews")
        rows: Sequence[Any] = await held.fetch(
            f"{_MINE} ORDER BY r.reviewed_at IS NOT NULL, r.done_at, r.id LIMIT 200",
            actor.id,
            actor.agency,
            actor.role,
        )
        return rows


async def record_review(actor: Actor, id_: UUID, seen: int, finding: str) -> Written:
    """What was found. Raises NotFound, VersionStale, NotFromThisState, Unfit."""
    require(actor, "recordReview")
    async with transaction(actor.id) as held:
        row = await held.fetchrow(
            f"{_MINE} AND r.id = $4 FOR UPDATE OF r", actor.id, actor.agency, actor.role, id_
        )
        check_version(row, seen)
        if row["reviewed_at"] is not None:
            raise NotFromThisState("It was looked at before.")
        if finding not in FINDINGS:
            raise Unfit("finding is in_order or not_in_order.")
        await record(actor, "recordReview", thing=id_)
        await held.execute(
            "UPDATE outside_review SET finding = $2, reviewed_by = $3, reviewed_at = $4,"
            " version = version + 1 WHERE id = $1",
            id_,
            finding,
            actor.id,
            clock.now(),
        )
        return Written(id_, seen + 1)
