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
from backend.database import MOMENT, fetch_at_once, moment, transaction
from backend.errors import NotYourRole
from backend.matrix import cut, of
from backend.plans import rules
from backend.plans.filters import READ_DAYS, UNFILTERED, Filters

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
# The same with one condition more; a caseload that is not filtered knows nothing of it.
_IN_VIEW = "SELECT * FROM caseload_in_view($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
_IN_VIEW_AT_ONCE = (
    "SELECT * FROM read_caseload_in_view($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
)
_ALL_RULES = (*_RULES, sorted(READ_DAYS), sorted(rules.READ_DATES))
After = tuple[date, UUID] | None
FIRST = (date(1, 1, 1), UUID(int=0))


async def list_plans(
    actor: Actor, *, after: After = None, limit: int = 50, filters: Filters = UNFILTERED
) -> Sequence[CaseloadLine]:
    """My caseload by next due date, a page at a time. Nothing is ever ordered by lateness.

    Raises NotYourRole, also for a filter by what the actor's role is not told.
    """
    require(actor, "listPlans")
    if not filters.may_be_asked_by(actor.role):
        raise NotYourRole
    async with transaction(actor.id) as held:
        start = (*(after or FIRST), limit)
        if filters:
            values = (actor.role, *_ALL_RULES, moment(), filters.asked(), *start)
            page = await held.fetchrow(_IN_VIEW, *values)
        else:
            page = await held.fetchrow(_PAGE, actor.role, *_RULES, *start)
        await record(actor, "listPlans")
        return lines_of(page)


async def list_plans_of(
    bearer: Bearer, *, after: After = None, limit: int = 50, filters: Filters = UNFILTERED
) -> tuple[UUID, Sequence[CaseloadLine]]:
    """The same for whoever holds the token, in one round trip; who it was too.

    Raises NotSignedIn, NotYourRole.
    """
    allowed = sorted(filter(filters.may_be_asked_by, OPERATIONS["listPlans"]))
    held, start = (bearer.token, MOMENT, allowed), (*(after or FIRST), limit)
    if filters:
        asked = (*_ALL_RULES, bearer.request, filters.asked())
        [page] = await fetch_at_once(_IN_VIEW_AT_ONCE, *held, *asked, *start)
    else:
        [page] = await fetch_at_once(_PAGE_AT_ONCE, *held, *_RULES, bearer.request, *start)
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
