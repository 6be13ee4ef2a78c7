"""Break-glass: a plan that is not one's own, for four hours, if a second person lets it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, require
from backend.actors.actions import seal, unseal
from backend.alerts.actions import open_task
from backend.audit.actions import record
from backend.database import connection, moment, transaction
from backend.errors import NotFound, NotFromThisState, TooManyTries
from backend.once import Written
from backend.second.actions import is_small, owe_review
from backend.second.rules import may_let
from backend.staff.proof import hold_account, require_fresh
from backend.walls.rules import A_DAY, LASTS, WAITS, is_open


@dataclass(frozen=True)
class Wish:
    """`alias` is the word by which the person is known in the actor's own agency."""

    alias: str
    reason: str
    id: UUID = field(default_factory=uuid4)


async def ask_break_glass(actor: Actor, wish: Wish) -> Written:
    """Write the wish down. Whether there is such a person is not looked at.

    Raises ProveAgain, and TooManyTries after three within a day.
    """
    require(actor, "askBreakGlass")
    async with transaction(actor.id) as held:
        await hold_account(held, actor.id)
        await require_fresh(actor)
        asked = await held.fetchval(
            "SELECT count(*) FROM break_glass WHERE asked_by = $1 AND asked_at > $2",
            actor.id,
            clock.now() - WAITS,
        )
        if asked >= A_DAY:
            raise TooManyTries
        await held.execute(
            "INSERT INTO break_glass (id, agency, version, alias, reason, asked_by, asked_at)"
            " VALUES ($1, $2, 1, $3, $4, $5, $6)",
            wish.id,
            actor.agency,
            wish.alias,
            await seal(actor.id, f"break_glass.reason:{wish.id}", wish.reason),
            actor.id,
            clock.now(),
        )
        await record(actor, "askBreakGlass", thing=wish.id)
        return Written(wish.id, 1, 201)


# The wish, with the coordinator's own plan that it means; the row policies cut the rest away.
_WISH = """
SELECT g.*, s.role, s.alias AS asker, p.id AS plan, p.person, p.zone
  FROM break_glass g JOIN staff s ON s.id = g.asked_by
  JOIN plan p ON p.agency = g.agency AND lower(p.alias) = lower(g.alias)
       AND p.state NOT IN ('closed', 'transferred', 'ended_death')
  JOIN mandate m ON m.plan = p.id AND m.actor = $1 AND m.role = 'CO' AND m.glass IS NULL
       AND m.starts <= $2 AND (m.ends IS NULL OR m.ends > $2)
 WHERE g.asked_by <> $1 AND g.asked_at > $3
"""


async def list_break_glass(actor: Actor) -> Sequence[dict[str, Any]]:
    """Wishes that wait for this coordinator, oldest first, each with its reason."""
    require(actor, "listBreakGlass")
    async with transaction(actor.id) as held:
        now = clock.now()
        rows = await held.fetch(f"{_WISH} ORDER BY g.asked_at", actor.id, now, now - WAITS)
        waiting = [dict(row) for row in rows if is_open(row, now)]
        await record(actor, "listBreakGlass")
        for row in waiting:
            place = f"break_glass.reason:{row['id']}"
            row["reason"] = await unseal(row["asked_by"], place, row["reason"])
        return waiting


async def own_wishes(actor: Actor) -> Sequence[Any]:
    """Those that the actor may let themself, in a small agency, and only now."""
    require(actor, "letBreakGlass")
    async with transaction(actor.id) as held:
        if not await is_small(actor.agency):
            return []
        now = clock.now()
        rows = await held.fetch(
            "SELECT * FROM break_glass WHERE asked_by = $1 AND asked_at > $2 ORDER BY asked_at",
            actor.id,
            now - 2 * WAITS,
        )
        ripe = [row for row in rows if may_let(row, actor.id, now, small=True)]
        return [row for row in ripe if row["let_at"] is None and row["ended_at"] is None]


async def _others_wish(actor: Actor, id_: UUID, seen: int) -> Any:
    """A colleague's, about a plan of the actor's own as its coordinator. Raises NotFound."""
    now = clock.now()
    sql = f"{_WISH} AND g.id = $4 FOR UPDATE OF g"
    wish = await connection().fetchrow(sql, actor.id, now, now - 2 * WAITS, id_)
    if wish is None or actor.role != "CO":
        raise NotFound
    check_version(wish, seen)
    if not is_open(wish, now):
        raise NotFromThisState("This wish is not open any more.")
    return wish


