"""Safety flags and protected addresses: for the workers of a plan, and for nobody else.

docs/decisions/0019-facts-of-safety.md says what stands behind each rule.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.actors.actions import seal, unseal_or_none
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.messages import outbox
from backend.messages.rules import NOT_RELEASED, OF_DAYS_AND_PLACES
from backend.once import Written
from backend.safety import rules
from backend.safety.kept import mark_of
from backend.words import words_of

WRITERS, READERS = ("SW",), ("SW", "CO")
Table = Literal["safety_flag", "protected_address"]
_PLAN_OF: dict[Table, str] = {
    "safety_flag": "SELECT plan FROM safety_flag WHERE id = $1",
    "protected_address": "SELECT plan FROM protected_address WHERE id = $1",
}
_ROW_OF: dict[Table, str] = {
    "safety_flag": "SELECT * FROM safety_flag WHERE id = $1",
    "protected_address": "SELECT * FROM protected_address WHERE id = $1",
}


@dataclass(frozen=True)
class NewFlag:
    """`subject` is whose safety it is, `raiser` on whose word it is raised (None: the worker's).

    `kept_from` is told no days and places while it stands.
    """

    subject: UUID
    words: str
    raiser: UUID | None = None
    kept_from: UUID | None = None
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class NewAddress:
    subject: UUID
    address: str
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Safety:
    """What stands, oldest first."""

    flags: Sequence[dict[str, Any]]
    addresses: Sequence[dict[str, Any]]


async def raise_flag(actor: Actor, plan_id: UUID, new: NewFlag) -> Written:
    """Raise a flag: it asks for no version, so that it is never too late.

    What waits to be said about days and places to whom they are kept from falls away, like what
    was never released. Raises NotFound, Unfit.
    """
    require(actor, "raiseSafetyFlag")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, roles=WRITERS, lock=True, by_glass=True)
        circle = await _circle(plan)
        if not {new.subject, new.raiser or new.subject} <= circle.keys():
            raise NotFound
        if new.kept_from is not None:
            _check_kept(circle, new)
        content = {"words": new.words, "raiser": new.raiser, "kept_from": new.kept_from}
        await connection().execute(
            "INSERT INTO safety_flag (id, agency, plan, version, subject, content, kept_from,"
            " raised_by, raised_at, own) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9)",
            new.id,
            plan["agency"],
            plan_id,
            new.subject,
            await seal(new.subject, f"safety_flag.content:{new.id}", content),
            mark_of(new.kept_from) if new.kept_from else None,
            actor.id,
            clock.now(),
            new.raiser == new.subject == plan["person"],
        )
        if new.kept_from is not None:
            await outbox.cancel_to(plan_id, new.kept_from, OF_DAYS_AND_PLACES, NOT_RELEASED)
        await record(actor, "raiseSafetyFlag", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


async def _circle(plan: Any) -> dict[UUID, str]:
    """Whom a flag or an address of this plan may be about: the person, mentors and relatives."""
    rows = await connection().fetch("SELECT id, role FROM member WHERE plan = $1", plan["id"])
    return {plan["person"]: "PE", **{row["id"]: row["role"] for row in rows}}


def _check_kept(circle: dict[UUID, str], new: NewFlag) -> None:
    if new.kept_from not in circle:
        raise NotFound
    if circle[new.kept_from] not in rules.FROM_WHOM or new.kept_from == new.subject:
        raise Unfit("Days and places are kept from a mentor or a relative.", field="kept_from")


async def lower_flag(actor: Actor, id_: UUID, seen: int) -> Written:
    """Let go of a flag as it stands. Raises NotFound, VersionStale, NotFromThisState."""
    require(actor, "lowerSafetyFlag")
    async with transaction(actor.id) as held:
        row = await _find(actor, "safety_flag", id_)
        check_version(row, seen)
        if row["lowered_at"] is not None:
            raise NotFromThisState("It was lowered before.")
        await held.execute(
            "UPDATE safety_flag SET lowered_at = $2, lowered_by = $3, version = version + 1"
            " WHERE id = $1",
            id_,
            clock.now(),
            actor.id,
        )
        await record(actor, "lowerSafetyFlag", plan=row["plan"], thing=id_)
        return Written(id_, seen + 1)


async def _find(actor: Actor, table: Table, id_: UUID) -> Any:
    """A row of a plan whose worker this is, with the plan locked. Raises NotFound."""
    held = connection()
    plan = await held.fetchval(_PLAN_OF[table], id_)
    await find_plan(actor, plan, roles=WRITERS, lock=True)  # None is nobody's plan
    for row in await held.fetch(_ROW_OF[table], id_):  # as it stands now that no other changes it
        return row
    raise NotFound


async def protect_address(actor: Actor, plan_id: UUID, new: NewAddress) -> Written:
    """Keep an address from everybody but the plan's workers.

    It goes out of the places of dates: the person's own file tells these. Raises NotFound, Unfit.
    """
    require(actor, "protectAddress")
    if not words_of(new.address):
        raise Unfit("An address has words.", field="address")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, roles=WRITERS, lock=True)
        if new.subject not in await _circle(plan):
            raise NotFound
        await connection().execute(
            "INSERT INTO protected_address (id, agency, plan, version, subject, address, set_by,"
            " set_at) VALUES ($1, $2, $3, 1, $4, $5, $6, $7)",
            new.id,
            plan["agency"],
            plan_id,
            new.subject,
            await seal(new.subject, f"protected_address.address:{new.id}", new.address),
            actor.id,
            clock.now(),
        )
        await _take_out(plan, new.address)
        await record(actor, "protectAddress", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


async def _take_out(plan: Any, address: str) -> None:
    held = connection()
    dates = await held.fetch(
        "SELECT id, place FROM appointment WHERE plan = $1 AND place IS NOT NULL", plan["id"]
    )
    for row in dates:
        where = f"appointment.place:{row['id']}"
        place = await unseal_or_none(plan["person"], where, row["place"])
        if place is not None and rules.names(place, address):
            await held.execute(
                "UPDATE appointment SET place = NULL, version = version + 1 WHERE id = $1",
                row["id"],
            )


async def end_protection(actor: Actor, id_: UUID, seen: int) -> Written:
    """Protect an address no longer. Raises NotFound, VersionStale, NotFromThisState."""
    require(actor, "endProtectedAddress")
    async with transaction(actor.id) as held:
        row = await _find(actor, "protected_address", id_)
        check_version(row, seen)
        if row["ended_at"] is not None:
            raise NotFromThisState("It has ended before.")
        await held.execute(
            "UPDATE protected_address SET ended_at = $2, ended_by = $3, version = version + 1"
            " WHERE id = $1",
            id_,
            clock.now(),
            actor.id,
        )
        await record(actor, "endProtectedAddress", plan=row["plan"], thing=id_)
        return Written(id_, seen + 1)


async def is_protected(plan: UUID, place: str) -> bool:
    """Whether a place names a protected address of this plan. For its workers: others see none."""
    return bool(await protected_of(plan, [place]))


async def protected_of(plan: UUID, places: Collection[str]) -> set[str]:
    """Those of these places that name one, looked for once."""
    known = [one["address"] for one in await _addresses(plan)]
    return {
        place
        for place in places
        if any(address is not None and rules.names(place, address) for address in known)
    }


async def list_safety(actor: Actor, plan_id: UUID) -> Safety:
    """The flags and addresses that stand, to the plan's workers. Raises NotFound."""
    require(actor, "listSafety")
    async with transaction(actor.id) as held:
        await find_plan(actor, plan_id, roles=READERS)
        await record(actor, "listSafety", plan=plan_id)
        rows = await held.fetch(
            "SELECT f.*, s.alias FROM safety_flag f JOIN staff s ON s.id = f.raised_by"
            " WHERE f.plan = $1 AND f.lowered_at IS NULL ORDER BY f.raised_at, f.id",
            plan_id,
        )
        flags = [
            {**row, **(await _opened(row, "safety_flag.content", "content") or {})} for row in rows
        ]
        return Safety(flags, await _addresses(plan_id))


async def _addresses(plan: UUID) -> list[dict[str, Any]]:
    rows = await connection().fetch(
        "SELECT * FROM protected_address WHERE plan = $1 AND ended_at IS NULL ORDER BY set_at, id",
        plan,
    )
    return [
        {**row, "address": await _opened(row, "protected_address.address", "address")}
        for row in rows
    ]


async def _opened(row: Any, place: str, column: str) -> Any:
    """None where its subject was erased: the effect of a flag stays."""
    return await unseal_or_none(row["subject"], f"{place}:{row['id']}", row[column])
