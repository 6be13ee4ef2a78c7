"""Walls around a person: who is kept out, who alone is let in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.once import Written
from backend.walls.rules import KINDS

WORKERS = ("SW", "CO")


@dataclass(frozen=True)
class NewWall:
    """`login` is whose: excluded from the person's plans, or one of those admitted alone."""

    kind: str
    login: str
    id: UUID = field(default_factory=uuid4)


async def set_wall(actor: Actor, plan_id: UUID, new: NewWall) -> Written:
    """Keep somebody from every plan of this person, or let in nobody but who is named.

    It holds from this instant on, whatever mandates say. Whoever names the first of those
    admitted is among them. An id that is taken is refused alike for a login that is not there, so
    that no login is tried on one. Raises NotFound (plan or login), Unfit, NotFromThisState.
    """
    require(actor, "setWall")
    if new.kind not in KINDS:
        raise Unfit("kind is excluded or admitted.")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, roles=WORKERS, lock=True)
        who = await _colleague(plan, new.login)
        if who is None:
            # undone with the rest; one that has ended bars nobody
            await _insert(actor, plan, new.kind, actor.id, new.id, ended=clock.now())
            raise NotFound
        if new.kind == "excluded" and who == actor.id:
            raise Unfit("To keep yourself away, end your own mandate.")
        there = {(row["kind"], row["actor"]) for row in await _living(plan["person"])}
        if (new.kind, who) in there:
            raise NotFromThisState("This is so already.")
        await record(actor, "setWall", plan=plan_id, thing=new.id)
        if new.kind == "admitted" and who != actor.id and ("admitted", actor.id) not in there:
            await _insert(actor, plan, new.kind, actor.id, uuid4())
        await _insert(actor, plan, new.kind, who, new.id)
        return Written(new.id, 1, 201)


async def _colleague(plan: Any, login: str) -> UUID | None:
    """Of the plan's own agency alone: it is no directory."""
    found: UUID | None = await connection().fetchval(
        "SELECT id FROM staff WHERE login = $1 AND agency = $2", login.casefold(), plan["agency"]
    )
    return found


async def _living(person: UUID) -> Sequence[Any]:
    rows: Sequence[Any] = await connection().fetch(
        "SELECT w.*, s.alias FROM wall w JOIN staff s ON s.id = w.actor"
        " WHERE w.person = $1 AND w.ended_at IS NULL ORDER BY w.set_at, w.id",
        person,
    )
    return rows


async def _insert(
    actor: Actor, plan: Any, kind: str, who: UUID, id_: UUID, *, ended: datetime | None = None
) -> None:
    await connection().execute(
        "INSERT INTO wall"
        " (id, agency, plan, version, person, actor, kind, set_by, set_at, ended_at)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9)",
        id_,
        plan["agency"],
        plan["id"],
        plan["person"],
        who,
        kind,
        actor.id,
        clock.now(),
        ended,
    )


async def list_walls(actor: Actor, plan_id: UUID) -> Sequence[Any]:
    """Who is kept out and who alone is let in, oldest first."""
    require(actor, "listWalls")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, roles=WORKERS)
        await record(actor, "listWalls", plan=plan_id)
        return await _living(plan["person"])


async def end_wall(actor: Actor, id_: UUID, seen: int) -> Written:
    """Take a wall down. Raises NotFound, VersionStale, NotFromThisState."""
    require(actor, "endWall")
    async with transaction(actor.id) as held:
        plan_id = await held.fetchval("SELECT plan FROM wall WHERE id = $1", id_)
        await find_plan(actor, plan_id, roles=WORKERS, lock=True)  # None is nobody's plan
        row = await held.fetchrow("SELECT * FROM wall WHERE id = $1", id_)
        check_version(row, seen)
        if row["ended_at"] is not None:
            raise NotFromThisState("It was taken down before.")
        await record(actor, "endWall", plan=row["plan"], thing=id_)
        # last, for the actor may have let in nobody but others
        await held.execute(
            "UPDATE wall SET ended_at = $2, version = version + 1 WHERE id = $1", id_, clock.now()
        )
        return Written(id_, seen + 1)
