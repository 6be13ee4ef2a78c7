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
from backend.errors import NotFound, NotFromThisState, NotYourRole, VersionStale

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
_OWN_FILE = frozenset({"PE", "LR"})
_TASKED = _PLAN_READERS | {"DP"}
_DUTIES = frozenset({"CO", "DP"})
_OWN_ACCOUNT = (
    *("prove", "changePassword", "listDevices", "endDevice", "signOutEverywhere"),
    *("askPasskeyProof", "proveWithPasskey", "renewRecoveryCodes"),
    *("listPasskeys", "endPasskey", "listNotices", "seeNotices"),
)
_OWN_FACTOR = ("enrolFactor", "confirmFactor", "enrolPasskey", "confirmPasskey")
OPERATIONS: Mapping[str, frozenset[str]] = {
    "signOut": _EVERY_STAFF,
    **dict.fromkeys((*_OWN_ACCOUNT, *_OWN_FACTOR), _EVERY_STAFF),
    "makeFeed": _PLAN_READERS,
    "getFeed": _PLAN_READERS,
    "endFeed": _PLAN_READERS,
    "openPlan": frozenset({"SW"}),
    "getPlan": _PLAN_READERS,
    "getPathways": _WORKERS,
    "listPlans": _PLAN_READERS,
    "findPerson": _WORKERS,
    "changePlanState": _WORKERS,
    "moveReleaseDate": frozenset({"SW", "PS"}),
    "previewRelease": frozenset({"SW", "PS"}),
    "printSheet": _WORKERS | {"PS"},
    "drawTimeline": _WORKERS | {"PO", "PS"},
    "changeMilestone": _ROW_OWNERS,
    "undoMilestone": _ROW_OWNERS,
    "milestoneHistory": _PLAN_READERS,
    "getMilestone": _PLAN_READERS,
    "listClaims": _WORKERS,
    "planAppointment": frozenset({"SW", "PO", "PS", "TR", "CP"}),
    "getAppointment": _PLAN_READERS,
    "changeAppointment": frozenset({"SW", "PO", "PS", "TR", "CP"}),
    "logContact": frozenset({"SW", "PO", "PS", "TR"}),
    "listContacts": frozenset({"SW", "CO", "PO", "PS", "TR"}),  # not a worker, what they logged
    "undoContact": frozenset({"SW", "PO", "PS", "TR"}),
    "listTasks": _TASKED,
    "acknowledgeTask": _TASKED,
    "closeTask": _TASKED,
    "addCircleMember": _WORKERS,
    "endMandate": _WORKERS,
    "listMeetings": _PLAN_READERS,
    "planMeeting": _WORKERS,
    "changeMeeting": _WORKERS,
    "setAgenda": _WORKERS,
    "answerMeeting": _PLAN_READERS,
    "holdMeeting": _WORKERS,
    "noteShared": _WORKERS,
    "decideAtMeeting": _WORKERS,
    "answerDecision": frozenset({"PO", "PS", "TR", "CP"}),
    "writeMinutes": _WORKERS,
    "approveMinutes": _PLAN_READERS,
    "addToMinutes": _WORKERS,
    "announceEnding": _WORKERS,
    "listRelatives": _WORKERS,  # a coordinator behind broken glass alone
    "nameRelative": frozenset({"SW"}),
    "changeRelative": frozenset({"SW"}),
    "stopContact": _WORKERS,  # behind broken glass alone
    "listSupport": frozenset({"CO"}),
    "setSupport": frozenset({"CO"}),
    "getSupport": _EVERY_STAFF,
    "listMentors": _WORKERS,
    "addMentor": frozenset({"CO"}),
    "changeMentor": frozenset({"CO"}),
    "endMentor": frozenset({"CO"}),
    "listClubs": _WORKERS,
    "addClub": frozenset({"CO"}),
    "changeClub": frozenset({"CO"}),
    "endClub": frozenset({"CO"}),
    "listWelcomes": _WORKERS,  # a coordinator behind broken glass alone
    "nameWelcome": frozenset({"SW"}),
    "changeWelcome": frozenset({"SW"}),
    "checkWelcome": frozenset({"SW"}),
    "endWelcome": frozenset({"SW"}),
    "handOver": _WORKERS,
    "takeOver": frozenset({"SW"}),
    "getResponsibility": _WORKERS,
    "recordConsent": frozenset({"SW"}),
    "withdrawConsent": frozenset({"SW"}),
    "discloseTo": frozenset({"SW"}),
    "createInvitation": frozenset({"SW", "CO", "PO", "PS"}),
    "confirmLink": frozenset({"SW", "CO", "PO", "PS"}),
    "cutLink": frozenset({"SW", "CO", "PO", "PS"}),
    "setDutyRota": frozenset({"CO"}),
    "listCalendars": frozenset({"SW", "CO", "PS", "AD"}),
    "addCalendar": frozenset({"CO", "AD"}),
    "changeCalendar": frozenset({"CO", "AD"}),
    "proposeDays": frozenset({"CO", "AD"}),
    "listTemplates": frozenset({"CO", "AD", "AU"}),
    "getTemplate": frozenset({"CO", "AD", "AU"}),
    "exportTemplate": frozenset({"CO", "AD", "AU"}),
    "draftTemplate": frozenset({"CO", "AD"}),
    "importTemplate": frozenset({"CO", "AD"}),
    "changeTemplateRow": frozenset({"CO", "AD"}),
    "removeTemplateRow": frozenset({"CO", "AD"}),
    "publishTemplate": frozenset({"CO", "AD"}),
    "getPlanTemplate": _WORKERS,
    "previewShape": _WORKERS,
    "reshapePlan": _WORKERS,
    "listFlows": frozenset({"CO", "AD", "AU", "DP"}),
    "recordFlow": frozenset({"AD"}),
    "confirmFlow": frozenset({"AD"}),
    "endFlow": frozenset({"AD"}),
    "bindCourtFile": frozenset({"PO", "CO"}),
    "recordReading": frozenset({"SW", "PO", "CO"}),  # a coordinator checks, and no more
    "issueSummary": frozenset({"PO"}),
    "listSummariesDue": frozenset({"SW", "PO", "CO"}),
    "expectSummary": frozenset({"SW", "PO"}),
    "moveSummaryDue": frozenset({"SW", "PO"}),
    "dropSummaryDue": frozenset({"SW", "PO"}),
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
    "eraseVoluntary": frozenset({"CO"}),
    "listReviews": _DUTIES,
    "recordReview": _DUTIES,
    "setLegalHold": frozenset({"CO"}),
    "listLegalHolds": _WORKERS,
    "endLegalHold": frozenset({"CO"}),
    "inviteColleague": frozenset({"AD"}),
    "endAccountInvitation": frozenset({"AD"}),
    "endAccount": frozenset({"AD"}),
    "listColleagues": frozenset({"AD", "CO", "AU"}),
    "listSafety": _WORKERS,
    "raiseSafetyFlag": frozenset({"SW"}),
    "lowerSafetyFlag": frozenset({"SW"}),
    "protectAddress": frozenset({"SW"}),
    "endProtectedAddress": frozenset({"SW"}),
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
    "listProofs": frozenset({"DP", "AU"}),
    "listRecord": frozenset({"DP", "AU"}),
    "listAgencyMandates": frozenset({"AU"}),
    "listAgencyConsents": frozenset({"AU"}),
    "countRecords": frozenset({"AU", "AD"}),
    "listAccess": _WORKERS,
    "recordLeftCustody": frozenset({"SW", "PS"}),
    "previewAmnesty": frozenset({"CO"}),
    "letManyGo": frozenset({"CO"}),
    "listAmnesties": frozenset({"CO"}),
    "printAmnesty": frozenset({"CO"}),
    "unplannedRelease": frozenset({"SW", "CO", "PS"}),
    "returnToCustody": frozenset({"SW", "CO", "PS"}),
    "reopenPlan": _WORKERS,
    "endSilently": frozenset({"SW", "CO", "PS"}),
    "recordVisit": frozenset({"SW"}),
    "listSummaries": frozenset({"CT"}),
    "getSummary": frozenset({"CT"}),
    "readIncoming": _WORKERS,  # a coordinator behind broken glass alone
    "createEntryPass": frozenset({"SW"}),
    "listEntryPasses": _WORKERS,
    "endEntryPass": _WORKERS,
    "readFile": _OWN_FILE,
    "listGoals": frozenset({"SW", "CO", "PO"}),
    "sayGoal": frozenset({"SW"}),
    "sayOwnGoal": frozenset({"PE"}),
    "endGoal": frozenset({"SW"}),
    "listNeedsReviews": _WORKERS,
    "beginNeedsReview": frozenset({"SW"}),
    "saveNeedsArea": frozenset({"SW"}),
    "agreeStep": frozenset({"SW"}),
    "closeNeedsReview": frozenset({"SW"}),
    "recordShortReview": frozenset({"SW"}),
    "noteLifeChange": frozenset({"SW"}),
    "askCorrection": _OWN_FILE | {"SW"},
    "listCorrections": _WORKERS,
    "answerCorrection": frozenset({"SW"}),
}


