"""Entry passes: a worker makes a paper and says a PIN; their holder comes in with both."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.actors.actions import vault
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.once import Written, check_still_new
from backend.passes.ending import end_passes
from backend.passes.rules import HOLDERS, LIVES, MOST_TRIES, code_of, pin_of
from backend.plans.rules import OVER
from backend.staff.proof import require_fresh

WORKERS = ("SW", "CO")


@dataclass(frozen=True)
class NewPass:
    """`mandate` is whose pass it is: the person's, or a lawyer's or guardian's."""

    mandate: UUID
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Paper:
    """What is printed (the code), and what is told by voice alone (the PIN)."""

    code: str
    pin: str


async def create_pass(actor: Actor, plan_id: UUID, new: NewPass) -> Written:
    """Make a pass; an earlier one of this mandate ends.

    Raises NotFound, Unfit for a mandate that opens no file, ProveAgain, and NotFromThisState
    where the plan is over.
    """
    require(actor, "createEntryPass")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, roles=("SW",), lock=True)
        holder = await _holder(plan_id, new.mandate)
        if plan["state"] in OVER:
            raise NotFromThisState("The plan is over.")
        await require_fresh(actor)
        await end_passes(new.mandate, by=actor.id)
        await _insert(actor, plan, holder, new)
        await record(actor, "createEntryPass", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


async def _holder(plan: UUID, mandate: UUID) -> UUID:
    row = await connection().fetchrow(
        "SELECT actor, role FROM mandate WHERE id = $1 AND plan = $2"
        " AND starts <= $3 AND (ends IS NULL OR ends > $3)",
        mandate,
        plan,
        clock.now(),
    )
    if row is None:
        raise NotFound
    if row["role"] not in HOLDERS:
        raise Unfit("A pass is for the person, a lawyer or a guardian.")
    return UUID(str(row["actor"]))


async def _insert(actor: Actor, plan: Any, holder: UUID, new: NewPass) -> None:
    held, now, paper = connection(), clock.now(), paper_of(new.id)
    await held.execute(
        "INSERT INTO entry_pass (id, agency, plan, version, mandate, subject, made_by, made_at,"
        " until) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)",
        new.id,
        plan["agency"],
        plan["id"],
        new.mandate,
        holder,
        actor.id,
        now,
        now + LIVES,
    )
    await held.execute(
        "INSERT INTO entry_key (id, subject, code, pin, tries) VALUES ($1, $2, $3, $4, 0)",
        new.id,
        holder,
        hash_code(paper.code),
        hash_pin(new.id, paper.pin),
    )


_UNUSED = """
SELECT e.made_at FROM entry_pass e JOIN mandate m ON m.id = e.mandate JOIN plan p ON p.id = e.plan
 WHERE e.id = $1 AND e.plan = $2 AND e.made_by = $3 AND e.ended_at IS NULL
   AND m.starts <= $4 AND (m.ends IS NULL OR m.ends > $4) AND NOT p.state = ANY($5)
   AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.plan = e.plan AND a.actor = e.subject
                      AND a.operation = 'enterFile' AND a.at >= e.made_at)
"""


async def check_shown(actor: Actor, plan_id: UUID, id_: UUID) -> None:
    """Whether the paper may be shown to who made it: now, and once more where a form came twice.

    Raises NotFound, ProveAgain, and NotFromThisState where it is over, was used or is not new.
    """
    require(actor, "createEntryPass")
    async with transaction(actor.id) as held:
        await find_plan(actor, plan_id, roles=("SW",), by_glass=False)
        await require_fresh(actor)
        values = (id_, plan_id, actor.id, clock.now(), list(OVER))
        check_still_new(await held.fetchval(_UNUSED, *values))


def paper_of(id_: UUID) -> Paper:
    """Made from its id by our key each time, so that neither is stored."""
    own = vault()
    return Paper(
        code_of(own.derive("entry-code", str(id_))), pin_of(own.derive("entry-pin", str(id_)))
    )


def hash_code(code: str) -> bytes:
    return vault().index("entry_key.code", code)


def hash_pin(id_: UUID, pin: str) -> bytes:
    return vault().derive("entry-pin-check", f"{id_}:{pin}")


_LIST = """
SELECT e.id, e.version, e.mandate, e.subject, e.made_at, e.until, e.ended_at, m.role,
       k.tries >= $3 AS dead,
       e.ended_at IS NULL AND e.until > $2 AND k.tries < $3
       AND m.starts <= $2 AND (m.ends IS NULL OR m.ends > $2) AS opens
  FROM entry_pass e JOIN mandate m ON m.id = e.mandate JOIN entry_key k ON k.id = e.id
 WHERE e.plan = $1 ORDER BY e.made_at DESC, m.role, e.id
"""


async def list_passes(actor: Actor, plan_id: UUID) -> Sequence[Any]:
    """The passes of a plan, the newest first. Raises NotFound."""
    require(actor, "listEntryPasses")
    async with transaction(actor.id):
        await find_plan(actor, plan_id, roles=WORKERS)
        await record(actor, "listEntryPasses", plan=plan_id)
        return await passes_of(plan_id)


async def passes_of(plan_id: UUID) -> Sequence[Any]:
    """For who has been let in to this plan already."""
    rows: Sequence[Any] = await connection().fetch(_LIST, plan_id, clock.now(), MOST_TRIES)
    return rows


async def end_pass(actor: Actor, id_: UUID, seen: int) -> Written:
    """End a pass, and whatever is open with it. Raises NotFound, VersionStale, NotFromThisState."""
    require(actor, "endEntryPass")
    async with transaction(actor.id) as held:
        plan_id = await held.fetchval("SELECT plan FROM entry_pass WHERE id = $1", id_)
        await find_plan(actor, plan_id, roles=WORKERS, lock=True)  # None is nobody's plan
        row = await held.fetchrow("SELECT * FROM entry_pass WHERE id = $1", id_)
        check_version(row, seen)
        if row["ended_at"] is not None:
            raise NotFromThisState("It has ended before.")
        await held.execute(
            "UPDATE entry_pass SET ended_at = $2, ended_by = $3, version = version + 1"
            " WHERE id = $1",
            id_,
            clock.now(),
            actor.id,
        )
        await record(actor, "endEntryPass", plan=row["plan"], thing=id_)
        return Written(id_, seen + 1)
