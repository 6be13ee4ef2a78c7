"""Complaints about the service: written down for whoever has one, answered by a coordinator.

Never by the one whom it is about. Nothing of a plan changes by one, and nothing counts them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.actors.actions import seal, unseal
from backend.alerts.actions import close_tasks
from backend.audit.actions import record
from backend.complaints.rules import BY, due_of, is_overdue, meant_by
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.once import Written


@dataclass(frozen=True)
class NewComplaint:
    """`subject` is whose it is: somebody of the circle, or the person where it is left out.

    `about` is the login of the colleague whom it names, if it names one, as it was typed.
    """

    text: str
    received_on: date
    subject: UUID | None = None
    about: str | None = None
    id: UUID = field(default_factory=uuid4)


async def record_complaint(actor: Actor, plan_id: UUID, new: NewComplaint) -> Written:
    """Write down what came by phone, on paper or at the desk.

    Whoever wrote it down does not read it again. The audit row names no plan, so that nobody who
    may look who looked learns of it. Whether there is such a login no answer tells: none that is
    there costs the complaint. Raises NotFound (plan or subject), Unfit.
    """
    require(actor, "recordComplaint")
    async with transaction(actor.id) as held:
        plan = await find_plan(actor, plan_id)
        subject = new.subject or plan["person"]
        role = await _role_of(plan, subject)
        if new.received_on > clock.today(plan["zone"]):
            raise Unfit("received_on is not in the future.")
        await held.execute(
            "INSERT INTO complaint (id, agency, version, person, subject, by_role, about, named,"
            " received_on, text, recorded_by, recorded_at)"
            " VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            new.id,
            plan["agency"],
            plan["person"],
            subject,
            role,
            await _colleague(plan["agency"], new.about),
            await seal(subject, f"complaint.named:{new.id}", new.about) if new.about else None,
            new.received_on,
            await seal(subject, f"complaint.text:{new.id}", new.text),
            actor.id,
            clock.now(),
        )
        await record(actor, "recordComplaint", thing=new.id)
        return Written(new.id, 1, 201)


async def _role_of(plan: Any, subject: UUID) -> str:
    """Raises NotFound for somebody who is neither the person nor of their circle."""
    if subject == plan["person"]:
        return "PE"
    role = await connection().fetchval(
        "SELECT role FROM member WHERE id = $1 AND plan = $2 AND role = ANY($3)",
        subject,
        plan["id"],
        list(BY),
    )
    if role is None:
        raise NotFound
    return str(role)


async def _colleague(agency: UUID, typed: str | None) -> UUID | None:
    """Of the plan's own agency alone, also one who has left: the same work for every word."""
    if typed is None:
        return None
    rows = await connection().fetch(
        "SELECT id, login, alias FROM staff WHERE agency = $1 ORDER BY id", agency
    )
    return meant_by(typed, rows)


# The row policy says the same, and keeps away whom a wall keeps from the person.
_MINE = """
SELECT c.*, a.zone, d.working_days, d.closed, a.closes, a.complaint_days
  FROM complaint c JOIN agency a ON a.id = c.agency JOIN calendar d ON d.id = a.id
  JOIN subject_key k ON k.id = c.subject AND k.wrapped IS NOT NULL
 WHERE c.agency = $1 AND c.about IS DISTINCT FROM $2
"""


async def list_complaints(actor: Actor) -> Sequence[dict[str, Any]]:
    """Those that wait first, the oldest first, with their words. None that is about the actor."""
    require(actor, "listComplaints")
    async with transaction(actor.id) as held:
        await record(actor, "listComplaints")
        sql = f"{_MINE} ORDER BY c.answered_at IS NOT NULL, c.received_on, c.id LIMIT 200"
        return [await _shown(row) for row in await held.fetch(sql, actor.agency, actor.id)]


async def _shown(row: Any) -> dict[str, Any]:
    due = due_of(row)
    words = {
        name: await unseal(row["subject"], f"complaint.{name}:{row['id']}", row[name])
        for name in ("text", "named", "answer")
    }
    return {**row, **words, "due_at": due, "overdue": is_overdue(due, clock.now())}


async def answer_complaint(actor: Actor, id_: UUID, seen: int, answer: str) -> Written:
    """What a human has told whoever complained. Raises NotFound, VersionStale, NotFromThisState."""
    require(actor, "answerComplaint")
    async with transaction(actor.id) as held:
        row = await held.fetchrow(
            f"{_MINE} AND c.id = $3 FOR UPDATE OF c", actor.agency, actor.id, id_
        )
        check_version(row, seen)
        if row["answered_at"] is not None:
            raise NotFromThisState("It has an answer.")
        await record(actor, "answerComplaint", thing=id_)
        await held.execute(
            "UPDATE complaint SET answer = $2, answered_by = $3, answered_at = $4,"
            " version = version + 1 WHERE id = $1",
            id_,
            await seal(row["subject"], f"complaint.answer:{id_}", answer),
            actor.id,
            clock.now(),
        )
        await close_tasks(id_, "complaint-due", "answered")
        return Written(id_, seen + 1)
