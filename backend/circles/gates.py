"""Who meets the person at the gate, and who stands in."""

from typing import Any
from uuid import UUID

from backend import clock
from backend.database import connection


async def pass_gate_on(plan: UUID, member: UUID) -> Any | None:
    """Who would meet the person at the gate cannot: the substitute takes over.

    Answers with the substitute's row and the day, where there is one. A late no of somebody
    whose turn it is no longer changes nothing.
    """
    held = connection()
    passed = await held.fetchval(
        "UPDATE member SET gate = NULL, version = version + 1"
        " WHERE plan = $1 AND id = $2 AND gate = 'first' RETURNING id",
        plan,
        member,
    )
    if passed is None:
        return None
    return await held.fetchrow(
        "UPDATE member b SET gate = 'first', version = b.version + 1 FROM plan p"
        " WHERE b.id = (SELECT s.id FROM member s JOIN mandate m ON m.plan = s.plan"
        "   AND m.actor = s.id AND m.starts <= $2 AND (m.ends IS NULL OR m.ends > $2)"
        "   WHERE s.plan = $1 AND s.gate = 'substitute' ORDER BY m.starts LIMIT 1)"
        " AND p.id = b.plan RETURNING b.id, b.plan, b.role, p.zone, p.release_date",
        plan,
        clock.now(),
    )
