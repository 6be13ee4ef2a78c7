"""The data-flow registry: what may leave an agency, to whom, on which ground. No entry, no flow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, require
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.flows.entries import INSERT, Receiver
from backend.flows.rules import (
    CHAT_ROLES,
    Entry,
    Period,
    Regimes,
    check,
    check_basis,
    opened,
)
from backend.messages.rules import REPLIES
from backend.once import Written


@dataclass(frozen=True)
class NewFlow:
    """An entry as an administrator writes it; `responsible` is who of the staff answers for it."""

    to: Receiver
    groups: Sequence[str]
    purpose: str
    basis: str
    responsible: UUID
    law: str | None = None
    article: str | None = None
    starts: datetime | None = None
    until: datetime | None = None
    id: UUID = field(default_factory=uuid4)


async def record_flow(actor: Actor, new: NewFlow) -> Written:
    """Let something flow from the administrator's own agency.

    Raises NotFound (receiver, or who is responsible), Unfit.
    """
    require(actor, "recordFlow")
    async with transaction(actor.id) as held:
        now = clock.now()
        regimes = await _regimes(actor, new.to)
        period = Period(new.starts or now, new.until)
        entry = Entry(new.to.kind, new.groups, new.purpose, new.basis, period, new.law, new.article)
        check(entry, regimes)
        await _works_there(actor, new.responsible)
        await held.execute(
            INSERT,
            new.id,
            actor.agency,
            new.to.kind,
            new.to.agency,
            new.to.court,
            new.to.role,
            sorted(set(new.groups)),
            new.purpose,
            new.basis,
            new.law,
            new.article,
            new.responsible,
            period.starts,
            period.until,
            actor.id,
            now,
            actor.id,
            now,
        )
        await record(actor, "recordFlow", thing=new.id)
        return Written(new.id, 1, 201)


async def _regimes(actor: Actor, to: Receiver) -> Regimes:
    """Raises NotFound for a receiver that is not there, Unfit for one of another kind."""
    held = connection()
    named = {"agency": to.agency, "court": to.court, "chat": to.role}
    if any((value is not None) != (kind == to.kind) for kind, value in named.items()):
        raise Unfit("Name the agency, the court or the role, as its kind asks, and nothing else.")
    if to.role is not None and to.role not in CHAT_ROLES:
        raise Unfit(f"role is one of {', '.join(CHAT_ROLES)}.")
    if to.court is not None and not await held.fetchval(
        "SELECT 1 FROM court_client WHERE id = $1", to.court
    ):
        raise NotFound
    if to.agency == actor.agency:
        raise Unfit("Within an agency nothing flows to another one.")
    found = await held.fetch(
        "SELECT id, regime FROM agency WHERE id = ANY($1)",
        [one for one in (actor.agency, to.agency) if one],
    )
    regime = {row["id"]: row["regime"] for row in found}
    if to.agency is not None and to.agency not in regime:
        raise NotFound
    return Regimes(regime[actor.agency], regime.get(to.agency))


async def _works_there(actor: Actor, who: UUID) -> None:
    there = await connection().fetchval(
        "SELECT 1 FROM staff WHERE id = $1 AND agency = $2 AND active", who, actor.agency
    )
    if there is None:
        raise NotFound


@dataclass(frozen=True)
class Confirmation:
    """What an administrator adds to an entry that was written for the agency."""

    responsible: UUID
    law: str | None = None
    article: str | None = None


async def confirm_flow(actor: Actor, id_: UUID, seen: int, given: Confirmation) -> Written:
    """Answer for an entry that was written for the agency, and name the law where it needs one.

    Raises NotFound, VersionStale, NotFromThisState, Unfit.
    """
    require(actor, "confirmFlow")
    async with transaction(actor.id) as held:
        row = await _locked(actor, id_, seen)
        if row["confirmed_at"] is not None:
            raise NotFromThisState("It was confirmed before; to change it, record a new one.")
        named = {**row, "law": given.law, "article": given.article}
        regimes = Regimes(*await _both_regimes(row))
        if regimes.to_ngo:
            raise Unfit("To an NGO less may go than this says: end it, and record a new one.")
        check_basis(_entry(named), regimes)
        await _works_there(actor, given.responsible)
        await held.execute(
            "UPDATE data_flow SET law = $2, article = $3, responsible = $4, confirmed_by = $5,"
            " confirmed_at = $6, version = version + 1 WHERE id = $1",
            id_,
            given.law,
            given.article,
            given.responsible,
            actor.id,
            clock.now(),
        )
        await record(actor, "confirmFlow", thing=id_)
        return Written(id_, seen + 1)


async def end_flow(actor: Actor, id_: UUID, seen: int) -> Written:
    """End an entry: from this instant on nothing flows by it, and what waits to be said is
    cancelled, with a task for a human in place of each.

    Raises NotFound, VersionStale, NotFromThisState.
    """
    require(actor, "endFlow")
    async with transaction(actor.id) as held:
        await _locked(actor, id_, seen)
        await held.execute(
            "UPDATE data_flow SET ended_at = $2, ended_by = $3, version = version + 1"
            " WHERE id = $1",
            id_,
            clock.now(),
            actor.id,
        )
        await held.execute("SELECT cancel_without_flow($1, $2)", sorted(REPLIES), clock.now())
        await record(actor, "endFlow", thing=id_)
        return Written(id_, seen + 1)


async def _locked(actor: Actor, id_: UUID, seen: int) -> Any:
    row = await connection().fetchrow(
        "SELECT * FROM data_flow WHERE id = $1 AND agency = $2 FOR UPDATE", id_, actor.agency
    )
    check_version(row, seen)
    if row["ended_at"] is not None:
        raise NotFromThisState("It has ended.")
    return row


_TO = """
SELECT id, name, false AS is_court FROM agency WHERE id <> $1
UNION ALL SELECT id, label, true FROM court_client ORDER BY 2, 1
"""


async def receivers(actor: Actor) -> Sequence[Any]:
    """The other agencies of this installation and its courts, with their names."""
    require(actor, "recordFlow")
    async with transaction(actor.id) as held:
        rows: Sequence[Any] = await held.fetch(_TO, actor.agency)
        return rows


async def colleagues(actor: Actor) -> Sequence[Any]:
    """Who of the actor's agency may answer for a flow."""
    require(actor, "recordFlow")
    async with transaction(actor.id) as held:
        rows: Sequence[Any] = await held.fetch(
            "SELECT id, alias, role FROM staff WHERE agency = $1 AND active ORDER BY alias, id",
            actor.agency,
        )
        return rows


