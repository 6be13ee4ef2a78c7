"""A caseload, a page at a time. Every read is written down."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from backend import clock
from backend.access import OPERATIONS, Actor, Bearer, require
from backend.actors.actions import vault
from backend.audit.actions import record
from backend.database import MOMENT, fetch_at_once, transaction
from backend.matrix import cut, of
from backend.plans import rules

RELEASE, MILESTONES = of("release date"), of("milestones")


class CaseloadLine(msgspec.Struct):
    """One plan of a caseload, as far as its reader may know it; `overdue` is computed now."""

    id: UUID
    next_due_on: Annotated[date | UnsetType | None, MILESTONES]
    next_title: Annotated[str | UnsetType | None, MILESTONES]
    overdue: Annotated[bool | UnsetType, MILESTONES]
    version: Annotated[int | UnsetType, RELEASE] = UNSET
    alias: Annotated[str | UnsetType, of("alias")] = UNSET
    name: Annotated[str | UnsetType, of("identity")] = UNSET
    state: Annotated[str | UnsetType, RELEASE] = UNSET
    release_date: Annotated[date | UnsetType, RELEASE] = UNSET
    certainty: Annotated[str | UnsetType, RELEASE] = UNSET


_PAGE = "SELECT * FROM caseload_by_flow($1, $2, $3, $4, $5, $6)"
_PAGE_AT_ONCE = "SELECT * FROM read_caseload_by_flow($1, $2, $3, $4, $5, $6, $7, $8, $9)"
_RULES = (sorted(rules.WORKERS), sorted(rules.READ_NAMES))
After = tuple[date, UUID] | None
FIRST = (date(1, 1, 1), UUID(int=0))


async def list_plans(
    actor: Actor, *, after: After = None, limit: int = 50
) -> Sequence[CaseloadLine]:
    """My caseload by next due date, a page at a time. Nothing is ever ordered by lateness."""
    require(actor, "listPlans")
    async with transaction(actor.id) as held:
        values = (actor.role, *_RULES, *(after or FIRST), limit)
        page = await held.fetchrow(_PAGE, *values)
        await record(actor, "listPlans")
        return lines_of(page)


async def list_plans_of(
    bearer: Bearer, *, after: After = None, limit: int = 50
) -> tuple[UUID, Sequence[CaseloadLine]]:
    """The same for whoever holds the token, in one round trip; who it was too.

    Raises NotSignedIn, NotYourRole.
    """
    allowed = sorted(OPERATIONS["listPlans"])
    values = (bearer.token, MOMENT, allowed, *_RULES, bearer.request, *(after or FIRST), limit)
    [page] = await fetch_at_once(_PAGE_AT_ONCE, *values)
    return page["actor"], lines_of(page)


class _Named(msgspec.Struct):
    """Of an identity the name alone is read: the rest of it stays bytes."""

    name: str


_named = msgspec.json.Decoder(_Named).decode


def lines_of(page: Any) -> list[CaseloadLine]:
    """The lines of a page: from one array for each column; they are empty together."""
    if page["ids"] is None:
        return []
    todays = {zone: clock.today(zone) for zone in set(page["zones"])}
    windows = zip(page["states"], page["zones"], page["dues"], page["wins"], strict=True)
    lines = list(
        map(
            CaseloadLine,
            page["ids"],
            page["dues"],
            page["titles"],
            [
                due is not None
                and (todays[zone] - due).days > (window or 0)
                and not rules.stands_still(state)
                for state, zone, due, window in windows
            ],
            page["versions"],
            page["aliases"],
            map(_name, page["people"], page["wrapped"], page["identities"]),
            page["states"],
            page["release_dates"],
            page["certainties"],
        )
    )
    elsewhere = page["told_groups"]
    if rules.WORKERS.issuperset(page["mandates"]) and not any(elsewhere):
        return lines  # they are given all of it
    told = (None if groups is None else groups.split(",") for groups in elsewhere)
    return list(map(cut, lines, page["mandates"], told))


def _name(person: UUID, wrapped: bytes | None, identity: bytes | None) -> str | UnsetType:
    """Nothing where the mandate reads no names, and for whom the key was destroyed."""
    if identity is None or wrapped is None:
        return UNSET
    return _named(vault().unseal(person, wrapped, f"person.identity:{person}", identity)).name
