"""A file of references: which lines can be read, and whom each one names. No database here."""

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from backend.words import words_of

MOST_LINES = 2000
LONGEST = 120
HEADS = frozenset({"reference", "alias", "file number", "plan"})  # of a first line, in a table
FOUND = "found"
GOING = frozenset({"active_inside", "active_outside", "step_down", "paused"})


@dataclass(frozen=True)
class Known:
    """A plan that a line may name; `keys` are its references, as `key_of` makes them."""

    plan: UUID
    alias: str
    keys: Collection[str]
    state: str
    outside: bool
    came_back: bool


@dataclass(frozen=True)
class Answer:
    """What a line came to: `found`, or why nobody is let go by it."""

    line: int
    reference: str
    outcome: str
    plan: UUID | None = None
    alias: str | None = None


class Malformed(Exception):
    """`lines`: which of them cannot be read, and why."""

    def __init__(self, lines: Sequence[tuple[int, str]]) -> None:
        super().__init__(lines)
        self.lines = lines


def key_of(reference: str) -> str:
    """References are one where case, accents and signs alone differ."""
    return " ".join(words_of(reference))


def read_lines(text: str) -> list[tuple[int, str]]:
    """The first field of each line that is not empty, with its number. Raises Malformed."""
    wrong, found = list[tuple[int, str]](), list[tuple[int, str]]()
    for number, line in enumerate(
        text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").splitlines(), 1
    ):
        if not line.strip():
            continue
        reference = _first_field(line)
        if len(reference) > LONGEST:
            wrong.append((number, "This is too long for a reference."))
        elif not reference.isprintable() or not key_of(reference):
            wrong.append((number, "This cannot be read."))
        elif not (not found and key_of(reference) in HEADS):
            found.append((number, reference))
    if len(found) > MOST_LINES:
        wrong.append((found[MOST_LINES][0], f"No more than {MOST_LINES} lines at once."))
    if wrong:
        raise Malformed(wrong)
    return found


def _first_field(line: str) -> str:
    delimiter = ";" if ";" in line else ("\t" if "\t" in line else ",")
    (fields,) = csv.reader([line], delimiter=delimiter)
    return fields[0].strip()


def match(lines: Iterable[tuple[int, str]], known: Collection[Known]) -> list[Answer]:
    """Whom each line names. A person's plan that is over counts only where there is no other."""
    by_key: dict[str, list[Known]] = {}
    for one in known:
        for key in one.keys:
            by_key.setdefault(key, []).append(one)
    seen, answers = set[UUID](), list[Answer]()
    for number, reference in lines:
        named = by_key.get(key_of(reference), [])
        going = [one for one in named if one.state != "closed"] or named
        answers.append(_answer(number, reference, going, seen))
    return answers


def _answer(number: int, reference: str, named: Sequence[Known], seen: set[UUID]) -> Answer:
    if not named:
        return Answer(number, reference, "not_found")
    if len({one.plan for one in named}) > 1:
        return Answer(number, reference, "not_clear")
    one = named[0]
    outcome = "twice" if one.plan in seen else _outcome(one)
    seen.add(one.plan)
    return Answer(number, reference, outcome, one.plan, one.alias)


def _outcome(one: Known) -> str:
    """A plan that stands still, and one of who came back, is a human's to make run again."""
    if one.came_back and one.state != "closed":
        return "came_back"
    if one.state not in GOING:
        return "closed"
    if one.outside:
        return "out"
    return FOUND if one.state == "active_inside" else "paused"


def counts(answers: Iterable[Answer]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for one in answers:
        found[one.outcome] = found.get(one.outcome, 0) + 1
    return found
