"""What a review may agree on: package data, read once. A step has no words that somebody typed."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Item:
    """`row` is the step of the template that it is; without one it is a step of its own."""

    code: str
    area: str
    row: str | None
    pathway: str
    words: Mapping[str, str]


@cache
def items() -> Mapping[str, Item]:
    path = Path(__file__).with_name("items.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {line["code"]: _item(line) for line in csv.DictReader(file)}


def proposed(area: str) -> list[Item]:
    """What is proposed for an area, in the order of the bank."""
    return [item for item in items().values() if item.area == area]


def words_of_step(code: str, language: str) -> str | None:
    """The words of a step of the bank's own; None for any other row of a plan."""
    item = items().get(code)
    return None if item is None else item.words.get(language)


def _item(line: Mapping[str, str]) -> Item:
    words = {language: line[language] for language in ("en", "fr")}
    return Item(line["code"], line["area"], line["row"] or None, line["pathway"], words)
