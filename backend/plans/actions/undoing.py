"""What somebody has just done is taken back, with all that came with it.

For ten minutes an act knows its rows: `act` on what it wrote. Nothing of it has left the house by
then (`messages.sending` waits), so it is as if it had not been; its events stay, as undone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from backend import clock
from backend.access import Actor, check_seen, find_plan, require
from backend.alerts.actions import close_answered
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState
from backend.messages import outbox
from backend.messages.rules import MILESTONE_ASKS
from backend.once import Written
from backend.plans import rules, undo
from backend.plans.actions.writing import keep_good_news

_was = msgspec.json.decode
KNOW_SUMMARIES = rules.WORKERS | {"PO"}


async def undo_milestone(actor: Actor, id_: UUID, seen: int) -> Written:
    """Take back one's own last change of a row, which one saw at version `seen`.

    Raises NotFound, VersionStale, and NotFromThisState that says why not.
    """
    require(actor, "undoMilestone")
    async with transaction(actor.id):
        row, plan, event = await _find(actor, id_, lock=True)
        role = plan["mandate"]
        check_seen(rules.version_for(role, row), seen)
        if (why := await _why_not(actor, row, plan, event)) is not None:
            raise NotFromThisState(why)
        await take_back(actor, plan, event["act"], event["at"])
        await record(actor, "undoMilestone", plan=plan["id"], thing=id_)
        now = await connection().fetchrow("SELECT * FROM milestone WHERE id = $1", id_)
        return Written(id_, rules.version_for(role, now))


async def undoable(actor: Actor, id_: UUID) -> int | None:
    """The version at which the actor can take back their last change of a row; None if they cannot.

    For a page, inside its transaction.
    """
    try:
        row, plan, event = await _find(actor, id_)
    except NotFound:
        return None
    if await _why_not(actor, row, plan, event) is not None:
        return None
    return rules.version_for(plan["mandate"], row)


# The last that the actor did to a row, and the last that anybody did, of what is an act.
_ACTS = """
SELECT e.* FROM milestone_event e
 WHERE e.milestone = $1 AND e.act IS NOT NULL AND e.kind <> 'undone' AND e.at > $2
 ORDER BY (e.was ->> 'version')::int DESC
"""


async def _find(actor: Actor, id_: UUID, *, lock: bool = False) -> tuple[Any, Any, Any]:
    """A row, its plan and the actor's own last act on it, else somebody's.

    A row that the act itself has put out of the actor's sight is theirs to find. Raises NotFound.
    """
    held = connection()
    plan_id = await held.fetchval("SELECT plan FROM milestone WHERE id = $1", id_)
    plan = await find_plan(actor, plan_id, group="milestones", lock=lock, by_glass=True)
    row = await held.fetchrow(
        "SELECT * FROM milestone WHERE id = $1" + (" FOR UPDATE" if lock else ""), id_
    )
    if row is None:
        raise NotFound
    acts = await held.fetch(_ACTS, id_, clock.now() - undo.UNDO - undo.UNDO)
    event = next((one for one in acts if one["actor"] == actor.id), acts[0] if acts else None)
    role, known = plan["mandate"], [row]
    if event is not None and event["actor"] == actor.id:
        was = _was(event["was"])
        if undo.back_to(role, row, was) is not None:
            known.append(undo.as_before(row, was))
    if not any(rules.sees(role, one) and rules.changes(role, one) for one in known):
        raise NotFound
    return row, plan, event


async def _why_not(actor: Actor, row: Any, plan: Any, event: Any) -> str | None:
    """Why the actor cannot take back the last act on a row; None if they can."""
    role = plan["mandate"]
    if event is None or event["actor"] != actor.id:
        tells = event is not None and role in rules.WORKERS
        return undo.OF_ANOTHER if tells else undo.NOTHING
    if undo.is_late(event["at"], clock.now()):
        return undo.LATE
    if not rules.goes_on(plan["state"], row["code"]):
        return undo.STILL
    if undo.back_to(role, row, _was(event["was"])) is None or await _is_followed(role, event):
        return undo.SINCE
    if event["act"] != event["id"]:
        return undo.NOT_ALONE
    return await is_issued_since(role, plan["id"], event["at"])


# Of one instant that of the higher version is the later one.
_FOLLOWING = """
SELECT * FROM milestone_event WHERE milestone = $1 AND kind <> 'undone'
   AND (at, coalesce((was ->> 'version')::int, 0)) > ($2, $3::int)
