"""Until when somebody is kept, computed once: when their plan is closed.

A job reads the day and never a birth date. Of who was no adult the day tells the year of birth at
most: it is the beginning of a year.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from backend.actors.actions import unseal
from backend.agencies.countries import Profile, profile_of
from backend.database import connection
from backend.vault import KeyDestroyed, VaultError

log = logging.getLogger(__name__)
PROOF = timedelta(days=5 * 366)  # never sooner than five years by the calendar
UNDER_AGE = "under18"  # the overlay, where nobody knows a birth date


@dataclass(frozen=True)
class Kept:
    """Their names, their circle's, and what proves without a name what was done and let."""

    person: datetime
    circle: datetime
    proof: datetime


async def close_with_terms(
    plan: Mapping[str, Any], now: datetime, *, circle_at_least: timedelta = timedelta(0)
) -> None:
    """From here on the terms run, by a birth date that no job reads.

    Where it cannot be read the overlay says whether they run shorter. The circle's names stay for
    `circle_at_least`, whatever their term. Raises KeyDestroyed.
    """
    held, person = connection(), plan["person"]
    sealed = await held.fetchval("SELECT identity FROM person WHERE id = $1", person)
    try:
        identity = await unseal(person, f"person.identity:{person}", sealed) or {}
    except KeyDestroyed:
        raise
    except VaultError:  # what cannot be read must not keep somebody from being forgotten
        log.error("a birth date cannot be read")  # noqa: TRY400
        identity = {}
    kept = await kept_until(plan, identity.get("birth_date"), now)
    await held.execute(
        "UPDATE plan SET closed_at = $2, keep_until = $3, circle_until = $4, proof_until = $5"
        " WHERE id = $1",
        plan["id"],
        now,
        kept.person,
        max(kept.circle, now + circle_at_least),
        kept.proof,
    )


async def kept_until(plan: Mapping[str, Any], birth_date: str | None, closed: datetime) -> Kept:
    """By the agency's own terms within its country's; shorter for who was no adult at opening."""
    agency = await connection().fetchrow(
        "SELECT country, keep_person, keep_circle FROM agency WHERE id = $1", plan["agency"]
    )
    profile = profile_of(agency["country"])
    born = date.fromisoformat(birth_date) if birth_date else None
    opened = plan["opened_at"].astimezone(ZoneInfo(plan["zone"])).date()
    minor = was_minor(born, opened, profile, plan["overlays"])

    def until(days: int, floor: int) -> datetime:
        return _until(profile, days, floor, closed, born, minor=minor)

    named = {
        whom: until(term.chosen(agency[f"keep_{whom}"]), term.floor)
        for whom, term in profile.keep.items()
    }
    return Kept(**named, proof=max(named["person"], until(PROOF.days, 0)))


def was_minor(born: date | None, opened: date, profile: Profile, overlays: Any) -> bool:
    """On the day on which the plan was opened; without a birth date the overlay says it."""
    if born is None:
        return UNDER_AGE in overlays
    return (opened.year - born.year - ((opened.month, opened.day) < (born.month, born.day))) < (
        profile.majority
    )


def _until(
    profile: Profile,
    days: int,
    floor: int,
    closed: datetime,
    born: date | None,
    *,
    minor: bool,
) -> datetime:
    if not minor:
        return closed + timedelta(days=days)
    parts = profile.minors["parts"]
    until = closed + timedelta(days=days // parts)
    if born is not None:
        grown = datetime(born.year + profile.minors["until"], 1, 1, tzinfo=UTC)
        until = min(until, max(grown, closed + timedelta(days=floor // parts)))
    return until
