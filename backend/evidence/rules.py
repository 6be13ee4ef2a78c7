"""Who may say of a row that it happened, how they know, and which two sayings differ. No I/O.

`said`: a mentor, a relative or the person says so by chat. `act`: whoever writes did it, or saw to
it themselves. `document`: they saw the paper. `provider`: the service concerned told the worker.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from backend.plans.rules import OPEN, SERVICES, WORKERS

OF_THE_CIRCLE = frozenset({"ME", "FA", "PE"})
# What the answer itself settles, whoever gives it. Everything else asks for what somebody saw.
BY_ANSWER = frozenset({"reply"})
PAPERS = frozenset({"doc", "signed"})
OWN = frozenset({"act", "document"})
KNOWN = OWN | {"provider"}
MISSED = "missed"  # no evidence: an appointment for the row that did not take place


# What was said before a plan was reopened for another release is about that one: of a saying.
SINCE_IT_BEGAN = """NOT EXISTS (SELECT 1 FROM milestone_event g
    WHERE g.milestone = {saying}.milestone AND g.kind = 'again' AND g.at >= {saying}.at)"""


def may_know(role: str) -> frozenset[str]:
    """How this role may know of a row: a worker was told by others too, a service was not."""
    if role in WORKERS:
        return KNOWN
    return OWN if role in SERVICES else frozenset()


def settles_by_tap(kind: str, role: str, *, owner: str) -> bool:
    """Whether a tap settles a row of this kind: an answer, or the act of who is responsible."""
    return kind in BY_ANSWER or (role in SERVICES and role == owner)


@dataclass(frozen=True)
class Saying:
    """Whether it happened, on which day, as somebody says; `speaker` says it with one voice."""

    speaker: UUID
    role: str
    provenance: str
    happened: bool
    day: date


def standing(sayings: Iterable[Saying]) -> list[Saying]:
    """The last word of each speaker, of sayings from the oldest on."""
    last: dict[tuple[UUID, bool], Saying] = {}
    for one in sayings:
        last[one.speaker, one.provenance == MISSED] = one
    return list(last.values())


def differ(sayings: Sequence[Saying]) -> bool:
    """Whether somebody says that it happened, and somebody that by then it had not.

    That a date was missed differs from what is said of that very day alone. Who is right is for
    people to find out.
    """
    words = standing(sayings)
    yes = [one for one in words if one.happened]
    return any(
        one.day == other.day if other.provenance == MISSED else one.day <= other.day
        for one in yes
        for other in words
        if not other.happened
    )


def waits(row: Mapping[str, Any], sayings: Sequence[Mapping[str, Any]]) -> bool:
    """Whether somebody of the circle says what is not so of a row, and no worker has answered yet.

    That it happened, of an open row; that by then it had not, of a done one.
    """
    for one in reversed(sayings):
        if one["taken_back"] or one["provenance"] == MISSED:
            continue
        if one["provenance"] != "said":
            return False
        if one["happened"]:
            if row["state"] in OPEN:
                return True
        elif row["state"] == "done" and one["day"] >= row["done_on"]:
            return True
    return False


def sees_saying(role: str, saying: Mapping[str, Any]) -> bool:
    """Who may know of a saying, among those who see its row.

    What the circle says is for the workers, and so is what answers it: that something did not
    happen, or that it did after all, is said of a row only because somebody had said otherwise.
    """
    if role in WORKERS:
        return True
    if saying["provenance"] == "said" or saying["answers"] or not saying["happened"]:
        return False
    return saying["role"] in SERVICES and not saying["taken_back"]