def require(actor: Actor, operation: str) -> None:
    """Refuse an operation of another role. Raises NotYourRole."""
    if actor.role not in OPERATIONS[operation]:
        raise NotYourRole


# Whether a mandate `m` lets its reader know of a group ({group}) at an instant ({at}): to who works
# in another agency than the plan's nothing is told without an entry of the data-flow registry.
FLOW = """flow_groups(m.agency, 'agency', m.elsewhere, NULL, {at},
    nullif(current_setting('app.purpose', true), ''), m.plan, m.actor)"""
GROUPS = f"CASE WHEN m.elsewhere IS NOT NULL THEN {FLOW} END"
TOLD = f"(m.elsewhere IS NULL OR {{group}} = ANY ({FLOW}))"
_FIND = f"""
SELECT p.*, m.role AS mandate, c.working_days, c.closed,
       {GROUPS.format(at="$4")} AS told_groups
  FROM plan p JOIN mandate m ON m.plan = p.id
  JOIN calendar c ON c.id = coalesce(p.calendar, p.agency)
 WHERE p.id = $1 AND m.actor = $2 AND m.role = ANY($3)
   AND m.starts <= $4 AND (m.ends IS NULL OR m.ends > $4)
   AND NOT is_barred(p.person, m.actor, m.role)
   AND {TOLD.format(group="$6::text", at="$4")}
   AND (m.glass IS NULL OR $7)
 ORDER BY m.role <> $5, m.starts LIMIT 1
"""
EVERY_ROLE = ("SW", "CO", "PO", "PS", "CP", "CS", "TR", "ME", "FA", "PE", "LR")


