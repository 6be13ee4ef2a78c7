"""The words of the papers. A language that they are not written in is refused: never English."""

import csv
from collections.abc import Mapping
from datetime import date, time
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from backend.errors import Unfit
from backend.templates.rules import Template

LANGUAGES = ("en", "fr", "ar")
FROM_RIGHT = frozenset({"ar"})
_NOT_YET = f"No sheet is written in this language yet: choose one of {', '.join(LANGUAGES)}."
ISOLATE, END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"


class Words:
    """What is said in one language, with the months as they are called in a country.

    `own` are rows and pathways of the agency's, in words of its own. Raises Unfit for a language
    that nobody has written the papers in.
    """

    def __init__(
        self, language: str, country: str | None = None, *, own: Template | None = None
    ) -> None:
        if language not in LANGUAGES:
            raise Unfit(_NOT_YET, field="language")
        self.language = language
        self._said, self._steps = (
            _table("words", "key", language),
            _table("steps", "code", language),
        )
        if own is not None:
            said = ((row.code, dict(row.says).get(language)) for row in own.rows)
            self._steps = {**self._steps, **{code: words for code, words in said if words}}
            named = {f"pathway.{code}": name for code, name in own.pathways.items()}
            self._said = {**named, **self._said}
        try:
            self._locale = Locale(language, country)
        except UnknownLocaleError:
            self._locale = Locale(language)

    @property
    def from_right(self) -> bool:
        return self.language in FROM_RIGHT

    def __getitem__(self, key: str) -> str:
        return self._said[key]

    def of(self, kind: str, code: str) -> str:
        """Of a code that nobody has words for, the code."""
        return self._said.get(f"{kind}.{code}", code)

    def step(self, code: str) -> str | None:
        """A step in plain words; None for one that stands on no paper."""
        return self._steps.get(code)

    def day(self, value: date, today: date) -> str:
        """Weekday, day and month; the year where it is another."""
        form = "EEEE d MMMM" if value.year == today.year else "EEEE d MMMM y"
        return isolated(format_date(value, form, locale=self._locale))

    def hour(self, value: time) -> str:
        return isolated(f"{value:%H:%M}")


@cache
def _table(name: str, key: str, language: str) -> Mapping[str, str]:
    path = Path(__file__).with_name(f"{name}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {line[key]: line[language] for line in csv.DictReader(file)}


def isolated(text: str) -> str:
    """A number or a name in the letters of another direction, so that all stays in its place."""
    return f"{ISOLATE}{text}{END}"
