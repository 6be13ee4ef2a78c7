"""What an officer and an auditor look at: ids, codes and instants, and never a word of a case."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from backend import cursors
from backend.access import Actor, require
from backend.audit.actions import record
from backend.database import transaction

A_PAGE = 100


def following(rows: Sequence[Any], key: str) -> str | None:
    """The cursor of the next page, if there may be one."""
    return cursors.write(rows[-1][key], rows[-1]["id"]) if len(rows) == A_PAGE else None


def page_after(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Where that page begins. Raises BadInput for a cursor that we did not make."""
    if cursor is None:
        return None
    at, id_ = cursors.read(cursor, datetime, UUID)
    return at, id_


async def list_agency_holds(actor: Actor) -> Sequence[Any]:
    """The legal holds that stand in the agency, without their reasons."""
    require(actor, "listAgencyHolds")
    async with transaction(actor.id) as held:
        await record(actor, "listAgencyHolds")
        rows: Sequence[Any] = await held.fetch(
            "SELECT * FROM holds_of_agency() ORDER BY set_at, id"
        )
        return rows


async def list_proofs(actor: Actor) -> Sequence[Any]:
    """How much went by which rule of retention, the latest first."""
    require(actor, "listProofs")
    async with transaction(actor.id) as held:
        await record(actor, "listProofs")
        rows: Sequence[Any] = await held.fetch(
            "SELECT id, at, reason AS rule, times FROM audit WHERE operation = 'retention'"
            " ORDER BY at DESC, id DESC LIMIT $1",
            A_PAGE,
        )
        return rows


async def list_record(actor: Actor, *, before: int | None) -> Sequence[Any]:
    """Who did and read what in the agency, as ids, the latest first."""
    require(actor, "listRecord")
    async with transaction(actor.id) as held:
        await record(actor, "listRecord")
        rows: Sequence[Any] = await held.fetch(
            "SELECT id, at, actor, role, operation, plan, object, purpose, outcome, subject"
            " FROM audit WHERE agency = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            actor.agency,
            before or 2**62,
            A_PAGE,
        )
        return rows


async def list_agency_mandates(actor: Actor, after: tuple[datetime, UUID] | None) -> Sequence[Any]:
    """Who has or had a mandate on which plan, the latest first; `after` ends the page before."""
    require(actor, "listAgencyMandates")
    async with transaction(actor.id) as held:
        await record(actor, "listAgencyMandates")
        rows: Sequence[Any] = await held.fetch(
            "SELECT * FROM mandates_of_agency($1, $2, $3)", *(after or (None, None)), A_PAGE
        )
        return rows


async def list_agency_consents(actor: Actor, after: tuple[datetime, UUID] | None) -> Sequence[Any]:
    """Every yes to messages and every disclosure, by whom and when, the latest first.

    No answer about a part of the support: beside the record, a list of the yes alone would tell
    which answers were none.
    """
    require(actor, "listAgencyConsents")
    async with transaction(actor.id) as held:
        await record(actor, "listAgencyConsents")
        rows: Sequence[Any] = await held.fetch(
            "SELECT * FROM consents_of_agency($1, $2, $3)", *(after or (None, None)), A_PAGE
        )
        return rows
