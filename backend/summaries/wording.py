"""The fixed words of a summary. Nothing a worker typed can get into a fact.

A row of a plan is named by its code's words here and never by its own title, so
that a title may be changed without a place or a name reaching a court. A code
without words here never reaches one at all.
"""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

SOURCE = "en"


@cache
def words(language: str) -> Mapping[str, str]:
    """Words by key, in English where there are none in this language; see `spoken`."""
    path = Path(__file__).with_name("words.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {line["key"]: line[spoken(language)] for line in csv.DictReader(file)}


def spoken(language: str) -> str:
    """The language a summary is written in for an agency of this language; it says so itself."""
    return language if language in {SOURCE, "fr"} else SOURCE
