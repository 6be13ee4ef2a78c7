"""The circle: who takes part, under which mandate, from when to when."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.actors.actions import make_actor, seal
from backend.agencies.aliases import free_alias
from backend.alerts.actions import close_tasks
from backend.audit.actions import record
from backend.database import connection, moment, transaction
from backend.errors import NotFound, NotFromThisState, Taken, Unfit
from backend.matrix import MATTERS
from backend.messages import outbox
from backend.messages.wording import UnfitAlias, check_alias
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
    """Somebody who joins: a mentor or relative (`name`), staff (`login`), or the person (PE).

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
    if not new.name:
        raise Unfit("Somebody from outside needs a name.")
    held = connection()
    taken = {
        row["alias"]
        for row in await held.fetch("SELECT alias FROM member WHERE plan = $1", plan["id"])
    }
    try:
        # unlike every other of the agency: one chat may speak of the plans of several people
        alias = (
            check_alias(new.alias)
            if new.alias
            else await free_alias(actor.agency, but=taken | {plan["alias"]})
        )
    except UnfitAlias as error:
        raise Unfit(f"The alias is not fit for a chat: {error}.") from error
    if alias in taken:
        raise Taken("Somebody else on this plan uses this alias.")
    agency = await held.fetchrow("SELECT language FROM agency WHERE id = $1", plan["agency"])
    await make_actor(new.id, "member", plan["agency"])
    await held.execute(
        "INSERT INTO member (id, agency, plan, version, role, alias, identity, language, zone,"
        " gate, call_weekday, call_at, standing)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        new.id,
        plan["agency"],
        plan["id"],
        new.role,
        alias,
        await seal(new.id, f"member.identity:{new.id}", {"name": new.name}),
        new.language or agency["language"],
        clock.check_zone(new.zone or plan["zone"]),
        new.gate,
        new.call_weekday,
        new.call_at,
        new.standing,
    )
    return new.id


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
        for link in await held.fetch(
            "UPDATE link SET state = 'ended', ended_at = $3, version = version + 1"
            " WHERE plan = $1 AND subject = $2 AND state <> 'ended' RETURNING id",
            plan["id"],
            row["actor"],
            now,
        ):
            await outbox.cancel_link(link["id"], "mandate-ended")
        await end_passes(id_, by=actor.id)
        await pass_gate_on(plan["id"], row["actor"])
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


async def pass_gate_on(plan: UUID, member: UUID) -> Any | None:
    """Who would meet the person at the gate cannot: the substitute takes over.

    Answers with the substitute's row and the day, where there is one. A late no of somebody
    whose turn it is no longer changes nothing.
    """
    held = connection()
    passed = await held.fetchval(
        "UPDATE member SET gate = NULL, version = version + 1"
        " WHERE plan = $1 AND id = $2 AND gate = 'first' RETURNING id",
        plan,
        member,
    )
    if passed is None:
        return None
    return await held.fetchrow(
        "UPDATE member b SET gate = 'first', version = b.version + 1 FROM plan p"
        " WHERE b.id = (SELECT s.id FROM member s JOIN mandate m ON m.plan = s.plan"
        "   AND m.actor = s.id AND m.starts <= $2 AND (m.ends IS NULL OR m.ends > $2)"
        "   WHERE s.plan = $1 AND s.gate = 'substitute' ORDER BY m.starts LIMIT 1)"
        " AND p.id = b.plan RETURNING b.id, b.plan, b.role, p.zone, p.release_date",
        plan,
        clock.now(),
    )
