"""A line of a file, as the page and the paper show it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """What it is, and in small what else there is to say of it; `more` are whole sentences."""

    text: str
    facts: str = ""
    more: tuple[str, ...] = ()


def facts(*said: str | None) -> str:
    """What else there is to say of it, in small."""
    return " · ".join(one for one in said if one)
