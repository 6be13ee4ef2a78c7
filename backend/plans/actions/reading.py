"""What a reader sees of a plan. Every read is written down."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import OPERATIONS, Actor, Bearer, require
from backend.actors.actions import unseal_with
from backend.audit.actions import record
from backend.database import MOMENT, connection, fetch_at_once, transaction
from backend.errors import NotFound
from backend.matrix import cell, covers
from backend.plans import rules, told

LAST = date(9999, 12, 31)
NONE = "[]"
ERASED = "\N{EM DASH}"  # in a circle, for the name of who was erased


@dataclass(frozen=True)
class PlanRead:
    """A plan cut to what its reader may know; the rest is not there, not even as a null."""

    row: Any
    role: str
    today: date
    identity: dict[str, Any] | None
    milestones: Sequence[Any]
    offers: dict[str, list[str]]
    circle: Sequence[Any] | None
    appointments: Sequence[Any]
    groups: Collection[str] | None = None  # what may flow to a reader who works elsewhere

    @property
    def left_custody(self) -> bool:
        return self.row["left_custody_at"] is not None


_SHEET = "SELECT * FROM plan_by_flow($1, $2, $3, $4, $5, $6, $7, $8, $9)"
_SHEET_AT_ONCE = "SELECT * FROM read_plan_by_flow($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
_READERS = tuple(
    sorted(roles)
    for roles in (rules.READ_NAMES, rules.WORKERS, rules.READ_DATES, rules.READ_CIRCLE)
)
_EVERY_ROW = (sorted(rules.OPEN | rules.CLOSED | rules.ASLEEP), LAST)
# what has been settled needs no look for the next two weeks; sleeping rows are what can be offered
_SOME_ROWS = sorted(rules.OPEN | rules.ASLEEP)
_ANYWHERE = timedelta(days=1)  # it may be tomorrow already where the plan is


def _rows_of(*, everything: bool) -> tuple[list[str], date]:
    """States and the last day of the rows that are fetched; the rules cut them further."""
    if everything:
        return _EVERY_ROW
    return _SOME_ROWS, clock.now().date() + _ANYWHERE + rules.SOON


async def get_plan(actor: Actor, id_: UUID, *, everything: bool = False) -> PlanRead:
    """The plan: the next two weeks and what is open and late, or every row on request."""
    require(actor, "getPlan")
    async with transaction(actor.id):
        read = await read_plan(actor, id_, everything=everything)
        await record(actor, "getPlan", plan=id_)
        return read


async def read_plan(actor: Actor, id_: UUID, *, everything: bool = False) -> PlanRead:
    """The same within a transaction that writes down under another name that it was read.

    Raises NotFound.
    """
    rows = _rows_of(everything=everything)
    values = (actor.role, clock.now(), id_, *rows, *_READERS)
    sheet = await connection().fetchrow(_SHEET, *values)
    if sheet is None:
        raise NotFound
    return _read(sheet, everything=everything)


async def get_plan_of(
    bearer: Bearer, id_: UUID, *, everything: bool = False
) -> tuple[UUID, PlanRead]:
    """The same for whoever holds the token, in one round trip; who it was too.

    Raises NotSignedIn, NotYourRole, NotFound.
    """
    rows = _rows_of(everything=everything)
    allowed = sorted(OPERATIONS["getPlan"])
    values = (bearer.token, MOMENT, allowed, bearer.request, id_, *rows, *_READERS)
    found = await fetch_at_once(_SHEET_AT_ONCE, *values)
    return found[0]["actor"], _read(found[0], everything=everything)


def _read(sheet: Any, *, everything: bool) -> PlanRead:
    """What a reader sees in all, or of it what is near; the database has cut it to their role."""
    role, today = sheet["mandate"], clock.today(sheet["zone"])
    groups = sheet["told_groups"]
    left = sheet["left_custody_at"] is not None
    seen = told.milestones(sheet["milestones"] or NONE)
    shown = seen if everything else [r for r in seen if rules.is_soon(r, today, left_custody=left)]
    shown.sort(key=_order)
    return PlanRead(
        row=sheet,
        role=role,
        today=today,
        identity=_identity(sheet) if _names(sheet, role) else None,
        milestones=shown,
        offers=_offers(seen),
        circle=_circle(sheet, role)
        if role in rules.READ_CIRCLE and covers(groups, "circle")
        else None,
        appointments=_appointments(sheet, None if role in rules.WORKERS else seen),
        groups=groups,
    )


def _order(row: Any) -> tuple[date, int, str]:
    """Of what is due on one day, as all is in a plan that begins late, what cannot wait first."""
    return row["due_on"] or LAST, row["late_start"], row["code"]


def _names(sheet: Any, role: str) -> bool:
    return bool(
        role in rules.READ_NAMES and covers(sheet["told_groups"], "identity") and sheet["wrapped"]
    )


def _identity(sheet: Any) -> dict[str, Any]:
    place = f"person.identity:{sheet['person']}"
    identity = unseal_with(sheet["wrapped"], sheet["person"], place, sheet["identity"])
    return {**identity, "language": sheet["language"]}


def _offers(rows: Sequence[Any]) -> dict[str, list[str]]:
    """Voluntary parts that were not offered yet: one line for each pathway."""
    offers: dict[str, list[str]] = {}
    for row in rows:
        if row["state"] == "dormant" and row["kind"] == "V":
            offers.setdefault(row["pathway"], []).append(row["code"])
    return offers


_NAMED_IN = {"ME": "mentor", "FA": "family", "PE": "alias"}


def _is_named(sheet: Any, reader: str, role: str) -> bool:
    """Names of relatives and of mentors are groups of their own, and some are behind glass."""
    group = _NAMED_IN.get(role, "circle")
    named = cell(reader, group)
    given = named.reads or (sheet["glass"] and named.behind_glass)
    return bool(given and covers(sheet["told_groups"], group))


def _circle(sheet: Any, reader: str) -> list[dict[str, Any]]:
    """A name that its reader is not given is not opened either."""
    members = []
    for row in told.members(sheet["circle"] or NONE):
        member: dict[str, Any] = {**row}
        sealed, wrapped = member.pop("identity"), member.pop("wrapped")
        if not _is_named(sheet, reader, row["role"]):
            members.append(member)
            continue
        if sealed is not None:
            place = f"member.identity:{row['actor']}"
            opened = _opened(wrapped, row["actor"], place, sealed)
            member["name"] = opened["name"] if opened else ERASED
        else:
            # the person has no account: they go by the alias of their plan
            member["name"] = row["staff_alias"] or sheet["alias"]
        members.append(member)
    return members


def _opened(wrapped: str | None, subject: UUID, place: str, sealed: str) -> Any:
    """None where the individual was erased."""
    if wrapped is None:
        return None
    return unseal_with(bytes.fromhex(wrapped), subject, place, bytes.fromhex(sealed))


def _appointments(sheet: Any, seen: Sequence[Any] | None) -> list[dict[str, Any]]:
    """Each names the row that it is for where its reader sees that row; a worker sees all."""
    rows = None if seen is None else {row["id"] for row in seen}
    shown: list[dict[str, Any]] = []
    for row in told.appointments(sheet["appointments"] or NONE):
        one = {name: value for name, value in row.items() if value is not None}
        if rows is not None and row["milestone"] not in rows:
            one.pop("milestone", None)
        if row["place"] is not None and sheet["wrapped"] is None:
            del one["place"]
        elif row["place"] is not None:
            where, sealed = f"appointment.place:{row['id']}", bytes.fromhex(row["place"])
            one["place"] = unseal_with(sheet["wrapped"], sheet["person"], where, sealed)
        shown.append(one)
    return shown
