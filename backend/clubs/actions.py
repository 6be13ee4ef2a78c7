"""The groups of a place that welcome people: a list of organisations, and of nobody who goes there.

docs/decisions/0041-who-welcomes.md says why a community of faith is none of them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import msgspec

from backend import clock
from backend.access import Actor, check_version, require
from backend.actors.actions import make_actor, seal, unseal_with
from backend.agencies.actions import today_of
from backend.audit.actions import record
from backend.clubs import rules
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.once import Written


@dataclass(frozen=True)
class Contact:
    """One human of the club, and how to reach them."""

    name: str
    reach: str


@dataclass(frozen=True)
class NewClub:
    """`offers`: what one can do there, by pathway; `hours` in words.

    `looked_on`: on which day somebody last made sure of it; today where it is left out.
    """

    kind: str
    name: str
    area: str
    hours: str | None = None
    offers: Mapping[str, str] = field(default_factory=dict)
    contact: Contact | None = None
    looked_on: date | None = None
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Change:
    """None leaves it as it is; `offers` are said whole."""

    kind: str | None = None
    name: str | None = None
    area: str | None = None
    hours: str | None = None
    offers: Mapping[str, str] | None = None
    contact: Contact | None = None
    looked_on: date | None = None


async def add_club(actor: Actor, new: NewClub) -> Written:
    """Put a group on the agency's list. Raises Taken, Unfit."""
    require(actor, "addClub")
    async with transaction(actor.id) as held:
        today = await today_of(actor.agency)
        _check(new, today)
        await make_actor(new.id, "member", actor.agency)
        await held.execute(
            "INSERT INTO club (id, agency, version, kind, name, area, hours, offers, contact,"
            " looked_on, added_by, added_at) VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10,"
            " $11)",
            new.id,
            actor.agency,
            new.kind,
            new.name,
            new.area,
            new.hours,
            json.dumps(dict(new.offers)),
            await _sealed(new.id, new.contact),
            new.looked_on or today,
            actor.id,
            clock.now(),
        )
        await record(actor, "addClub", thing=new.id)
        return Written(new.id, 1, 201)


async def change_club(actor: Actor, id_: UUID, seen: int, change: Change) -> Written:
    """Put right what stands there, or say that it was looked at.

    Raises NotFound, VersionStale, Unfit, NotFromThisState.
    """
    require(actor, "changeClub")
    async with transaction(actor.id) as held:
        row = await _find(actor, id_, seen)
        _check(change, await today_of(actor.agency))
        offers = change.offers
        values = {name: getattr(change, name) for name in _PLAIN}
        await held.execute(
            "UPDATE club SET kind = $2, name = $3, area = $4, hours = $5, looked_on = $6,"
            " offers = $7, contact = $8, version = version + 1 WHERE id = $1",
            id_,
            *(row[name] if value is None else value for name, value in values.items()),
            row["offers"] if offers is None else json.dumps(dict(offers)),
            await _sealed(id_, change.contact) or row["contact"],
        )
        await record(actor, "changeClub", thing=id_)
        return Written(id_, seen + 1)


_PLAIN = ("kind", "name", "area", "hours", "looked_on")


def _check(said: NewClub | Change, today: date) -> None:
    if said.kind is not None and said.kind not in rules.KINDS:
        raise Unfit(f"kind is one of {', '.join(rules.KINDS)}.", field="kind")
    if rules.unfit_pathways(said.offers or {}):
        raise Unfit(f"offers are for {', '.join(rules.PATHWAYS)}.", field="offers")
    if said.looked_on is not None and said.looked_on > today:
        raise Unfit("This day lies in the future.", field="looked_on")


async def _sealed(id_: UUID, contact: Contact | None) -> bytes | None:
    if contact is None:
        return None
    return await seal(id_, _place(id_), {"name": contact.name, "reach": contact.reach})


def _place(id_: UUID) -> str:
    return f"club.contact:{id_}"


async def end_club(actor: Actor, id_: UUID, seen: int) -> Written:
    """It is offered to nobody any more, and its contact is forgotten at once, in backups too.

    Whom it welcomes goes on to be welcomed: that is theirs. Raises NotFound, VersionStale,
    NotFromThisState.
    """
    require(actor, "endClub")
    async with transaction(actor.id) as held:
        await _find(actor, id_, seen)
        await held.execute(
            "UPDATE club SET ended_at = $2, contact = NULL, version = version + 1 WHERE id = $1",
            id_,
            clock.now(),
        )
        await record(actor, "endClub", thing=id_)
        return Written(id_, seen + 1)


async def _find(actor: Actor, id_: UUID, seen: int) -> Any:
    row = await connection().fetchrow(
        "SELECT * FROM club WHERE id = $1 AND agency = $2 FOR UPDATE", id_, actor.agency
    )
    check_version(row, seen)
    if row["ended_at"] is not None:
        raise NotFromThisState("It is on the list no more.")
    return row


_ALL = """
SELECT c.*, k.wrapped FROM club c LEFT JOIN subject_key k ON k.id = c.id
 WHERE c.agency = $1 AND c.ended_at IS NULL
"""


async def list_clubs(actor: Actor) -> Sequence[dict[str, Any]]:
    """Those of the agency by name, each with the contact opened. Never how many go there."""
    require(actor, "listClubs")
    async with transaction(actor.id):
        await record(actor, "listClubs", thing=actor.agency)
        return await clubs_of(actor.agency)


async def clubs_of(agency: UUID | None) -> list[dict[str, Any]]:
    """Likewise, inside the caller's transaction."""
    rows = [_opened(row) for row in await connection().fetch(_ALL, agency)]
    return sorted(rows, key=lambda one: (one["name"].casefold(), str(one["id"])))


async def name_of_club(agency: UUID, id_: UUID) -> str:
    """Of one that is on the list. All of it is read, so that no statement tells which was chosen.

    Raises NotFound.
    """
    rows = await connection().fetch(
        "SELECT id, name FROM club WHERE agency = $1 AND ended_at IS NULL", agency
    )
    names = {row["id"]: str(row["name"]) for row in rows}
    if id_ not in names:
        raise NotFound
    return names[id_]


def _opened(row: Any) -> dict[str, Any]:
    contact = None
    if row["wrapped"] is not None and row["contact"] is not None:
        said = unseal_with(row["wrapped"], row["id"], _place(row["id"]), row["contact"])
        contact = msgspec.convert(said, Contact)
    return {**row, "offers": json.loads(row["offers"]), "contact": contact}