async def is_by_glass(plan: Mapping[str, Any]) -> bool:
    """Whether the actor is on this plan through broken glass."""
    asked = "SELECT $1 IN (SELECT plans_by_glass())"
    return bool(await connection().fetchval(asked, plan["id"]))


async def find_plan(
    actor: Actor,
    plan: UUID | None,
    *,
    group: str | None = None,
    roles: Collection[str] = EVERY_ROLE,
    lock: bool = False,
    by_glass: bool | None = None,
) -> Any:
    """The plan's row with the `mandate` role under which the actor sees it.

    None, the plan of a row that is not in sight, is nobody's.

    `group` is what it is about, as the matrix calls it: who works in another agency than the
    plan's finds it where the data-flow registry lets that group go there, with `told_groups`, all
    that may. Without one it is for the plan's own agency alone, of which `told_groups` is None.

    Whoever came in by broken glass alone finds it to read, and not to write (`lock`), but where
    `by_glass` says otherwise: what cannot wait for four hours is written so, and nothing else.
    Raises NotFound alike where it does not exist and where it is not the actor's.
    """
    if plan is None:  # the database would say the same, for two more trips
        raise NotFound
    held = connection()
    if lock:
        # Whoever writes a row that names the plan waits for nobody: they may hold what we wait for.
        # A mandate may end while the lock is waited for, and a statement that waited would not
        # see it: the mandate is judged by one that begins when the plan is held.
        await held.execute("SELECT 1 FROM plan WHERE id = $1 FOR NO KEY UPDATE", plan)
    through = not lock if by_glass is None else by_glass
    values = (plan, actor.id, list(roles), clock.now(), actor.role, group, through)
    row = await held.fetchrow(_FIND, *values)
    if row is None:
        raise NotFound
    return row


def check_version(row: Any, seen: int) -> None:
    """Raises VersionStale unless the caller saw the row as it is now.

    NotFound where it went, or one's mandate ended, while one waited for a lock.
    """
    if row is None:
        raise NotFound
    check_seen(row["version"], seen)


def check_waits(row: Any, seen: int, meanwhile: str | None) -> None:
    """As `check_version`, of what waits for one answer; `meanwhile` says why it waits no more.

    Raises NotFound, VersionStale with those words, NotFromThisState.
    """
    if row is None:
        raise NotFound
    check_seen(row["version"], seen, meanwhile)
    if meanwhile is not None:
        raise NotFromThisState(meanwhile)


def check_seen(current: int, seen: int, meanwhile: str | None = None) -> None:
    """Likewise, where a row has another version for each kind of reader."""
    if current != seen:
        raise VersionStale(meanwhile, current=current)
