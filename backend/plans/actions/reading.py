"""What a reader sees of a plan and of their caseload. Every read is written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, find_plan, require
from backend.actors.actions import unseal
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.plans import rules

WORKERS = frozenset({"SW", "CO"})
READ_NAMES = frozenset({"SW", "CO", "PO", "PS"})


@dataclass(frozen=True)
class PlanRead:
    """A plan cut to what its reader may know; the rest is not there, not even as a null."""

    row: Any
    role: str
    today: date
    identity: dict[str, Any] | None
    milestones: Sequence[Any]
    offers: dict[str, list[str]] | None
    circle: Sequence[Any] | None
    appointments: Sequence[Any]

    @property
    def left_custody(self) -> bool:
        return self.row["left_custody_at"] is not None


async def get_plan(actor: Actor, id_: UUID, *, everything: bool = False) -> PlanRead:
    """The plan: the next two weeks and what is open and late, or every row on request."""
    require(actor, "getPlan")
    async with transaction(actor.id) as held:
        plan = await find_plan(actor, id_)
        role, today = plan["mandate"], clock.today(plan["zone"])
        every = await held.fetch(
            "SELECT * FROM milestone WHERE plan = $1 ORDER BY due_on, code", id_
        )
        left = plan["left_custody_at"] is not None
        seen = [row for row in every if rules.sees(role, row)]
        shown = (
            seen if everything else [r for r in seen if rules.is_soon(r, today, left_custody=left)]
        )
        await record(actor, "getPlan", plan=id_)
        return PlanRead(
            row=plan,
            role=role,
            today=today,
            identity=await _identity(plan) if role in READ_NAMES else None,
            milestones=shown,
            offers=_offers(seen) if role in WORKERS else None,
            circle=await _circle(plan) if role in WORKERS else None,
            appointments=await _appointments(plan, role),
        )


async def _identity(plan: Any) -> dict[str, Any]:
    person = await connection().fetchrow("SELECT * FROM person WHERE id = $1", plan["person"])
    identity: dict[str, Any] = await unseal(
        person["id"], f"person.identity:{person['id']}", person["identity"]
    )
    return {**identity, "language": person["language"]}


def _offers(rows: Sequence[Any]) -> dict[str, list[str]]:
    """Voluntary parts that were not offered yet: one line for each pathway."""
    offers: dict[str, list[str]] = {}
    for row in rows:
        if row["state"] == "dormant" and row["kind"] == "V":
            offers.setdefault(row["pathway"], []).append(row["code"])
    return offers


_CIRCLE = """
SELECT m.id AS mandate, m.version, m.actor, m.role, m.starts, m.ends, b.alias, b.identity, b.gate,
       s.alias AS staff_alias, l.id AS link, l.version AS link_version, l.state AS link_state
  FROM mandate m LEFT JOIN member b ON b.id = m.actor LEFT JOIN staff s ON s.id = m.actor
  LEFT JOIN LATERAL (SELECT id, version, state FROM link k WHERE k.plan = m.plan
        AND k.subject = m.actor ORDER BY k.state = 'active' DESC, k.expires_at DESC LIMIT 1) l
    ON true
 WHERE m.plan = $1 AND m.starts <= $2 AND (m.ends IS NULL OR m.ends > $2)
 ORDER BY m.role, m.starts
"""


async def _circle(plan: Any) -> list[dict[str, Any]]:
    members = []
    for row in await connection().fetch(_CIRCLE, plan["id"], clock.now()):
        member = dict(row)
        sealed = member.pop("identity")
        if sealed is not None:
            place = f"member.identity:{member['actor']}"
            member["name"] = (await unseal(member["actor"], place, sealed))["name"]
        else:
            # the person has no account: they go by the alias of their plan
            member["name"] = member["staff_alias"] or plan["alias"]
        members.append(member)
    return members


async def _appointments(plan: Any, role: str) -> list[dict[str, Any]]:
    if role not in WORKERS | {"PO"}:
        return []
    rows = await connection().fetch(
        "SELECT * FROM appointment WHERE plan = $1 AND ($2 OR role = $3) ORDER BY held_on, held_at",
        plan["id"],
        role in WORKERS,
        role,
    )
    shown = []
    for row in rows:
        place = await unseal(plan["person"], f"appointment.place:{row['id']}", row["place"])
        shown.append({**dict(row), "place": place})
    return shown


@dataclass(frozen=True)
class CaseloadLine:
    id: UUID
    version: int
    alias: str
    name: str | None
    state: str
    release_date: date
    certainty: str
    next_due_on: date | None
    next_title: str | None
    overdue: bool


LAST = date(9999, 12, 31)
_CASELOAD = """
SELECT p.id, p.version, p.alias, p.state, p.release_date, p.certainty, p.zone, p.next_due_on,
       p.next_title, m.role AS mandate, p.person, s.identity, n.win_after, n.day
  FROM plan p
  JOIN mandate m ON m.plan = p.id AND m.actor = $1 AND m.starts <= $2
       AND (m.ends IS NULL OR m.ends > $2)
  JOIN person s ON s.id = p.person
  LEFT JOIN milestone n ON n.id = p.next_milestone
 WHERE (coalesce(p.next_due_on, '9999-12-31'), p.id) > ($3, $4)
   AND p.state NOT IN ('closed', 'transferred', 'ended_death')
 ORDER BY coalesce(p.next_due_on, '9999-12-31'), p.id LIMIT $5
"""
_OWN_NEXT = """
SELECT DISTINCT ON (m.plan) m.plan, m.title, m.due_on, m.win_after, m.day FROM milestone m
  JOIN plan p ON p.id = m.plan
 WHERE m.plan = ANY($1) AND m.owner = $2 AND m.state IN ('planned', 'in_progress')
   AND (m.day <= 0 OR p.left_custody_at IS NOT NULL)
 ORDER BY m.plan, m.due_on, m.code
"""


async def list_plans(
    actor: Actor, *, after: tuple[date, UUID] | None = None, limit: int = 50
) -> Sequence[CaseloadLine]:
    """My caseload by next due date, a page at a time. Nothing is ever ordered by lateness."""
    require(actor, "listPlans")
    async with transaction(actor.id) as held:
        start = after or (date(1, 1, 1), UUID(int=0))
        rows = await held.fetch(_CASELOAD, actor.id, clock.now(), *start, limit)
        own = {
            row["plan"]: row
            for row in await held.fetch(_OWN_NEXT, [r["id"] for r in rows], actor.role)
            if actor.role not in WORKERS
        }
        await record(actor, "listPlans")
        return [await _line(row, own.get(row["id"])) for row in rows]


async def _line(row: Any, own: Any) -> CaseloadLine:
    worker = row["mandate"] in WORKERS
    name = None
    if row["mandate"] in READ_NAMES:
        place = f"person.identity:{row['person']}"
        name = (await unseal(row["person"], place, row["identity"]))["name"]
    due = row["next_due_on"] if worker else own["due_on"] if own else None
    limit = row["win_after"] if worker else own["win_after"] if own else None
    late = due is not None and (clock.today(row["zone"]) - due).days > (limit or 0)
    return CaseloadLine(
        id=row["id"],
        version=row["version"],
        alias=row["alias"],
        name=name,
        state=row["state"],
        release_date=row["release_date"],
        certainty=row["certainty"],
        next_due_on=due,
        next_title=row["next_title"] if worker else own["title"] if own else None,
        overdue=late,
    )
