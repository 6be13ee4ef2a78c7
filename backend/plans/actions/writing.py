"""How a row of a plan is written, with its history and what follows; what to write is decided."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import msgspec

from backend import clock
from backend.access import Actor
from backend.actors.actions import seal
from backend.database import connection
from backend.messages import outbox
from backend.messages.outbox import Occurrence
from backend.plans import rules
from backend.plans.undo import TAKEN_BACK, UNDO

_COLUMNS = frozenset(
    {"state", "cause", "due_on", "pinned", "cycle", "done_on", "said_by", "show_court"}
)
GOOD_NEWS = "GOODNEWS"
_BESIDES = frozenset({"what", "saying"})
_WRITE = "SELECT write_milestone($1, $2, $3, $4, $5, $6, $7, $8)"


async def write_milestone(
    actor: Actor,
    row: Mapping[str, Any],
    plan: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    reason: str | None = None,
    event: UUID | None = None,
) -> int:
    """Write the row, its event and what follows; the new version. The caller holds the row's lock.

    What was about to be asked about it falls away with its state or its day. That it is done is
    evidence; a `saying` says how that is known, or that it did not happen, and `what` was said.
    `event` is the id of the event, where an act goes by it.
    """
    if not after.keys() <= _COLUMNS | _BESIDES:
        raise ValueError(sorted(after))
    event, sealed = event or uuid4(), None
    if reason:
        sealed = await seal(plan["person"], f"milestone_event.reason:{event}", reason)
    version: int = await connection().fetchval(
        _WRITE,
        actor.id,
        actor.role,
        clock.now(),
        row["id"],
        msgspec.json.encode(after).decode(),
        settles(after),
        event,
        sealed,
    )
    if row["message"] == GOOD_NEWS:
        if after.get("done_on") and row["state"] != "done":
            await _share_good_news(row, plan)
        elif row["state"] == "done" and after.get("state", "done") != "done":
            await keep_good_news([row["id"]])
    return version


_BEGIN = """
SELECT set_config('app.act', coalesce(nullif(current_setting('app.act', true), ''), $1), true)
"""


async def begin_act(id_: UUID) -> None:
    """From here on all that this transaction writes is one act, and can be taken back as a whole.

    Where one goes on already, it is a part of that. What takes one back is `undoing.take_back`.
    """
    await connection().execute(_BEGIN, str(id_))


def settles(after: Mapping[str, Any]) -> bool:
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
    """A step that was finished is good news for those to whom the person lets it be told.

    No sooner than it can be taken back no more.
    """
    today, now = clock.today(plan["zone"]), clock.now()
    for link in await connection().fetch(_WHO_SHARES_GOOD_NEWS, plan["id"], now, today):
        occurrence = Occurrence(GOOD_NEWS, "", row["id"], today)
        await outbox.queue(link, GOOD_NEWS, occurrence, due_at=now + UNDO)


_NO_NEWS = """
UPDATE message SET state = 'cancelled', reason = $2, version = version + 1
 WHERE subject = ANY ($1) AND rule = $3 AND state IN ('queued', 'claimed') AND sending_at IS NULL