"""


async def _is_followed(role: str, event: Any) -> bool:
    """Whether something else has happened since of which the actor may know."""
    version = _was(event["was"])["version"]
    later = await connection().fetch(_FOLLOWING, event["milestone"], event["at"], version)
    return any(rules.tells(role, one) for one in later)


async def is_issued_since(role: str, plan: UUID, at: datetime) -> str | None:
    """What a court was given stays, so what it may hold is not taken back any more.

    Who may not know of a summary is not hindered by one.
    """
    if role not in KNOW_SUMMARIES:
        return None
    sql = "SELECT 1 FROM summary WHERE plan = $1 AND issued_at >= $2 LIMIT 1"
    return undo.ISSUED if await connection().fetchval(sql, plan, at) else None


_EVENTS = """
SELECT milestone, at, was FROM milestone_event
 WHERE plan = $1 AND act = $2 AND actor = $3 AND kind <> 'undone'
 ORDER BY (was ->> 'version')::int
"""
_BACK = """
UPDATE milestone m
   SET state = n.state, cause = n.cause, due_on = n.due_on, pinned = n.pinned, cycle = n.cycle,
       done_on = n.done_on, said_by = n.said_by, show_court = n.show_court, version = m.version + 1
  FROM jsonb_populate_record(NULL::milestone, $2::jsonb) AS n WHERE m.id = $1
"""
_UNDONE = """
UPDATE milestone_event SET kind = 'undone', was = NULL, version = version + 1
 WHERE plan = $1 AND act = $2 AND actor = $3 AND kind <> 'undone'
"""
_UNSAY = """
UPDATE evidence v SET taken_back_at = $4, version = v.version + 1
  FROM unnest($1::uuid[], $2::int[]) AS e(milestone, version)
 WHERE v.milestone = e.milestone AND v.row_version = e.version AND v.actor = $3
   AND v.taken_back_at IS NULL
"""


async def take_back(actor: Actor, plan: Mapping[str, Any], act: UUID, at: datetime) -> None:
    """All that the actor's act of instant `at` has written is as it was before.

    The caller holds the plan, and has judged the row or contact that it was about. Raises
    NotFromThisState where a row that came with it was changed since.
    """
    held = connection()
    events = await held.fetch(_EVENTS, plan["id"], act, actor.id)
    moved, closed = await _rows_go_back(plan, events)
    await held.execute(_UNDONE, plan["id"], act, actor.id)
    rows, versions = [], []
    for event in events:
        rows.append(event["milestone"])
        versions.append(_was(event["was"])["version"])
    await held.execute(_UNSAY, rows, versions, actor.id, clock.now())
    await _dates_go_on(plan["id"], act)
    await _words_go_on(plan["id"], act, at, moved)
    finished = [one["milestone"] for one in events if _was(one["was"])["after"]["done_on"]]
    await keep_good_news(finished)  # also where another act on it was taken back before
    await _tasks_go_on(plan["id"], act)
    await _rest(closed)


async def _rows_go_back(
    plan: Mapping[str, Any], events: Sequence[Any]
) -> tuple[list[UUID], list[UUID]]:
    """The rows as they were before these events; those with another day, and those closed now.

    One that somebody has changed since, and that the actor does not see, stays: to refuse would
    tell of what they may not know.
    """
    held, role = connection(), plan["mandate"]
    ids = sorted({event["milestone"] for event in events})
    sql = "SELECT * FROM milestone WHERE id = ANY ($1) ORDER BY id FOR UPDATE"
    moved, closed = list[UUID](), list[UUID]()
    for row in await held.fetch(sql, ids):
        if not rules.goes_on(plan["state"], row["code"]):
            raise NotFromThisState(undo.STILL)
        of_row = [event for event in events if event["milestone"] == row["id"]]
        whole = {**_was(of_row[-1]["was"]), "before": _was(of_row[0]["was"])["before"]}
        back = undo.back_to(role, row, whole)
        if back is None or await _is_followed(role, of_row[-1]):
            if rules.sees(role, row):
                raise NotFromThisState(undo.SINCE)
            if row["state"] not in rules.OPEN:
                closed.append(row["id"])
            continue
        await held.execute(_BACK, row["id"], msgspec.json.encode(back).decode())
        if row["state"] in rules.OPEN and back["state"] not in rules.OPEN:
            closed.append(row["id"])
        elif back["due_on"] != undo.plain(row["due_on"]):
            moved.append(row["id"])
    return moved, closed


# As they were, version and all: who has seen none of it shall not see that there was something.
_DATES = """
UPDATE appointment SET state = was, version = version - 1, act = NULL, was = NULL
 WHERE plan = $1 AND act = $2 AND was IS NOT NULL AND state = 'cancelled_by_person'
