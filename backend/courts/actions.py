"""Which court may ask for which plan: a file reference bound to one court's machine."""

from dataclasses import dataclass, field
from typing import Any
from unicodedata import normalize
from uuid import UUID, uuid4

import asyncpg

from backend import clock
from backend.access import Actor, find_plan, require
from backend.actors.actions import seal, unseal, vault
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, Taken, Unfit
from backend.once import Written


@dataclass(frozen=True)
class CourtReference:
    """The court's own file reference, and the client (by our id) that may ask for it."""

    client: UUID
    reference: str
    bound: bool = True
    id: UUID = field(default_factory=uuid4)


async def bind_court_file(actor: Actor, plan_id: UUID, wanted: CourtReference) -> Written:
    """Bind the reference to the plan, or end that at once (`bound` false).

    A reference stands for one person: while it is bound, no other plan can have it, however it is
    spelled.
    Raises NotFound (plan, client, or no such binding to end), Taken, Unfit.
    """
    require(actor, "bindCourtFile")
    reference = wanted.reference.strip()
    if not reference:
        raise Unfit("A reference is not blank.")
    async with transaction(actor.id):
        plan = await find_plan(
            actor, plan_id, group="court reference", roles=("PO", "CO"), lock=True
        )
        if wanted.bound:
            written = await _bind(actor, plan, wanted, reference)
        else:
            written = await _end(plan, wanted.client, reference)
        outcome = "done" if wanted.bound else "ended"
        await record(actor, "bindCourtFile", plan=plan_id, thing=written.id, outcome=outcome)
        return written


async def _bind(actor: Actor, plan: Any, wanted: CourtReference, reference: str) -> Written:
    held = connection()
    client = await held.fetchval(
        "SELECT id FROM court_client WHERE id = $1 AND agency = ANY($2) AND suspended_at IS NULL"
        " FOR SHARE",  # while a canary is made of this very reference
        wanted.client,
        [plan["agency"], actor.agency],
    )
    if client is None:
        raise NotFound
    index, as_typed = indexes(reference)
    if await held.fetchval(_CANARY, client, [index, as_typed]):
        raise Taken
    try:
        again = await held.fetchrow(
            _BIND_AGAIN,
            plan["id"],
            client,
            [index, as_typed],
            actor.id,
            clock.now(),
        )
        if again is not None:
            await held.execute(_SPELL, again["id"], index)
            return Written(again["id"], again["version"])
        await held.execute(
            "INSERT INTO court_file (id, agency, plan, version, client, reference_index,"
            " sealed_reference, bound_by, bound_at, subject)"
            " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9)",
            wanted.id,
            plan["agency"],
            plan["id"],
            client,
            as_typed,
            await seal(plan["person"], f"court_file.sealed_reference:{wanted.id}", reference),
            actor.id,
            clock.now(),
            plan["person"],
        )
        await held.execute(_SPELL, wanted.id, index)
    except asyncpg.UniqueViolationError as error:
        raise Taken from error
    return Written(wanted.id, 1, 201)


_CANARY = "SELECT 1 FROM court_canary WHERE client = $1 AND reference_index = ANY ($2)"
# what was issued to the file before is there again, and its numbers go on
_BIND_AGAIN = """
UPDATE court_file SET ended_at = NULL, bound_by = $4, bound_at = $5, version = version + 1
 WHERE id = (SELECT id FROM court_file
              WHERE plan = $1 AND client = $2 AND reference_index = ANY ($3)
                AND ended_at IS NOT NULL
              ORDER BY array_position($3, reference_index) LIMIT 1)
RETURNING id, version
"""
# The unique index speaks twice: first of the spelling as it was typed, by which an earlier release
# may have bound somebody else, whose row nobody here sees; then of how all are spelled now.
_SPELL = """
UPDATE court_file SET reference_index = $2 WHERE id = $1 AND reference_index <> $2
"""


async def _end(plan: Any, client: UUID, reference: str) -> Written:
    ended = await connection().fetchrow(
        "UPDATE court_file SET ended_at = $4, version = version + 1 WHERE plan = $1"
        " AND client = $2 AND reference_index = ANY ($3) AND ended_at IS NULL"
        " RETURNING id, version",
        plan["id"],
        client,
        list(indexes(reference)),
        clock.now(),
    )
    if ended is None:
        raise NotFound
    return Written(ended["id"], ended["version"])


def indexes(reference: str) -> tuple[bytes, bytes]:
    """The keyed hashes by which a court's reference is found: as all are spelled, and as typed.

    By the second alone are found what an earlier release bound, and its canaries.
    """
    return _index(spelled(reference)), _index(reference.strip())


def spelled(reference: str) -> str:
    """One spelling for what a reader takes for the same: width, accents, case and blanks."""
    folded = normalize("NFKC", normalize("NFKC", reference).casefold())
    return " ".join(folded.split())


def _index(text: str) -> bytes:
    # a caller's bytes may be no text at all; they are looked for like any other reference
    return vault().index("court.file", text.encode(errors="replace").decode())


async def reference_of(plan: Any, file: UUID) -> str:
    """The court's reference of a file that is bound to this plan. Raises NotFound."""
    sealed = await connection().fetchval(
        "SELECT sealed_reference FROM court_file WHERE id = $1 AND plan = $2 AND ended_at IS NULL",
        file,
        plan["id"],
    )
    if sealed is None:
        raise NotFound
    reference: str = await unseal(plan["person"], f"court_file.sealed_reference:{file}", sealed)
    return reference
