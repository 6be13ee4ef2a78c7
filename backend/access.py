"""Who may do and read what. Deny by default: what is not written here is refused.

Two questions, asked in this order: is the operation one of the caller's role
(otherwise `NotYourRole`), and is there a mandate on this very plan (otherwise
`NotFound`, the same answer as for a plan that never existed).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from backend import clock
from backend.database import connection
from backend.errors import NotFound, NotYourRole, VersionStale

Kind = Literal["staff", "member", "person", "court", "machine"]


@dataclass(frozen=True)
class Actor:
    """Who acts. For staff `role` is the code of their account, for members that of the mandate."""

    id: UUID
    kind: Kind
    role: str
    agency: UUID | None
    session: UUID | None = None
    request: str | None = None


@dataclass(frozen=True)
class Bearer:
    """Whoever holds an access token (its hash): the database finds out together with the rest."""

    token: bytes
    request: str


_WORKERS = frozenset({"SW", "CO"})
_PLAN_READERS = frozenset({"SW", "CO", "PO", "PS", "TR", "CP"})
_ROW_OWNERS = frozenset({"SW", "CO", "PO", "PS", "TR", "CP"})
_EVERY_STAFF = frozenset({"SW", "CO", "PO", "PS", "CP", "CS", "TR", "AD", "AU", "DP"})
_TASKED = _PLAN_READERS | {"DP"}
_DUTIES = frozenset({"CO", "DP"})
_OWN_ACCOUNT = ("prove", "changePassword", "listDevices", "endDevice", "signOutEverywhere")
_OWN_FACTOR = ("enrolFactor", "confirmFactor")

OPERATIONS: Mapping[str, frozenset[str]] = {
    "signOut": _EVERY_STAFF,
    **dict.fromkeys((*_OWN_ACCOUNT, *_OWN_FACTOR), _EVERY_STAFF),
    "openPlan": frozenset({"SW"}),
    "getPlan": _PLAN_READERS,
    "listPlans": _PLAN_READERS,
    "changePlanState": _WORKERS,
    "moveReleaseDate": frozenset({"SW", "PS"}),
    "changeMilestone": _ROW_OWNERS,
    "milestoneHistory": _PLAN_READERS,
    "planAppointment": frozenset({"SW", "PO", "PS", "TR", "CP"}),
    "changeAppointment": frozenset({"SW", "PO", "PS", "TR", "CP"}),
    "logContact": frozenset({"SW", "PO", "PS", "TR"}),
    "listTasks": _TASKED,
    "acknowledgeTask": _TASKED,
    "closeTask": _TASKED,
    "addCircleMember": _WORKERS,
    "endMandate": _WORKERS,
    "recordConsent": frozenset({"SW"}),
    "withdrawConsent": frozenset({"SW"}),
    "discloseTo": frozenset({"SW"}),
    "createInvitation": frozenset({"SW", "CO", "PO", "PS"}),
    "confirmLink": frozenset({"SW", "CO", "PO", "PS"}),
    "cutLink": frozenset({"SW", "CO", "PO", "PS"}),
    "setDutyRota": frozenset({"CO"}),
    "bindCourtFile": frozenset({"PO", "CO"}),
    "recordReading": frozenset({"SW", "PO"}),
    "issueSummary": frozenset({"PO"}),
    "setWall": _WORKERS,
    "listWalls": _WORKERS,
    "endWall": _WORKERS,
    "askBreakGlass": _WORKERS,
    "listBreakGlass": frozenset({"CO"}),
    "letBreakGlass": _WORKERS,
    "endBreakGlass": _WORKERS,
    "askErasure": frozenset({"CO"}),
    "endErasureWish": frozenset({"CO"}),
    "erasePerson": frozenset({"CO"}),
    "listReviews": _DUTIES,
    "recordReview": _DUTIES,
    "setLegalHold": frozenset({"CO"}),
    "listLegalHolds": _WORKERS,
    "endLegalHold": frozenset({"CO"}),
    "recordIncident": _DUTIES,
    "listIncidents": _DUTIES,
    "amendIncident": _DUTIES,
    "draftNotice": _DUTIES,
    "recordNotice": _DUTIES,
    "closeIncident": _DUTIES,
    "recordComplaint": _PLAN_READERS,
    "listComplaints": frozenset({"CO"}),
    "answerComplaint": frozenset({"CO"}),
    "listAgencyHolds": frozenset({"DP"}),
    "listProofs": frozenset({"DP"}),
    "listRecord": frozenset({"DP"}),
    "listAccess": _WORKERS,
    "recordLeftCustody": frozenset({"SW", "PS"}),
    "recordVisit": frozenset({"SW"}),
    "listSummaries": frozenset({"CT"}),
    "getSummary": frozenset({"CT"}),
    "readIncoming": frozenset({"SW"}),
}


# What an act may be said to be for; the database has a usual answer for each operation.
PURPOSES = ("care", "supervision", "summary", "complaint", "audit", "technical")


def require(actor: Actor, operation: str) -> None:
    """Refuse an operation of another role. Raises NotYourRole."""
    if actor.role not in OPERATIONS[operation]:
        raise NotYourRole


_FIND = """
SELECT p.*, m.role AS mandate, m.id AS mandate_id, a.working_days
  FROM plan p JOIN mandate m ON m.plan = p.id JOIN agency a ON a.id = p.agency
 WHERE p.id = $1 AND m.actor = $2 AND m.role = ANY($3)
   AND m.starts <= $4 AND (m.ends IS NULL OR m.ends > $4)
   AND NOT is_barred(p.person, m.actor, m.role)
 ORDER BY m.role <> $5, m.starts LIMIT 1
"""
EVERY_ROLE = ("SW", "CO", "PO", "PS", "CP", "CS", "TR", "ME", "FA", "PE")


async def find_plan(
    actor: Actor, plan: UUID, *, roles: Collection[str] = EVERY_ROLE, lock: bool = False
) -> Any:
    """The plan's row with the `mandate` role under which the actor sees it.

    Raises NotFound alike where it does not exist and where it is not the actor's.
    """
    sql = _FIND + (" FOR UPDATE OF p" if lock else "")
    row = await connection().fetchrow(sql, plan, actor.id, list(roles), clock.now(), actor.role)
    if row is None:
        raise NotFound
    return row


def check_version(row: Any, seen: int) -> None:
    """Raises VersionStale unless the caller saw the row as it is now."""
    if row["version"] != seen:
        raise VersionStale(current=row["version"])