"""
_OTHERWISE = "SELECT 1 FROM appointment WHERE plan = $1 AND act = $2 AND was IS NOT NULL LIMIT 1"


async def _dates_go_on(plan: UUID, act: UUID) -> None:
    """The coming dates that a no has called off; nobody was told that they are."""
    await connection().execute(_DATES, plan, act)
    if await connection().fetchval(_OTHERWISE, plan, act):
        raise NotFromThisState(undo.SINCE)


_HAS_LEFT = "SELECT 1 FROM message WHERE plan = $1 AND act = $2 AND sending_at IS NOT NULL LIMIT 1"
# What was asked since about another day; what falls due today by that of before is made anew
# (`workflows.materialise`).
_ASKED_SINCE = """
UPDATE message SET state = 'cancelled', reason = 'taken_back', version = version + 1
 WHERE subject = ANY ($1) AND created_at > $2 AND rule = ANY ($3) AND step <> 'repeat'
   AND state IN ('queued', 'claimed') AND sending_at IS NULL
"""
_GO_ON = """
UPDATE message SET state = 'queued', reason = NULL, lease = NULL, act = NULL, version = version + 1
 WHERE plan = $1 AND act = $2 AND state = 'cancelled'
   AND reason IN ('settled', 'moved', 'taken_back') AND sending_at IS NULL AND answered_at IS NULL
"""
_FALL_AWAY = """
UPDATE message SET state = 'cancelled', reason = 'taken_back', version = version + 1
 WHERE plan = $1 AND act = $2 AND state IN ('queued', 'claimed') AND sending_at IS NULL
"""


async def _words_go_on(plan: UUID, act: UUID, at: datetime, moved: Sequence[UUID]) -> None:
    """What had fallen away by the act waits as before, and what it was to tell falls away."""
    held = connection()
    if await held.fetchval(_HAS_LEFT, plan, act):
        raise NotFromThisState(undo.LATE)  # by the clock of another machine
    await held.execute(_ASKED_SINCE, moved, at, [ask.rule for ask in MILESTONE_ASKS])
    await held.execute(_GO_ON, plan, act)
    await held.execute(_FALL_AWAY, plan, act)
    await held.execute(f"NOTIFY {outbox.WAKE_SENDER}")


_TASKS = "SELECT id, closed_at, closed_by FROM task WHERE plan = $1 AND act = $2"
_OPEN_AGAIN = """
UPDATE task SET closed_at = NULL, outcome = NULL, version = version - 1, act = NULL
 WHERE id = ANY ($1)
"""
_CLOSE = """
UPDATE task SET closed_at = $2, outcome = 'taken_back', version = version + 1 WHERE id = ANY ($1)
"""


async def _tasks_go_on(plan: UUID, act: UUID) -> None:
    """Tasks that the act has closed wait as before, and those that it has opened wait no more."""
    held = connection()
    tasks = await held.fetch(_TASKS, plan, act)
    closed = [one["id"] for one in tasks if one["closed_at"] and one["closed_by"] is None]
    made = [one["id"] for one in tasks if one["closed_at"] is None]
    await held.execute(_OPEN_AGAIN, closed)
    await held.execute(_CLOSE, made, clock.now())
    for id_ in made:
        await close_answered(id_, undo.TAKEN_BACK)


async def _rest(closed: Sequence[UUID]) -> None:
    """Of what is closed again nobody is asked, whatever has come up since."""
    await outbox.cancel_about(closed, "settled")
    for id_ in closed:
        await close_answered(id_, "settled")
