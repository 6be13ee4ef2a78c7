"""What happens to one milestone."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import msgspec

from backend import clock
from backend.access import OPERATIONS, Actor, Bearer, check_version, find_plan, require
from backend.actors.actions import seal, unseal
from backend.audit.actions import record
from backend.database import connection, fetch_at_once, transaction
from backend.errors import MoreToLookAt, NotFound, NotFromThisState, Unfit
from backend.messages import outbox
from backend.messages.outbox import Occurrence
from backend.once import Asked, Written
from backend.plans import rules


@dataclass(frozen=True)
class MilestoneChange:
    """What should become of a row: a new state, a new date, or the person's tick for the court.

    `reason` is asked when a closed row opens again; `cause` when it is not possible;
    `done_on` is the civil day of the fact, today where it is left out.
    """

    state: str | None = None
    due_on: date | None = None
    cause: str | None = None
    reason: str | None = None
    done_on: date | None = None
    show_court: bool | None = None


async def find_milestone(actor: Actor, id_: UUID, *, change: bool = False) -> tuple[Any, Any]:
    """The row and its plan, locked for a change. Raises NotFound for what is not the actor's."""
    held = connection()
    plan_id = await held.fetchval("SELECT plan FROM milestone WHERE id = $1", id_)
    if plan_id is None:
        raise NotFound
    plan = await find_plan(actor, plan_id, lock=change)
    row = await held.fetchrow(
        "SELECT * FROM milestone WHERE id = $1" + (" FOR UPDATE" if change else ""), id_
    )
    if not rules.sees(plan["mandate"], row):
        raise NotFound
    if change and not rules.changes(plan["mandate"], row):
        raise NotFound
    return row, plan


async def change_milestone(actor: Actor, id_: UUID, seen: int, wanted: MilestoneChange) -> Written:
    """Change a row that the actor saw at version `seen`.

    A refusal takes with it what depends on it in its pathway, and means nothing else.
    Raises NotFound, VersionStale, NotFromThisState, Unfit.
    """
    require(actor, "changeMilestone")
    async with transaction(actor.id):
        row, plan = await find_milestone(actor, id_, change=True)
        check_version(row, seen)
        _check(row, plan, wanted)
        after = _after(row, plan, wanted)
        version = await write_milestone(actor, row, plan, after, reason=wanted.reason)
        if wanted.state == "declined":
            await _let_fall(actor, row, plan)
        await record(actor, "changeMilestone", plan=plan["id"], thing=id_)
        return Written(id_, version)


_AT_ONCE = "SELECT * FROM change_milestone($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
# A row and a plan of which nothing hinders a change; its day is the latest that there is.
_PLAIN_ROW = {"repeat_days": None, "code": "", "due_on": None}
_PLAIN_PLAN = {"state": "active_outside", "zone": "Pacific/Kiritimati"}


async def change_milestone_of(
    bearer: Bearer, asked: Asked, id_: UUID, seen: int, wanted: MilestoneChange
) -> tuple[UUID, Written] | None:
    """The usual change by whoever holds the token, in one round trip; who it was too.

    None, and nothing is kept, where there is more to look at: a key that is known, a row that
    repeats or sleeps, another's row, any refusal. `change_milestone` has the whole of the rules.
    Raises NotSignedIn, NotYourRole.
    """
    froms, after = _foregone(wanted)
    if not froms:
        return None
    values = (
        *(bearer.token, clock.now(), sorted(OPERATIONS["changeMilestone"]), bearer.request),
        *(asked.key, asked.digest, id_, seen, sorted(rules.WORKERS), sorted(rules.RUNNING), froms),
        *(msgspec.json.encode(after).decode(), _settles(after)),
    )
    try:
        found = await fetch_at_once(_AT_ONCE, *values)
    except MoreToLookAt:
        return None
    return found[0]["actor"], Written(id_, found[0]["version"])


