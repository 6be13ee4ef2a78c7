"""One date, with what it was before and became."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.access import Actor, require
from backend.actors.actions import unseal_or_none
from backend.appointments import rules
from backend.appointments.actions import find_appointment
from backend.audit.actions import record
from backend.database import connection, transaction

_DATES = "SELECT * FROM appointment WHERE plan = $1 ORDER BY held_on, held_at, id"
# The database shows them to the workers alone.
_MOVES = "SELECT * FROM appointment_move WHERE appointment = ANY ($1)"


@dataclass(frozen=True)
class DateRead:
    """A date and its chain, from the first on; `place` opened, where it has one.

    `moves` are by the date that came of each: who asked, and why. To the plan's workers.
    """

    date: Mapping[str, Any]
    place: str | None
    milestone: UUID | None
    chain: Sequence[Mapping[str, Any]]
    moves: Mapping[UUID, Mapping[str, Any]]


async def get_appointment(actor: Actor, id_: UUID) -> DateRead:
    """Raises NotFound."""
    require(actor, "getAppointment")
    async with transaction(actor.id) as held:
        row, plan = await find_appointment(actor, id_)
        await record(actor, "getAppointment", plan=plan["id"], thing=id_)
        chain = rules.chain(await held.fetch(_DATES, plan["id"]), id_)
        where = f"appointment.place:{id_}"
        worker = plan["mandate"] in rules.EVERYWHERE
        here = worker and plan["told_groups"] is None  # what was typed is for the own agency
        return DateRead(
            row,
            await unseal_or_none(plan["person"], where, row["place"]),
            row["milestone"] if worker else None,
            chain,
            await _moves(plan, [one["id"] for one in chain]) if here else {},
        )


async def _moves(plan: Any, dates: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
    found = {}
    for row in await connection().fetch(_MOVES, dates):
        place = f"appointment_move.why:{row['id']}"
        why = await unseal_or_none(plan["person"], place, row["why"])
        found[row["appointment"]] = {"asked_by": row["asked_by"], "why": why, "at": row["at"]}
    return found
