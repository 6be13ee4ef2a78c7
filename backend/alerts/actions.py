"""Tasks for people. An escalation is always one of these, whatever else happens."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import EVERY_ROLE, GROUPS, TOLD, Actor, check_waits, require
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound
from backend.once import Written

CRITICAL = 2
SOON = timedelta(hours=4)
MEETING_OFF = "meeting-off"
ONLY_TELL = frozenset({MEETING_OFF})  # whoever has read it has nothing left to do

_OPEN = """
INSERT INTO task (id, agency, plan, version, kind, step, role, assignee, subject, about, local_due,
                  due_at, urgency, opened_at)
VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (kind, step, subject, about, local_due) DO NOTHING RETURNING id
"""


async def open_task(
    kind: str,
    *,
    agency: UUID,
    plan: UUID | None,
    subject: UUID,
    local_due: date,
    step: str = "",
    role: str = "SW",
    assignee: UUID | None = None,
    about: UUID | None = None,
    due_at: datetime | None = None,
    urgency: int = 0,
) -> UUID | None:
    """Open a task for a role on a plan; None where this very task was opened before.

    `about` is the individual whom it concerns; `urgency` 2 pages whoever is on duty.
    """
    id_: UUID | None = await connection().fetchval(
        _OPEN,
        uuid4(),
        agency,
        plan,
        kind,
        step,
        role,
        assignee,
        subject,
        about,
        local_due,
        due_at or clock.now() + SOON,
        urgency,
        clock.now(),
    )
    return id_


_CLOSED_THAT_DAY = """
SELECT count(*) FROM task WHERE kind = $1 AND subject = $2 AND about = $3 AND local_due = $4
   AND (step = $5 OR step ^@ $6) AND closed_at IS NOT NULL
"""


async def step_again(
    kind: str, subject: UUID, *, about: UUID, local_due: date, step: str = ""
) -> str:
    """The step under which somebody asks a human, however often they ask.

    While a task of it is open, it is that one's; after each that was closed on the same day it is
    another, so that whoever asks again is heard again.
    """
    again = f"{step} again-".lstrip()
    closed = await connection().fetchval(
        _CLOSED_THAT_DAY, kind, subject, about, local_due, step, again
    )
    return f"{again}{closed}" if closed else step


_MINE = """
SELECT t.*, CASE WHEN covers(e.groups, 'alias') THEN p.alias END AS alias
  FROM task t LEFT JOIN plan p ON p.id = t.plan
  LEFT JOIN LATERAL (
       SELECT {groups} AS groups FROM mandate m WHERE m.plan = t.plan AND m.actor = $1 LIMIT 1
       ) e ON true
 WHERE t.closed_at IS NULL AND ({mine}) AND ($4::uuid IS NULL OR t.plan = $4)
   AND (t.due_at, t.id) > ($5, $6)
 ORDER BY t.due_at, t.id LIMIT $7
"""
# These tell of somebody who came in by broken glass: who did so holds no role for them.
OF_GLASS = "'glass-broken', 'tell-of-glass', 'stopped-by-glass'"
# mine: given to me, or of a role that I hold on its plan; a role nobody holds falls to the SW
MINE = f"""
t.assignee = $1 OR (t.assignee IS NULL AND EXISTS (
    SELECT 1 FROM mandate m WHERE m.plan = t.plan AND m.actor = $1
       AND m.starts <= $2 AND (m.ends IS NULL OR m.ends > $2) AND m.role = ANY($3)
       AND (m.glass IS NULL OR t.kind NOT IN ({OF_GLASS}))
       AND {TOLD.format(group="'tasks'", at="$2")}
       AND (m.role = t.role OR (m.role = 'SW' AND NOT EXISTS (
            SELECT 1 FROM mandate o WHERE o.plan = t.plan AND o.role = t.role
               AND (o.glass IS NULL OR t.kind NOT IN ({OF_GLASS}))
               AND o.starts <= $2 AND (o.ends IS NULL OR o.ends > $2))))))
"""
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
NIL = UUID(int=0)


# A row of the record on a plan that is not the asker's would show there, and shape its list.
_PLAN_I_HOLD = """
SELECT plan FROM mandate
 WHERE plan = $1 AND actor = $2 AND starts <= $3 AND (ends IS NULL OR ends > $3) LIMIT 1