def _foregone(wanted: MilestoneChange) -> tuple[list[str], dict[str, Any]]:
    """The open states from which the rules let this happen, and what it comes to.

    None of them where that hangs on more than the state: a refusal takes others with it.
    """
    froms, after = list[str](), dict[str, Any]()
    if wanted.state == "declined":
        return froms, after
    for state in sorted(rules.OPEN):
        row = {**_PLAIN_ROW, "state": state}
        with suppress(NotFromThisState, Unfit):
            _check(row, _PLAIN_PLAN, wanted)
            after = _after(row, _PLAIN_PLAN, wanted)
            froms.append(state)
    if wanted.done_on is None:
        after.pop("done_on", None)  # the day where the plan is: the database looks
    return froms, after


def _check(row: Mapping[str, Any], plan: Mapping[str, Any], wanted: MilestoneChange) -> None:
    state = wanted.state
    if state is None and wanted.due_on is None and wanted.show_court is None:
        raise Unfit("Say what should change: state, due_on or show_court.")
    if plan["state"] not in rules.RUNNING:
        raise NotFromThisState("The plan is not running.")
    if state is not None and not rules.may_become(row["state"], state):
        raise NotFromThisState(f"A row that is {row['state']} cannot become that.")
    if (state == "not_possible") != (wanted.cause is not None):
        raise Unfit("not_possible needs a cause, and nothing else has one.")
    if wanted.cause is not None and wanted.cause not in rules.CAUSES:
        raise Unfit("cause is service_side, legal, health or other.")
    _check_reason(row, wanted)
    if wanted.done_on is not None and state != "done":
        raise Unfit("done_on belongs to done.")
    if wanted.done_on is not None and wanted.done_on > clock.today(plan["zone"]):
        raise Unfit("done_on is not in the future.")
    if wanted.due_on is not None and (state or row["state"]) not in rules.OPEN:
        raise NotFromThisState("Only an open row can be given another date.")


def _check_reason(row: Mapping[str, Any], wanted: MilestoneChange) -> None:
    """Why something is not done, or not wanted, is said nowhere; a closed row opens for a cause."""
    again = row["state"] in rules.CLOSED and wanted.state == "in_progress"
    if again and not wanted.reason:
        raise Unfit("Opening a closed row again needs a reason.")
    if wanted.reason and not again:
        raise Unfit("A reason is asked only when a closed row opens again.")


def _after(
    row: Mapping[str, Any], plan: Mapping[str, Any], wanted: MilestoneChange
) -> dict[str, Any]:
    after: dict[str, Any] = {}
    if wanted.show_court is not None:
        after["show_court"] = wanted.show_court
    if wanted.due_on is not None:
        after |= {"due_on": wanted.due_on, "pinned": True}
    if wanted.state is None:
        return after
    after |= {"state": wanted.state, "cause": wanted.cause, "said_by": None}
    if wanted.state == "done":
        after["done_on"] = wanted.done_on or clock.today(plan["zone"])
        if (day := rules.next_cycle(row)) is not None:
            # one row with cycles: the fact is in the history, the row goes on
            after |= {"state": "planned", "cycle": row["cycle"] + 1, "pinned": False}
            after["due_on"] = _due(row, plan, day)
    elif row["state"] == "dormant" and wanted.due_on is None:
        after["due_on"] = _due(row, plan, row["day"])
    elif row["state"] in rules.CLOSED:
        after["done_on"] = None
    return after


def _due(row: Mapping[str, Any], plan: Mapping[str, Any], day: int) -> date:
    return rules.due_on(
        row["code"],
        day,
        plan["release_date"],
        plan["working_days"],
        not_before=clock.today(plan["zone"]),
    )


_COLUMNS = frozenset(
    {"state", "cause", "due_on", "pinned", "cycle", "done_on", "said_by", "show_court"}
)
_WRITE = "SELECT write_milestone($1, $2, $3, $4, $5, $6, $7, $8)"


