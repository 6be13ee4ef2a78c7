"""The record of who did and read what. It is written in the transaction of the act itself.

Who was refused is written by `backend.audit.denials`, apart.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, find_plan, require
from backend.database import connection, transaction

_RECORD = """
INSERT INTO audit (at, actor, role, operation, agency, plan, object, outcome, request)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def record(
    actor: Actor,
    operation: str,
    *,
    plan: UUID | None = None,
    thing: UUID | None = None,
    outcome: str = "done",
) -> None:
    """Write the audit row; where it cannot be written, the act fails with it."""
    await connection().execute(
        _RECORD,
        clock.now(),
        actor.id,
        actor.role,
        operation,
        actor.agency,
        plan,
        thing,
        outcome,
        actor.request,
    )


_IN_SCOPE = "SELECT current_setting('app.actor', true)"
_PUT_IN_SCOPE = "SELECT set_config('app.actor', $1, true)"


async def record_of_another(
    actor: Actor, operation: str, *, thing: UUID | None = None, outcome: str = "done"
) -> None:
    """Write the row of somebody who is not in scope: whom the transaction itself let in, or made.

    The database takes a row in the name of whoever is in scope, and of nobody else.
    """
    held = connection()
    before = await held.fetchval(_IN_SCOPE)
    await held.execute(_PUT_IN_SCOPE, str(actor.id))
    await record(actor, operation, thing=thing, outcome=outcome)
    await held.execute(_PUT_IN_SCOPE, before or "")


_ACCESS = """
SELECT a.id, a.at, a.actor, a.role, a.operation, a.object, a.purpose, s.alias,
       CASE WHEN a.subject = $6 THEN 'PE'
            WHEN a.subject IS NOT NULL THEN coalesce(
                (SELECT m.role FROM mandate m WHERE m.plan = a.plan AND m.actor = a.subject
                  ORDER BY m.starts DESC LIMIT 1), 'other') END AS about
  FROM audit a LEFT JOIN staff s ON s.id = a.actor
 WHERE a.plan = $1 AND a.id < $2 AND ($4 OR a.actor = $5)
 ORDER BY a.id DESC LIMIT $3
"""


async def list_access(actor: Actor, plan: UUID, *, before: int | None, limit: int) -> Sequence[Any]:
    """Who read and changed this plan, newest first; a social worker sees their own acts."""
    require(actor, "listAccess")
    async with transaction(actor.id) as held:
        found = await find_plan(actor, plan, group="access", roles=("SW", "CO"))
        await record(actor, "listAccess", plan=plan)
        rows: Sequence[Any] = await held.fetch(
            _ACCESS,
            plan,
            before or 2**62,
            limit,
            found["mandate"] == "CO",
            actor.id,
            found["person"],
        )
        return rows
