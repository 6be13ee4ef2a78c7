"""Which days may be holidays of a country: a library's word, until a human confirms it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from backend.errors import Unfit

ESTIMATED = "(estimated)"  # as the library marks in English what hangs on the moon
ENGLISH = "en_US"


@dataclass(frozen=True)
class Proposal:
    """`estimated` where it hangs on the moon, and may come a day sooner or later."""

    day: date
    name: str
    estimated: bool


async def propose(country: str, part: str | None, first: date, last: date) -> list[Proposal]:
    """The public holidays between two days, both counted. Raises Unfit for a place it lacks."""
    await check_place(country, part)
    return await asyncio.to_thread(_propose, country, part, first, last)


def _propose(country: str, part: str | None, first: date, last: date) -> list[Proposal]:
    import holidays  # noqa: PLC0415 - slow, and needed by one page of two roles

    years = range(first.year, last.year + 1)
    spoken = holidays.country_holidays(country).supported_languages
    language = ENGLISH if ENGLISH in spoken else None
    found = holidays.country_holidays(country, subdiv=part, years=years, language=language)
    return [
        Proposal(day, name.replace(ESTIMATED, "").strip(), ESTIMATED in name)
        for day, name in sorted(found.items())
        if first <= day <= last
    ]


async def places() -> Mapping[str, Sequence[str]]:
    """The countries that are known by ISO code, with the parts that have days of their own."""
    return await asyncio.to_thread(_places)


@cache
def _places() -> Mapping[str, Sequence[str]]:
    import holidays  # noqa: PLC0415 - likewise

    return holidays.list_supported_countries(include_aliases=False)


async def check_place(country: str, part: str | None) -> None:
    """Raises Unfit."""
    parts = (await places()).get(country)
    if parts is None:
        raise Unfit("No holidays are known of this country.", field="country")
    if part is not None and part not in parts:
        one_of = ", ".join(parts) or "none: leave it out"
        raise Unfit(f"Parts with days of their own are {one_of}.", field="part")