async def write_milestone(
    actor: Actor,
    row: Mapping[str, Any],
    plan: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    reason: str | None = None,
) -> int:
    """Write the row, its event and what follows; the new version. The caller holds the row's lock.

    What was about to be asked about it falls away with its state or its day.
    """
    if not after.keys() <= _COLUMNS:
        raise ValueError(sorted(after))
    event, sealed = uuid4(), None
    if reason:
        sealed = await seal(plan["person"], f"milestone_event.reason:{event}", reason)
    version: int = await connection().fetchval(
        _WRITE,
        actor.id,
        actor.role,
        clock.now(),
        row["id"],
        msgspec.json.encode(after).decode(),
        _settles(after),
        event,
        sealed,
    )
    if row["message"] == "GOODNEWS" and after.get("done_on") and row["state"] != "done":
        await _share_good_news(row, plan)
    return version


def _settles(after: Mapping[str, Any]) -> bool:
    """Whether there is nothing more to ask: the row is closed, or one of its cycles is."""
    return after.get("state") in rules.CLOSED or bool(after.get("done_on"))


_WHO_SHARES_GOOD_NEWS = """
SELECT DISTINCT ON (l.subject) l.* FROM link l
  JOIN mandate m ON m.plan = l.plan AND m.actor = l.subject AND m.role IN ('ME', 'FA')
       AND m.starts <= $2 AND (m.ends IS NULL OR m.ends > $2)
  JOIN disclosure d ON d.plan = l.plan AND d.recipient = l.subject AND d.fact = 'good_news'
       AND d.withdrawn_at IS NULL AND d.until >= $3
 WHERE l.plan = $1 AND l.state = 'active' ORDER BY l.subject, l.confirmed_at DESC
"""


async def _share_good_news(row: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
    """A step that was finished is good news for those to whom the person lets it be told."""
    today = clock.today(plan["zone"])
    for link in await connection().fetch(_WHO_SHARES_GOOD_NEWS, plan["id"], clock.now(), today):
        occurrence = Occurrence("GOODNEWS", "", row["id"], today)
        await outbox.queue(link, "GOODNEWS", occurrence)


_EVENT = """
INSERT INTO milestone_event (id, agency, plan, version, milestone, actor, role, at, kind, before,
                             after, due_before, due_after, what, move)
VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12, $13)
"""


async def write_events(
    actor: Actor,
    plan: Mapping[str, Any],
    kind: str,
    rows: Sequence[tuple[Mapping[str, Any], date | None]],
    *,
    what: str | None = None,
    move: UUID | None = None,
) -> None:
    """What happened to rows besides a change that `write_milestone` makes, with their new days."""
    of_all = (plan["agency"], plan["id"])
    by = (actor.id, actor.role, clock.now(), kind)
    await connection().executemany(
        _EVENT,
        [
            (uuid4(), *of_all, row["id"], *by, row["state"], row["due_on"], due, what, move)
            for row, due in rows
        ],
    )


async def _let_fall(actor: Actor, row: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
    rows = await connection().fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND pathway = $2", plan["id"], row["pathway"]
    )
    by_id = {one["id"]: one for one in rows}
    for id_ in rules.falls_with(row["code"], rows):
        await write_milestone(actor, by_id[id_], plan, {"state": "not_needed", "cause": None})


_HISTORY = """
SELECT e.id, e.at, e.role, e.kind, e.before, e.after, e.due_before, e.due_after, e.what, e.reason
  FROM milestone_event e WHERE e.milestone = $1 ORDER BY e.at, e.id LIMIT 500
"""


async def milestone_history(actor: Actor, id_: UUID) -> Sequence[Mapping[str, Any]]:
    """What happened to a row, oldest first; reasons for its worker only."""
    require(actor, "milestoneHistory")
    async with transaction(actor.id) as held:
        row, plan = await find_milestone(actor, id_)
        await record(actor, "milestoneHistory", plan=plan["id"], thing=row["id"])
        worker = plan["mandate"] in rules.WORKERS
        events = [dict(event) for event in await held.fetch(_HISTORY, id_)]
        for event in events:
            sealed = event.pop("reason")
            if worker and sealed is not None:
                place = f"milestone_event.reason:{event['id']}"
                event["reason"] = await unseal(plan["person"], place, sealed)
        return events
