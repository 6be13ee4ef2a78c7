"""The words of somebody's own file, and how days and names are written in it."""

import csv
import unicodedata
from collections.abc import Mapping
from datetime import date, time
from functools import cache
from pathlib import Path

from babel.dates import format_date

from backend.meetings.rules import words_of_decision
from backend.needs.bank import words_of_step
from backend.summaries.wording import spoken
from backend.summaries.wording import words as words_of_rows

ISOLATE, END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
FROM_RIGHT = frozenset({"R", "AL"})


class Words:
    """What is said in one language; a code without words is shown as it is."""

    def __init__(self, language: str) -> None:
        self.language = spoken(language)
        self._said = _table(self.language)

    def __getitem__(self, key: str) -> str:
        return self._said[key]

    def of(self, kind: str, code: str) -> str:
        return self._said.get(f"{kind}.{code}", code)

    def day(self, value: date) -> str:
        return format_date(value, "d MMMM y", locale=self.language)

    def hour(self, value: time) -> str:
        return f"{value:%H:%M}"

    def row(self, code: str, title: str) -> str:
        """In another language than that of the plan's rows, the words that courts are given."""
        if self.language == "en":
            return title
        own = words_of_step(code, self.language) or words_of_decision(code, self.language)
        return own or words_of_rows(self.language).get(code, title)


@cache
def _table(language: str) -> Mapping[str, str]:
    path = Path(__file__).with_name("words.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {line["key"]: line[language] for line in csv.DictReader(file)}


def asked_for(accept: str) -> str:
    """The language of who is not known yet, by what their browser asks for first."""
    return spoken(accept.strip()[:2].lower())


def isolated(text: str) -> str:
    """Words written from right to left, so that what follows them stays where it belongs."""
    if any(unicodedata.bidirectional(letter) in FROM_RIGHT for letter in text):
        return f"{ISOLATE}{text}{END}"
    return text
