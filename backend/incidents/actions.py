"""Incidents: what happened to the data, whom the agency owes a word, and until when.

Nothing is ever sent from here. A notice is drafted, a human sends it, and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, require
from backend.actors.actions import seal, unseal
from backend.agencies.countries import profile_of
from backend.alerts.actions import close_tasks
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.incidents.notices import draft
from backend.incidents.rules import ADDRESSEES, HOW, KINDS, MOST_TOUCHED, due_of, is_overdue
from backend.once import Written


@dataclass(frozen=True)
class NewIncident:
    """`touched` are ids of plans and people."""

    kind: str
    noticed_at: datetime
    description: str
    touched: Sequence[UUID] = ()
    id: UUID = field(default_factory=uuid4)


async def record_incident(actor: Actor, new: NewIncident) -> Written:
    """The clock runs from the moment of noticing. Raises Unfit."""
    require(actor, "recordIncident")
    if new.kind not in KINDS or len(new.touched) > MOST_TOUCHED:
        raise Unfit(f"kind is one of {', '.join(KINDS)}; {MOST_TOUCHED} ids at most.")
    async with transaction(actor.id) as held:
        now = clock.now()
        if new.noticed_at > now:
            raise Unfit("noticed_at is not in the future.")
        await held.execute(
            "INSERT INTO incident (id, agency, version, kind, noticed_at, touched, description,"
            " recorded_by, recorded_at) VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8)",
            new.id,
            actor.agency,
            new.kind,
            new.noticed_at,
            sorted(set(new.touched)),
            await seal(actor.id, f"incident.description:{new.id}", new.description),
            actor.id,
            now,
        )
        await record(actor, "recordIncident", thing=new.id)
        return Written(new.id, 1, 201)


_OF_AGENCY = """
SELECT i.*, a.name, a.service_alias, a.zone, a.language, k.working_days, a.country, a.duty_phone,
       s.alias AS who
  FROM incident i JOIN agency a ON a.id = i.agency JOIN calendar k ON k.id = a.id
  JOIN staff s ON s.id = i.recorded_by
 WHERE i.agency = $1
"""


async def list_incidents(actor: Actor) -> Sequence[dict[str, Any]]:
    """Those that are open first, the latest first, with what is due and whether it is overdue."""
    require(actor, "listIncidents")
    async with transaction(actor.id) as held:
        await record(actor, "listIncidents")
        sql = f"{_OF_AGENCY} ORDER BY i.closed_at IS NOT NULL, i.noticed_at DESC, i.id LIMIT 200"
        return [await _shown(row) for row in await held.fetch(sql, actor.agency)]


async def _shown(row: Any) -> dict[str, Any]:
    due = due_of(row, profile_of(row["country"]))
    words = {
        name: await unseal(row[by], f"incident.{name}:{row['id']}", row[name])
        for name, by in (("description", "recorded_by"), ("outcome", "closed_by"))
        if row[name] is not None
    }
    return {**row, **words, "due_at": due, "overdue": is_overdue(due, clock.now())}


async def draft_notice(actor: Actor, id_: UUID, to: str) -> tuple[str, str]:
    """Language and text of what a human may send. Raises NotFound, Unfit."""
    require(actor, "draftNotice")
    async with transaction(actor.id) as held:
        row = await held.fetchrow(f"{_OF_AGENCY} AND i.id = $2", actor.agency, id_)
        if row is None:
            raise NotFound
        if to not in ADDRESSEES:
            raise Unfit("to is authority or people.")
        await record(actor, "draftNotice", thing=id_)
        return draft(to, row, profile_of(row["country"]))


async def _locked(actor: Actor, id_: UUID, seen: int) -> Any:
    row = await connection().fetchrow(
        "SELECT * FROM incident WHERE id = $1 AND agency = $2 FOR UPDATE", id_, actor.agency
    )
    check_version(row, seen)
    if row["closed_at"] is not None:
        raise NotFromThisState("It is closed.")
    return row


async def amend_incident(actor: Actor, id_: UUID, seen: int, touched: Sequence[UUID]) -> Written:
    """More is known of who is touched: the ids as they are from now on. The clock runs on.

    Raises NotFound, VersionStale, NotFromThisState, Unfit.
    """
    require(actor, "amendIncident")
    async with transaction(actor.id) as held:
        await _locked(actor, id_, seen)
        if len(touched) > MOST_TOUCHED:
            raise Unfit(f"{MOST_TOUCHED} ids at most.")
        await record(actor, "amendIncident", thing=id_)
        await held.execute(
            "UPDATE incident SET touched = $2, version = version + 1 WHERE id = $1",
            id_,
            sorted(set(touched)),
        )
        return Written(id_, seen + 1)


async def record_notice(actor: Actor, id_: UUID, seen: int, *, to: str, how: str) -> Written:
    """A human has sent a notice, or found that none is owed; either is said once.

    Raises NotFound, VersionStale, NotFromThisState, Unfit.
    """
    require(actor, "recordNotice")
    async with transaction(actor.id) as held:
        row = await _locked(actor, id_, seen)
        if to not in ADDRESSEES or how not in HOW:
            raise Unfit("to is authority or people; how is sent or not_owed.")
        if row[f"{to}_how"] is not None:
            raise NotFromThisState("This was recorded before.")
        await record(actor, "recordNotice", thing=id_)
        await held.execute(
            "UPDATE incident SET version = version + 1,"
            " authority_how = CASE $2 WHEN 'authority' THEN $3 ELSE authority_how END,"
            " authority_at = CASE $2 WHEN 'authority' THEN $4 ELSE authority_at END,"
            " people_how = CASE $2 WHEN 'people' THEN $3 ELSE people_how END,"
            " people_at = CASE $2 WHEN 'people' THEN $4 ELSE people_at END WHERE id = $1",
            id_,
            to,
            how,
            clock.now(),
        )
        other = ADDRESSEES[to == ADDRESSEES[0]]
        if row[f"{other}_how"] is not None:
            await close_tasks(id_, "incident-due", "told")
        return Written(id_, seen + 1)


async def close_incident(actor: Actor, id_: UUID, seen: int, outcome: str) -> Written:
    """With what was done, once both notices are out or not owed.

    Raises NotFound, VersionStale, NotFromThisState.
    """
    require(actor, "closeIncident")
    async with transaction(actor.id) as held:
        row = await _locked(actor, id_, seen)
        if row["authority_how"] is None or row["people_how"] is None:
            raise NotFromThisState("Say first of both notices that they were sent or are not owed.")
        await record(actor, "closeIncident", thing=id_)
        await held.execute(
            "UPDATE incident SET outcome = $2, closed_by = $3, closed_at = $4,"
            " version = version + 1 WHERE id = $1",
            id_,
            await seal(actor.id, f"incident.outcome:{id_}", outcome),
            actor.id,
            clock.now(),
        )
        await close_tasks(id_, "incident-due", "closed")
        return Written(id_, seen + 1)
