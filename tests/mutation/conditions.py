"""The conditions of an SQL text, one by one, each opened in its turn."""

import re
from collections.abc import Iterator

_WORD = re.compile(r"'(?:[^']|'')*'|\$\$|\$\d+|[A-Za-z_][\w.]*|--[^\n]*|[()\[\];]|\S", re.ASCII)
_ENDS = frozenset(
    {
        *(
            "AND",
            "OR",
            "ORDER",
            "GROUP",
            "LIMIT",
            "FOR",
            "RETURNING",
            "JOIN",
            "LEFT",
            "UNION",
            "CROSS",
        ),
        *("ON", "WHERE", "THEN", "HAVING", "WITH"),
        *("WHEN", "ELSE", "END", "AS", "LOOP"),
        *(")", "]", ";", "$$"),
    }
)
_CLOSED = {"(": ")", "[": "]", "CASE": "END"}


def conditions(sql: str) -> Iterator[tuple[int, int]]:
    """Where each condition after WHERE, AND or a join's ON begins and ends.

    What stands in brackets is one condition, and its parts are conditions too. Both halves of
    BETWEEN stay together, and so does a CASE.
    """
    words = [(m.start(), m.end(), m[0].upper()) for m in _WORD.finditer(sql)]
    for at, (_, _, word) in enumerate(words):
        if word in {"WHERE", "AND", "ON"} and not _is_half(words, at):
            last = _last(words, at + 1)
            if last >= at + 1:
                yield words[at + 1][0], words[last][1]


def _is_half(words: list[tuple[int, int, str]], at: int) -> bool:
    """Whether this AND belongs to a BETWEEN."""
    if words[at][2] == "ON":  # of a join alone: SQL says ON in many places
        return at + 2 >= len(words) or "=" not in [word for _, _, word in words[at + 1 : at + 4]]
    return any(word == "BETWEEN" for _, _, word in words[max(0, at - 3) : at])


def _is_from(words: list[tuple[int, int, str]], at: int) -> bool:
    """Whether what is selected ends here: IS DISTINCT FROM is an operator."""
    return words[at][2] == "FROM" and words[at - 1][2] != "DISTINCT"


def _last(words: list[tuple[int, int, str]], first: int) -> int:
    inside, between = [], False
    for at in range(first, len(words)):
        word = words[at][2]
        if word in {"(", "[", "CASE"}:
            inside.append(word)
        elif inside and word == _CLOSED[inside[-1]]:
            inside.pop()
        elif inside:
            continue
        elif word == "BETWEEN":
            between = True
        elif word == "AND" and between:
            between = False
        elif word in _ENDS or word.startswith("--") or _is_from(words, at):
            return at - 1
    return len(words) - 1


def opened(sql: str) -> Iterator[tuple[str, str]]:
    """Each condition's own text, and the whole with that condition true.

    It stays in the text, so that every value of the statement keeps its type.
    """
    for start, end in conditions(sql):
        said = sql[start:end]
        yield " ".join(said.split()), f"{sql[:start]}(({said}) OR true){sql[end:]}"
