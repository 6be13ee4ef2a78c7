"""What a reader sees of a plan and of their caseload. Every read is written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from backend import clock
from backend.access import OPERATIONS, Actor, find_plan, require
from backend.actors.actions import unseal, unseal_with
from backend.audit.actions import record
from backend.database import connection, fetch_at_once, transaction
from backend.errors import NotSignedIn, NotYourRole
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
       k.wrapped, s.alias AS staff_alias, l.id AS link, l.version AS link_version,
       l.state AS link_state
  FROM mandate m LEFT JOIN member b ON b.id = m.actor LEFT JOIN staff s ON s.id = m.actor
  LEFT JOIN subject_key k ON k.id = b.id
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
        sealed, wrapped = member.pop("identity"), member.pop("wrapped")
        if sealed is not None:
            place = f"member.identity:{member['actor']}"
            member["name"] = unseal_with(wrapped, member["actor"], place, sealed)["name"]
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


class CaseloadLine(msgspec.Struct, frozen=True):
    """One plan of a caseload. `overdue` is computed for this very answer."""

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
_PAGES = {
    True: "SELECT * FROM caseload_page($1, $2, $3, $4, $5)",
    False: "SELECT * FROM own_caseload_page($1, $2, $3, $4, $5)",
}
_AT_ONCE = "SELECT * FROM caseload($1, $2, $3, $4, $5, $6, $7, $8)"
After = tuple[date, UUID] | None
FIRST = (date(1, 1, 1), UUID(int=0))


async def list_plans(
    actor: Actor, *, after: After = None, limit: int = 50
) -> Sequence[CaseloadLine]:
    """My caseload by next due date, a page at a time. Nothing is ever ordered by lateness."""
    require(actor, "listPlans")
    async with transaction(actor.id) as held:
        sql = _PAGES[actor.role in WORKERS]
        rows = await held.fetch(sql, actor.id, clock.now(), *(after or FIRST), limit)
        await record(actor, "listPlans")
        return _lines(rows)


async def list_plans_of_token(
    token: bytes, request: str | None, *, after: After = None, limit: int = 50
) -> Sequence[CaseloadLine]:
    """The same for the holder of an access token (its hash), in one round trip.

    Raises NotSignedIn, NotYourRole.
    """
    allowed = sorted(OPERATIONS["listPlans"])
    start = after or FIRST
    values = (token, clock.now(), allowed, sorted(WORKERS), request, *start, limit)
    try:
        rows = await fetch_at_once(_AT_ONCE, *values)
    except asyncpg.PostgresError as error:
        if error.sqlstate in _REFUSED:
            raise _REFUSED[error.sqlstate] from error
        raise
    return _lines(rows)


_REFUSED: dict[str, type[Exception]] = {"TC401": NotSignedIn, "TC403": NotYourRole}


def _lines(rows: Sequence[Any]) -> list[CaseloadLine]:
    todays = {zone: clock.today(zone) for zone in {row["zone"] for row in rows}}
    return [_line(row, todays[row["zone"]]) for row in rows]


def _line(row: Any, today: date) -> CaseloadLine:
    (id_, version, alias, state, release, certainty, _, person, mandate, *sealed) = row
    identity, wrapped, due, title, window = sealed
    name = None
    if mandate in READ_NAMES:
        place = f"person.identity:{person}"
        name = unseal_with(wrapped, person, place, identity)["name"]
    late = due is not None and (today - due).days > window
    return CaseloadLine(id_, version, alias, name, state, release, certainty, due, title, late)