_LIST = """
SELECT f.*, s.regime AS from_regime, r.regime AS to_regime, r.name AS to_name,
       c.label AS court_name, w.alias AS responsible_alias
  FROM data_flow f JOIN agency s ON s.id = f.agency
  LEFT JOIN agency r ON r.id = f.to_agency LEFT JOIN court_client c ON c.id = f.court
  LEFT JOIN staff w ON w.id = f.responsible
 WHERE f.agency = $1 ORDER BY f.ended_at NULLS FIRST, f.kind, f.to_role, f.recorded_at, f.id
"""


async def list_flows(actor: Actor) -> Sequence[dict[str, Any]]:
    """Every entry of the actor's agency, those that stand first; `opens` is what each lets through.

    Of one by authorisation, for whom the person has authorised it.
    """
    require(actor, "listFlows")
    async with transaction(actor.id) as held:
        await record(actor, "listFlows")
        rows = await held.fetch(_LIST, actor.agency)
        now = clock.now()
        return [{**row, "opens": sorted(_opens(row, now))} for row in rows]


def _opens(row: Mapping[str, Any], now: datetime) -> frozenset[str]:
    regimes = Regimes(row["from_regime"], row["to_regime"])
    return opened(_entry(row), regimes, now, authorised=True)


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        row["kind"],
        row["groups"],
        row["purpose"],
        row["basis"],
        Period(row["starts"], row["until"]),
        row["law"],
        row["article"],
        standing=row["ended_at"] is None,
    )


async def _both_regimes(row: Mapping[str, Any]) -> tuple[str, str | None]:
    held = connection()
    sql = "SELECT regime FROM agency WHERE id = $1"
    return await held.fetchval(sql, row["agency"]), await held.fetchval(sql, row["to_agency"])
