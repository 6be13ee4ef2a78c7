"""The draft of a notice, in plain words and with no more than is needed. A human sends it."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from backend.agencies.countries import Profile

UNKNOWN = "[...]"


@cache
def _texts() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name("notices.toml").read_text(encoding="utf-8"))


def language_of(country: str, agency: str) -> str:
    """The country's, or the agency's own, or English: whichever there is a text in."""
    return next((one for one in (country, agency) if one in _texts()), "en")


def draft(to: str, incident: Mapping[str, Any], profile: Profile) -> tuple[str, str]:
    """The language, and the text. `incident` brings its agency's name, alias, zone and phone."""
    language = language_of(profile.language, incident["language"])
    texts = _texts()[language]
    count = len(incident["touched"])
    many = texts["touched"][("none", "one")[count] if count <= 1 else "many"]
    text: str = texts[to].format(
        authority=profile.authority,
        agency=incident["name"],
        alias=incident["service_alias"],
        noticed=format_datetime(
            incident["noticed_at"], "d MMMM y, HH:mm", ZoneInfo(incident["zone"]), language
        ),
        kind=texts["kinds"][incident["kind"]],
        touched=many.format(count=count),
        contact=incident["duty_phone"] or UNKNOWN,
    )
    return language, text.strip() + "\n"
