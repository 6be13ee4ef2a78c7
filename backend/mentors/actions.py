"""The mentors of an agency: who they are, whether they are vetted, how many people they support."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, require
from backend.actors.actions import make_actor, seal
from backend.agencies.actions import today_of
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFromThisState, Unfit
from backend.mentors import rules
from backend.mentors.places import name_of
from backend.once import Written


@dataclass(frozen=True)
class NewMentor:
    name: str
    languages: Sequence[str] = ()
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Change:
    """None leaves it as it is. A vetting has its result (passed, not_passed) and its day."""

    name: str | None = None
    languages: Sequence[str] | None = None
    vetting: str | None = None
    vetted_on: date | None = None
    boundaries_on: date | None = None
    trained_on: date | None = None


async def add_mentor(actor: Actor, new: NewMentor) -> Written:
    """Somebody who wants to be a mentor of the agency; they are given nobody yet. Raises Taken."""
    require(actor, "addMentor")
    async with transaction(actor.id) as held:
        await make_actor(new.id, "member", actor.agency)
        await held.execute(
            "INSERT INTO mentor (id, agency, version, identity, languages, added_by, added_at)"
            " VALUES ($1, $2, 1, $3, $4, $5, $6)",
            new.id,
            actor.agency,
            await _sealed(new.id, new.name),
            sorted(set(new.languages)),
            actor.id,
            clock.now(),
        )
        await record(actor, "addMentor", thing=new.id)
        return Written(new.id, 1, 201)


async def _sealed(id_: UUID, name: str) -> bytes:
    return await seal(id_, f"mentor.identity:{id_}", {"name": name})


async def change_mentor(actor: Actor, id_: UUID, seen: int, change: Change) -> Written:
    """Put down what was found or confirmed. Raises NotFound, VersionStale, Unfit, NotFromThisState.

    A vetting that was not passed, or has run out, ends no mandate: a human speaks with whoever it
    concerns (`workflows/mentor_care.py` asks them).
    """
    require(actor, "changeMentor")
    async with transaction(actor.id) as held:
        row = await _find(actor, id_, seen)
        _check(change, await today_of(actor.agency))
        until = row["valid_until"]
        if change.vetting is not None and change.vetted_on is not None:
            until = rules.valid_until(change.vetting, change.vetted_on)
        names = ("vetting", "vetted_on", "boundaries_on", "trained_on")
        given = {name: getattr(change, name) for name in names}
        languages = row["languages"] if change.languages is None else change.languages
        await held.execute(
            "UPDATE mentor SET identity = $2, languages = $3, vetting = $4, vetted_on = $5,"
            " boundaries_on = $6, trained_on = $7, valid_until = $8, version = version + 1"
            " WHERE id = $1",
            id_,
            row["identity"] if change.name is None else await _sealed(id_, change.name),
            sorted(set(languages)),
            *(row[name] if value is None else value for name, value in given.items()),
            until,
        )
        await record(actor, "changeMentor", thing=id_)
        return Written(id_, seen + 1)


def _check(change: Change, today: date) -> None:
    if (change.vetting is None) != (change.vetted_on is None):
        raise Unfit("A vetting has a result and a day.", field="vetted_on")
    if change.vetting is not None and change.vetting not in rules.RESULTS:
        raise Unfit("vetting is passed or not_passed.", field="vetting")
    for name in ("vetted_on", "boundaries_on", "trained_on"):
        day = getattr(change, name)
        if day is not None and day > today:
            raise Unfit("This day lies in the future.", field=name)


async def end_mentor(actor: Actor, id_: UUID, seen: int) -> Written:
    """They are a mentor no more; for a year stay the vetting, its day and whose it is.

    Raises NotFound, VersionStale, NotFromThisState while they support somebody.
    """
    require(actor, "endMentor")
    async with transaction(actor.id) as held:
        await _find(actor, id_, seen)
        if await held.fetchval("SELECT mentor_load($1)", id_):
            raise NotFromThisState("They still support somebody: end that first, and well.")
        await held.execute(
            "UPDATE mentor SET ended_at = $2, languages = '{}', boundaries_on = NULL,"
            " trained_on = NULL, version = version + 1 WHERE id = $1",
            id_,
            clock.now(),
        )
        await record(actor, "endMentor", thing=id_)
        return Written(id_, seen + 1)


async def _find(actor: Actor, id_: UUID, seen: int) -> Any:
    """Locked, so that nobody is given to them meanwhile. Raises NotFound, NotFromThisState."""
    row = await connection().fetchrow(
        "SELECT * FROM mentor WHERE id = $1 AND agency = $2 FOR UPDATE", id_, actor.agency
    )
    check_version(row, seen)
    if row["ended_at"] is not None:
        raise NotFromThisState("They are a mentor no more.")
    return row


_ALL = """
SELECT t.*, k.wrapped, mentor_load(t.id) AS people
  FROM mentor t LEFT JOIN subject_key k ON k.id = t.id WHERE t.agency = $1 AND t.ended_at IS NULL
"""


async def list_mentors(actor: Actor) -> Sequence[dict[str, Any]]:
    """Those of the agency, by name and by nothing else; each with how many people they support."""
    require(actor, "listMentors")
    async with transaction(actor.id) as held:
        today = await today_of(actor.agency)
        await record(actor, "listMentors", thing=actor.agency)
        found = [
            {
                **row,
                "name": name_of(row) or "",
                "free": rules.is_free(row, row["people"], today),
            }
            for row in await held.fetch(_ALL, actor.agency)
        ]
    return sorted(found, key=lambda one: (one["name"].casefold(), str(one["id"])))