async def _own_wish(actor: Actor, id_: UUID, seen: int) -> Any | None:
    """The actor's own in a small agency, after the day that they have waited; None otherwise."""
    held, now = connection(), clock.now()
    if not await is_small(actor.agency):
        return None
    wish = await held.fetchrow(
        "SELECT g.*, s.role FROM break_glass g JOIN staff s ON s.id = g.asked_by"
        " WHERE g.id = $1 AND g.asked_by = $2 AND g.asked_at > $3 FOR UPDATE OF g",
        id_,
        actor.id,
        now - 3 * WAITS,
    )
    if wish is None:
        return None
    check_version(wish, seen)
    ripe = may_let(wish, actor.id, now, small=True)
    if not ripe or not is_open(wish, now - WAITS):
        raise NotFromThisState("Another person lets it, or you yourself on the day after.")
    plan = await held.fetchrow("SELECT * FROM ripe_wish($1)", id_)
    if plan is None:
        raise NotFound
    return {**wish, **plan}


async def let_break_glass(actor: Actor, id_: UUID, seen: int) -> Written:
    """Let a colleague in for four hours; the person's worker is asked to tell the person.

    In a small agency whoever asked lets it too, a day later, and somebody looks at it from outside.
    Raises NotFound for a wish about no plan of the actor's, and else for one's own; VersionStale,
    ProveAgain, NotFromThisState for one that was answered or has waited for a day.
    """
    require(actor, "letBreakGlass")
    async with transaction(actor.id) as held:
        now = clock.now()
        wish = await _own_wish(actor, id_, seen) or await _others_wish(actor, id_, seen)
        await require_fresh(actor)
        asker = wish["person"], wish["asked_by"], wish["role"]
        if await held.fetchval("SELECT is_barred($1, $2, $3)", *asker):
            raise NotFromThisState("This colleague is kept from the person's plans.")
        await held.execute(
            "INSERT INTO mandate (id, agency, plan, version, actor, role, starts, ends,"
            " granted_by, person, glass) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10)",
            uuid4(),
            wish["agency"],
            wish["plan"],
            wish["asked_by"],
            wish["role"],
            moment(),
            moment() + LASTS,
            actor.id,
            wish["person"],
            id_,
        )
        await held.execute(
            "UPDATE break_glass SET let_by = $2, let_at = $3, version = version + 1 WHERE id = $1",
            id_,
            actor.id,
            now,
        )
        if wish["asked_by"] == actor.id:
            await owe_review(actor, "glass", id_)
        await _tell(wish)
        await record(actor, "letBreakGlass", plan=wish["plan"], thing=id_)
        return Written(id_, seen + 1)


async def _tell(wish: Any) -> None:
    """The coordinator looks at it afterwards, and the person hears of it from a human."""
    for kind, role in (("glass-broken", "CO"), ("tell-of-glass", "SW")):
        await open_task(
            kind,
            agency=wish["agency"],
            plan=wish["plan"],
            subject=wish["id"],
            local_due=clock.today(wish["zone"]),
            role=role,
        )


async def end_break_glass(actor: Actor, id_: UUID, seen: int) -> Written:
    """Take a wish back, or close what was opened before its time: its asker, or who let it.

    Raises NotFound, VersionStale, NotFromThisState.
    """
    require(actor, "endBreakGlass")
    async with transaction(actor.id) as held:
        row = await held.fetchrow(
            "SELECT * FROM break_glass WHERE id = $1 AND $2 IN (asked_by, let_by) FOR UPDATE",
            id_,
            actor.id,
        )
        check_version(row, seen)
        now = clock.now()
        given = await held.fetchrow("SELECT plan, ends FROM mandate WHERE glass = $1", id_)
        # it may have ended like any other mandate too, or with a wall
        over = row["let_at"] is not None and (given is None or given["ends"] <= now)
        if row["ended_at"] is not None or over:
            raise NotFromThisState("It is over.")
        plan = given["plan"] if given else None
        await record(actor, "endBreakGlass", plan=plan, thing=id_)
        await held.execute(
            "UPDATE break_glass SET ended_at = $2, version = version + 1 WHERE id = $1", id_, now
        )
        # this transaction itself still stands on it
        await held.execute(
            "UPDATE mandate SET ends = $2, version = version + 1 WHERE glass = $1 AND ends > $2",
            id_,
            moment() + timedelta.resolution,
        )
        return Written(id_, seen + 1)
