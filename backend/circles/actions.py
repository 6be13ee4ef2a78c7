"""The circle: who takes part, under which mandate, from when to when."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.actors.actions import make_actor
from backend.alerts.actions import close_tasks
from backend.audit.actions import record
from backend.circles.joining import NewName, write_member
from backend.circles.parting import end_chats, part_ways
from backend.database import connection, moment, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.family.actions import find_relative, write_relative
from backend.matrix import MATTERS
from backend.mentors.places import name_of_mentor, no_more_than_the_database_lets
from backend.once import Written
from backend.passes.ending import end_passes
from backend.plans.rules import OVER

OUTSIDE_ROLES = frozenset({"ME", "FA"})
LAWYER = "LR"
STANDINGS = frozenset({"lawyer", "guardian"})
STAFF_ROLES = frozenset({"SW", "CO", "PO", "PS", "CP", "CS", "TR"})
GATE = frozenset({"first", "substitute"})


@dataclass(frozen=True)
class NewMember:
    """Somebody who joins: a mentor (`mentor`, of the agency's), a relative (`relative`, of the map,
    or `name` and `relation` for somebody new), staff (`login`), or the person (PE).

    A lawyer or guardian (LR, `name`) has a `standing`, and `matters`: what their mandate is for.

    `alias` is the neutral word by which a mentor knows the person; each has their own.
    `call_weekday` (1 is Monday) and `call_at` are when a relative wants to be reminded to call.
    """

    role: str
    name: str | None = None
    login: str | None = None
    language: str | None = None
    zone: str | None = None
    alias: str | None = None
    gate: str | None = None
    call_weekday: int | None = None
    call_at: time | None = None
    until: datetime | None = None
    standing: str | None = None
    matters: Sequence[str] = ()
    mentor: UUID | None = None
    relative: UUID | None = None
    relation: str | None = None
    id: UUID = field(default_factory=uuid4)


async def add_member(actor: Actor, plan_id: UUID, new: NewMember) -> Written:
    """Give a mandate; the written id is that of the mandate.

    Raises NotFound (plan or login), Unfit, Taken (an id, or the alias on this plan).
    """
    require(actor, "addCircleMember")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, group="circle", roles=("SW", "CO"), lock=True)
        if plan["state"] in OVER and new.role in OUTSIDE_ROLES | {"PE"}:
            raise NotFromThisState("The plan is over: nobody joins its circle.")
        if new.gate is not None and (new.gate not in GATE or new.role not in OUTSIDE_ROLES):
            raise Unfit("gate is first or substitute, for a mentor or relative.")
        if (new.call_weekday is None) != (new.call_at is None):
            raise Unfit("A wished call has a weekday and a time.")
        _check_lawyer(new)
        _check_whose(new)
        _check_until(new.until)
        if new.role in OUTSIDE_ROLES | {LAWYER}:
            who = await _outsider(actor, plan, new)
        elif new.role == "PE":
            who = plan["person"]
        elif new.role in STAFF_ROLES:
            who = await _staff(new)
        else:
            raise Unfit(f"There is no role {new.role} in a circle.")
        mandate = await _grant(actor, plan, who, new)
        if new.role == "SW":
            await close_tasks(plan_id, "without-worker", "joined")
        await record(actor, "addCircleMember", plan=plan_id, thing=mandate)
        return Written(mandate, 1, 201)


def _check_until(until: datetime | None) -> None:
    """Before a login is looked up: nobody tries one on a mandate that cannot be."""
    try:
        fit = until is None or until.astimezone(UTC) > moment()
    except OverflowError:
        fit = False
    if not fit:
        raise Unfit("A mandate ends after it starts.")


def _check_whose(new: NewMember) -> None:
    if new.mentor is not None and new.role != "ME":
        raise Unfit("mentor is for a mentor.", field="mentor")
    if (new.relative is not None or new.relation is not None) and new.role != "FA":
        raise Unfit("relative and relation are for a relative.", field="relative")


def _check_lawyer(new: NewMember) -> None:
    if new.role != LAWYER:
        if new.standing or new.matters:
            raise Unfit("standing and matters are those of a lawyer or guardian.")
        return
    if new.standing not in STANDINGS:
        raise Unfit("standing is lawyer or guardian.")
    if not new.matters or not MATTERS.keys() >= set(new.matters):
        raise Unfit(f"matters are some of {', '.join(MATTERS)}.")


async def _outsider(actor: Actor, plan: Any, new: NewMember) -> UUID:
    if new.relative is not None:
        return await _of_the_map(plan, new.relative, new)
    name, mentor = new.name, None
    if new.role == "ME":
        if new.mentor is None or new.name:
            raise Unfit("A mentor is one of the agency's: choose them by `mentor`.", field="mentor")
        mentor = new.mentor
        name = await name_of_mentor(plan["agency"], mentor)
        await _check_not_there(plan, mentor)
    if not name:
        raise Unfit("Somebody from outside needs a name.")
    await make_actor(new.id, "member", plan["agency"])
    if new.role == "FA":
        await write_relative(actor, plan, new.id, new.relation or "relative")
    await write_member(
        actor,
        plan,
        NewName(
            new.id,
            new.role,
            name,
            new.language,
            new.zone,
            new.alias,
            new.gate,
            new.call_weekday,
            new.call_at,
            new.standing,
            mentor,
        ),
    )
    return new.id


async def _check_not_there(plan: Any, mentor: UUID) -> None:
    """Each joins a plan once at a time. Raises NotFromThisState."""
    there = await connection().fetchval(
        "SELECT 1 FROM member b JOIN mandate m ON m.actor = b.id AND m.plan = b.plan"
        " WHERE b.plan = $1 AND b.mentor = $2 AND (m.ends IS NULL OR m.ends > $3) LIMIT 1",
        plan["id"],
        mentor,
        moment(),
    )
    if there is not None:
        raise NotFromThisState("They have this mandate already.")


async def _of_the_map(plan: Any, whose: UUID, new: NewMember) -> UUID:
    """Somebody whom the person has named before: their name, alias and key are there already."""
    if new.name or new.alias or new.relation:
        raise Unfit("Of somebody on the map nothing is said again.", field="relative")
    relative = await find_relative(plan, whose)
    await connection().execute(
        "UPDATE member SET gate = $2, call_weekday = $3, call_at = $4,"
        " language = coalesce($5, language), version = version + 1 WHERE id = $1",
        relative["id"],
        new.gate,
        new.call_weekday,
        new.call_at,
        new.language,
    )
    return UUID(str(relative["id"]))


async def _staff(new: NewMember) -> UUID:
    """One answer for a login that is not there and for one of another role: it is no directory."""
    found = await connection().fetchval(
        "SELECT staff_of_login($1, $2, NULL)",
        (new.login or "").casefold(),
        new.role,
    )
    if found is None:
        raise NotFound
    return UUID(str(found))


async def _grant(actor: Actor, plan: Any, who: UUID, new: NewMember) -> UUID:
    held, now = connection(), moment()
    there = await held.fetchval(
        "SELECT id FROM mandate WHERE plan = $1 AND actor = $2 AND role = $3"
        " AND (ends IS NULL OR ends > $4)",
        plan["id"],
        who,
        new.role,
        now,
    )
    if there is not None:
        raise NotFromThisState("They have this mandate already.")
    mandate = uuid4()
    with no_more_than_the_database_lets():
        await held.execute(
            "INSERT INTO mandate (id, agency, plan, version, actor, role, starts, ends,"
            " granted_by, person, matters) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10)",
            mandate,
            plan["agency"],
            plan["id"],
            who,
            new.role,
            now,
            new.until,
            actor.id,
            plan["person"],
            sorted(set(new.matters)) or None,
        )
    return mandate


async def end_mandate(actor: Actor, id_: UUID, seen: int) -> Written:
    """End a mandate now. Its chat ends with it, and nothing more is sent on it.

    Of a mentor or relative all ends that was let or asked for them, the same whoever said no: who
    it was stands nowhere.
    Raises NotFound, VersionStale, NotFromThisState for one that has ended.
    """
    require(actor, "endMandate")
    async with transaction(actor.id) as held:
        plan_id = await held.fetchval("SELECT plan FROM mandate WHERE id = $1", id_)
        # None is nobody's plan
        plan = await find_plan(actor, plan_id, group="circle", roles=("SW", "CO"), lock=True)
        row = await held.fetchrow("SELECT * FROM mandate WHERE id = $1", id_)
        check_version(row, seen)
        now = clock.now()
        if row["ends"] is not None and row["ends"] <= now:
            raise NotFromThisState("This mandate has ended.")
        await _check_last(plan, row, now)
        await record(actor, "endMandate", plan=plan["id"], thing=id_)
        if row["role"] in OUTSIDE_ROLES:
            await part_ways(plan, row["actor"])
            return Written(id_, seen + 1)
        await end_chats(plan, row["actor"])
        await end_passes(id_, by=actor.id)
        # last, for it may be the actor's own: then the row is out of their sight from here on
        await held.execute(
            "UPDATE mandate SET ends = $2, version = version + 1 WHERE id = $1", id_, now
        )
        return Written(id_, seen + 1)


async def _check_last(plan: Any, row: Any, now: datetime) -> None:
    """No day of a plan is without a social worker. Raises NotFromThisState."""
    if row["role"] != "SW" or row["glass"] is not None or plan["state"] in OVER:
        return
    other = await connection().fetchval(
        "SELECT 1 FROM mandate WHERE plan = $1 AND id <> $2 AND role = 'SW' AND glass IS NULL"
        " AND starts <= $3 AND ends IS NULL AND NOT is_barred($4, actor, role) LIMIT 1",
        plan["id"],
        row["id"],
        now,
        plan["person"],
    )
    if other is None:
        raise NotFromThisState("Nobody else is its social worker: hand the plan over instead.")