"""


async def keep_good_news(rows: Sequence[UUID]) -> None:
    """It was not finished after all: nobody is told, unless it is finished another time."""
    await connection().execute(_NO_NEWS, rows, TAKEN_BACK, GOOD_NEWS)


async def set_days(
    actor: Actor,
    plan: Mapping[str, Any],
    moved: Sequence[tuple[Mapping[str, Any], date]],
    *,
    what: str | None = None,
    move: UUID | None = None,
) -> list[UUID]:
    """Give open rows their new days, with their history; their ids. The caller holds them."""
    await connection().execute(
        "UPDATE milestone m SET due_on = n.due, version = m.version + 1"
        " FROM unnest($1::uuid[], $2::date[]) AS n(id, due) WHERE m.id = n.id",
        [row["id"] for row, _ in moved],
        [due for _, due in moved],
    )
    await write_events(actor, plan, "moved", moved, what=what, move=move)
    return [row["id"] for row, _ in moved]


async def begin_again(
    actor: Actor,
    plan: Mapping[str, Any],
    rows: Sequence[tuple[Mapping[str, Any], str, date | None]],
    *,
    move: UUID | None = None,
) -> None:
    """Rows that are asked anew, with their state and day: nothing of before stands for now.

    What was done or said stays in the history with the day that it had. The caller holds them.
    """
    await connection().execute(
        "UPDATE milestone m SET state = n.state, due_on = n.due, done_on = NULL, cause = NULL,"
        " said_by = NULL, show_court = false, cycle = 0, pinned = false, version = m.version + 1"
        " FROM unnest($1::uuid[], $2::text[], $3::date[]) AS n(id, state, due) WHERE m.id = n.id",
        [row["id"] for row, _, _ in rows],
        [state for _, state, _ in rows],
        [due for _, _, due in rows],
    )
    for row, state, due in rows:
        was = row["done_on"].isoformat() if row["done_on"] else row["cause"]
        await write_events(actor, plan, "again", [(row, due)], what=was, move=move, after=state)


async def add_rows(
    actor: Actor, plan: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Rows that a plan had not before, with their history."""
    await put_rows(plan["agency"], plan["id"], rows)
    there = await connection().fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND code = ANY ($2) ORDER BY day, code",
        plan["id"],
        [row["code"] for row in rows],
    )
    added = [({**dict(row), "due_on": None}, row["due_on"]) for row in there]
    await write_events(actor, plan, "added", added)


# What a change of template or overlays took out is told by `what`: it may come back.
_HOLD = """
SELECT m.*, e.what FROM milestone m LEFT JOIN LATERAL (
  SELECT what FROM milestone_event WHERE milestone = m.id AND kind <> 'undone'
   ORDER BY at DESC, id LIMIT 1) e
    ON m.state = 'cancelled'
 WHERE m.plan = $1 ORDER BY m.id FOR UPDATE OF m
"""


async def hold_rows(plan: UUID) -> Sequence[Any]:
    """All rows of a plan; of one that is cancelled, `what` its last event was about."""
    rows: Sequence[Any] = await connection().fetch(_HOLD, plan)
    return rows


_EVENT = """
INSERT INTO milestone_event (id, agency, plan, version, milestone, actor, role, at, kind, before,
                             after, due_before, due_after, what, move)
VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""


async def write_events(
    actor: Actor,
    plan: Mapping[str, Any],
    kind: str,
    rows: Sequence[tuple[Mapping[str, Any], date | None]],
    *,
    what: str | None = None,
    move: UUID | None = None,
    after: str | None = None,
) -> None:
    """What happened to rows besides a change that `write_milestone` makes, with their new days.

    `after` is their new state, where they got one.
    """
    of_all = (plan["agency"], plan["id"])
    by = (actor.id, actor.role, clock.now(), kind)
    await connection().executemany(
        _EVENT,
        [
            (
                *(uuid4(), *of_all, row["id"], *by, row["state"], after or row["state"]),
                *(row["due_on"], due, what, move),
            )
            for row, due in rows
        ],
    )


# All rows in one value: planning a parameter for each field of each took longer than writing them.
_ROWS = """
INSERT INTO milestone (id, agency, plan, version, code, pathway, title, anchor, day, win_before,
       win_after, owner, partners, kind, agree, depends, evidence, court, message, repeat_days,
       repeat_until, late_start, state, due_on, summary_due)
SELECT gen_random_uuid(), $1, $2, 1, code, pathway, title, anchor, day, win_before,
       win_after, owner, partners, kind, agree, depends, evidence, court, message, repeat_days,
       repeat_until, late_start, state, due_on, summary_due
  FROM json_populate_recordset(NULL::milestone, $3::json)
"""


async def put_rows(agency: UUID | None, plan: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """New rows of a plan, with all their columns but those that begin empty."""
    await connection().execute(_ROWS, agency, plan, json.dumps(rows, default=str))