"""


async def list_tasks(
    actor: Actor,
    *,
    plan: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[Any]:
    """What waits for the actor, soonest first, a page at a time."""
    require(actor, "listTasks")
    async with transaction(actor.id) as held:
        since = after or (EARLIEST, NIL)
        mine = plan and await held.fetchval(_PLAN_I_HOLD, plan, actor.id, clock.now())
        await record(actor, "listTasks", plan=mine)
        rows: Sequence[Any] = await held.fetch(
            _MINE.format(mine=MINE, groups=GROUPS.format(at="$2")),
            actor.id,
            clock.now(),
            list(EVERY_ROLE),
            plan,
            *since,
            limit,
        )
        return rows


async def _find(actor: Actor, id_: UUID) -> Any:
    row = await connection().fetchrow(
        f"SELECT t.* FROM task t WHERE t.id = $4 AND ({MINE}) FOR UPDATE OF t",
        actor.id,
        clock.now(),
        list(EVERY_ROLE),
        id_,
    )
    if row is None:
        raise NotFound
    return row


def _meanwhile(row: Any, actor: Actor, *, takes: bool = False) -> str | None:
    """What became of a task that waits no more, for whoever closes or `takes` it now."""
    if row["closed_at"] is not None:
        return "It was closed meanwhile: nothing is left to do for it."
    if not takes or row["acknowledged_at"] is None:
        return None
    who = "You have" if row["acknowledged_by"] == actor.id else "A colleague has"
    return f"{who} it already."


async def acknowledge_task(actor: Actor, id_: UUID, seen: int) -> Written:
    """Say that somebody has it; this stops its escalation. What only tells is closed with it.

    Raises NotFound, NotFromThisState, VersionStale.
    """
    require(actor, "acknowledgeTask")
    async with transaction(actor.id) as held:
        row = await _find(actor, id_)
        check_waits(row, seen, _meanwhile(row, actor, takes=True))
        closes = ", closed_at = $2, closed_by = $3, outcome = 'done'"
        version = await held.fetchval(
            "UPDATE task SET acknowledged_at = $2, acknowledged_by = $3, version = version + 1"
            f"{closes if row['kind'] in ONLY_TELL else ''} WHERE id = $1 RETURNING version",
            id_,
            clock.now(),
            actor.id,
        )
        await close_answered(id_, "acknowledged")
        await record(actor, "acknowledgeTask", plan=row["plan"], thing=id_)
        return Written(id_, version)


async def close_task(actor: Actor, id_: UUID, seen: int, outcome: str) -> Written:
    """Say what came of it. Raises NotFound, NotFromThisState, VersionStale."""
    require(actor, "closeTask")
    async with transaction(actor.id) as held:
        row = await _find(actor, id_)
        check_waits(row, seen, _meanwhile(row, actor))
        version = await held.fetchval(
            "UPDATE task SET closed_at = $2, closed_by = $3, outcome = $4, version = version + 1"
            " WHERE id = $1 RETURNING version",
            id_,
            clock.now(),
            actor.id,
            outcome,
        )
        await close_answered(id_, "closed")
        await record(actor, "closeTask", plan=row["plan"], thing=id_)
        return Written(id_, version)


_CLOSE = "SELECT close_tasks($1, $2, $3, $4)"


async def close_answered(subject: UUID, outcome: str) -> None:
    """Close what was opened because nobody had answered, now that somebody has."""
    await connection().execute(_CLOSE, subject, clock.now(), outcome, None)


# With what pages somebody because they had not opened it.
_CLOSE_SILENCE = """
WITH closed AS (
    UPDATE task SET closed_at = $3, outcome = $4, version = version + 1
     WHERE subject = $1 AND local_due = coalesce($2, local_due) AND role <> ALL ($5)
       AND closed_at IS NULL AND step LIKE 'silent%'
    RETURNING id)
UPDATE task u SET closed_at = $3, outcome = $4, version = u.version + 1
  FROM closed WHERE u.subject = closed.id AND u.kind = 'unopened' AND u.closed_at IS NULL
"""


async def close_silence(subject: UUID, local_due: date, outcome: str) -> None:
    """The same of what was asked on one day: of a row that repeats, the silence of one cycle."""
    await connection().execute(_CLOSE_SILENCE, subject, local_due, clock.now(), outcome, [])


async def close_silence_but(subject: UUID, roles: Sequence[str], outcome: str) -> None:
    """The same of any day, but for these roles: they go on as if nobody had answered."""
    every_day = None
    await connection().execute(
        _CLOSE_SILENCE, subject, every_day, clock.now(), outcome, list(roles)
    )


async def close_tasks(subject: UUID, kind: str, outcome: str) -> None:
    """Close the tasks of a kind that have become pointless."""
    await connection().execute(_CLOSE, subject, clock.now(), outcome, kind)


_CLOSE_EACH = """
SELECT close_tasks(s.id, $2, $3, k.kind)
  FROM unnest($1::uuid[]) AS s(id) CROSS JOIN unnest($4::text[]) AS k(kind)
"""


async def close_all(subjects: Collection[UUID], kinds: Collection[str], outcome: str) -> None:
    """The same of some kinds, of many at once."""
    await connection().execute(_CLOSE_EACH, sorted(subjects), clock.now(), outcome, list(kinds))
