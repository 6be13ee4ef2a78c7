"""Whose a fact for the court is, and what shows it. No I/O."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from backend.evidence.rules import BY_ANSWER, PAPERS

Row = Mapping[str, Any]


class Settled(NamedTuple):
    """Who settled a row or one of its cycles, and how they know."""

    role: str
    provenance: str


def as_asked(row: Row) -> Settled:
    """By whoever answers for the row, with what the template asks for: where no more is known."""
    return Settled(row["owner"], "document" if row["evidence"] in PAPERS else "act")


def is_shown(row: Row, settled: Settled) -> bool:
    """Whether what is known of a done row is more than a claim, or the answer that it asks for."""
    return settled.provenance != "said" or row["evidence"] in BY_ANSWER


def source_of(row: Row, settled: Settled, words: Mapping[str, str]) -> tuple[str, str]:
    """A role, and what it says: that a paper was seen only where one was.

    Of a role for which a court has no word it is whoever answers for the row.
    """
    role = settled.role if f"role:{settled.role}" in words else row["owner"]
    source = row["evidence"]
    if settled.provenance == "provider":
        source = "provider"
    elif settled.provenance == "document":
        source = source if source in PAPERS else "doc"
    elif source in PAPERS:
        source = "record"
    return in_words(role, source, words)


def in_words(role: str, source: str, words: Mapping[str, str]) -> tuple[str, str]:
    return role, f"{words[f'role:{role}']}, {words[f'source:{source}']}"
