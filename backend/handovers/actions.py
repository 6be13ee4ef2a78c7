"""A plan passes from one social worker to another, and no day is without one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.actors.actions import seal, unseal_or_none
from backend.alerts.actions import close_tasks, open_task
from backend.audit.actions import record
from backend.database import connection, moment, transaction
from backend.errors import NotFound, NotFromThisState, Taken, Unfit
from backend.handovers import rules
from backend.handovers.rules import Span
from backend.once import Written
from backend.plans.rules import OVER

WORKERS = ("SW", "CO")
TO_READ, WITHOUT = "handover", "without-worker"


@dataclass(frozen=True)
class NewHandover:
    """`login` is whose it is from now on; `words` are what they should know first.

    Who had it looks on for a week, but where it is `at_once`.
    """

    login: str
    words: str
    at_once: bool = False
    id: UUID = field(default_factory=uuid4)


_WORKERS_OF = """
SELECT m.id, m.actor, m.starts, m.ends, s.alias FROM mandate m LEFT JOIN staff s ON s.id = m.actor
 WHERE m.plan = $1 AND m.role = 'SW' AND m.glass IS NULL ORDER BY m.starts, m.id
"""
_HANDOVERS = "SELECT * FROM handover WHERE plan = $1 ORDER BY at, id"


async def hand_over(actor: Actor, plan_id: UUID, new: NewHandover) -> Written:
    """Give a plan to another social worker of its agency: by whose it is, or by a coordinator.

    They are asked to read what was written for them. Raises NotFound (plan or login), Unfit,
    Taken, NotFromThisState.
    """
    require(actor, "handOver")
    async with transaction(actor.id) as held:
        plan = await find_plan(actor, plan_id, roles=WORKERS, lock=True)
        if plan["state"] in OVER:
            raise NotFromThisState("The plan is over.")
        if await held.fetchval("SELECT 1 FROM handover WHERE id = $1", new.id):
            raise Taken
        mandates = await held.fetch(_WORKERS_OF, plan_id)
        now = moment()
        giver = rules.responsible(mandates, await held.fetch(_HANDOVERS, plan_id), now)
        if plan["mandate"] == "SW" and giver != actor.id:
            raise NotFromThisState("It is somebody else's: they, or a coordinator, hand it over.")
        to = await _staff(plan, new.login)
        if giver == to:
            raise Unfit("It is theirs already.", field="login")
        await _grant(actor, plan, to)
        await _insert(actor, plan, giver, to, new)
        await close_tasks(plan_id, WITHOUT, "handed over")
        # last, for it may be the actor's own mandate that has ended
        await record(actor, "handOver", plan=plan_id, thing=new.id)
        if giver is not None:
            await _end(plan_id, giver, clock.now() if new.at_once else now + rules.LOOKS_ON)
        return Written(new.id, 1, 201)


async def _staff(plan: Any, login: str) -> UUID:
    """Raises NotFound too for somebody before whom a wall stands: it would be nobody's plan."""
    found = await connection().fetchval(
        "SELECT s FROM staff_of_login($1, 'SW', $2) AS s WHERE s IS NOT NULL"
        " AND NOT is_barred($3, s, 'SW')",
        login.casefold(),
        plan["agency"],
        plan["person"],
    )
    if found is None:
        raise NotFound
    return UUID(str(found))


async def _grant(actor: Actor, plan: Any, to: UUID) -> None:
    """A mandate without an end, unless they have one."""
    held, now = connection(), moment()
    open_ = await held.fetchval(
        "SELECT 1 FROM mandate WHERE plan = $1 AND actor = $2 AND role = 'SW' AND glass IS NULL"
        " AND starts <= $3 AND ends IS NULL",
        plan["id"],
        to,
        now,
    )
    if open_ is None:
        await held.execute(
            "INSERT INTO mandate (id, agency, plan, version, actor, role, starts, granted_by,"
            " person) VALUES ($1, $2, $3, 1, $4, 'SW', $5, $6, $7)",
            uuid4(),
            plan["agency"],
            plan["id"],
            to,
            now,
            actor.id,
            plan["person"],
        )


async def _end(plan: UUID, giver: UUID, ends: datetime) -> None:
    await connection().execute(
        "UPDATE mandate SET ends = $3, version = version + 1 WHERE plan = $1 AND actor = $2"
        " AND role = 'SW' AND glass IS NULL AND (ends IS NULL OR ends > $3)",
        plan,
        giver,
        ends,
    )


async def _insert(actor: Actor, plan: Any, giver: UUID | None, to: UUID, new: NewHandover) -> None:
    await connection().execute(
        "INSERT INTO handover (id, agency, plan, version, given_by, given_to, recorded_by, at,"
        " words) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)",
        new.id,
        plan["agency"],
        plan["id"],
        giver,
        to,
        actor.id,
        moment(),
        await seal(plan["person"], f"handover.words:{new.id}", new.words),
    )
    await open_task(
        TO_READ,
        agency=plan["agency"],
        plan=plan["id"],
        subject=new.id,
        assignee=to,
        local_due=clock.today(plan["zone"]),
        due_at=clock.now() + rules.READ_WITHIN,
    )


async def take_over(actor: Actor, id_: UUID, seen: int) -> Written:
    """Say that one has read it. Raises NotFound for whom it was not given to, VersionStale."""
    require(actor, "takeOver")
    async with transaction(actor.id) as held:
        plan_id = await held.fetchval("SELECT plan FROM handover WHERE id = $1", id_)
        # None is nobody's plan
        plan = await find_plan(actor, plan_id, roles=("SW",), lock=True)
        row = await held.fetchrow("SELECT * FROM handover WHERE id = $1 FOR UPDATE", id_)
        if row is None or row["given_to"] != actor.id:
            raise NotFound
        check_version(row, seen)
        if row["taken_at"] is not None:
            raise NotFromThisState("You have it already.")
        await held.execute(
            "UPDATE handover SET taken_at = $2, version = version + 1 WHERE id = $1",
            id_,
            clock.now(),
        )
        await close_tasks(id_, TO_READ, "read")
        await record(actor, "takeOver", plan=plan["id"], thing=id_)
        return Written(id_, seen + 1)


@dataclass(frozen=True)
class Responsibility:
    """`spans` from the opening until now, or of one civil day; `aliases` of whom they name."""

    spans: Sequence[Span]
    handovers: Sequence[dict[str, Any]]
    aliases: dict[UUID, str | None]


async def get_responsibility(actor: Actor, plan_id: UUID, on: date | None = None) -> Responsibility:
    """Who was responsible when, and what was handed on. Raises NotFound."""
    require(actor, "getResponsibility")
    async with transaction(actor.id) as held:
        plan = await find_plan(actor, plan_id, roles=WORKERS, by_glass=True)
        await record(actor, "getResponsibility", plan=plan_id)
        mandates = await held.fetch(_WORKERS_OF, plan_id)
        given = await held.fetch(_HANDOVERS, plan_id)
        until = plan["closed_at"] or max(moment(), clock.now())
        found = rules.spans(mandates, given, min(plan["opened_at"], until), until)
        return Responsibility(
            found if on is None else rules.on_day(found, on, plan["zone"]),
            [await _opened(plan, row) for row in given],
            {row["actor"]: row["alias"] for row in mandates},
        )


async def _opened(plan: Any, row: Any) -> dict[str, Any]:
    words = await unseal_or_none(plan["person"], f"handover.words:{row['id']}", row["words"])
    return {**row, "words": words}
