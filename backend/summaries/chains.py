"""The steps to a summary that a court is to have by a day: which, and under which codes. No I/O.

A plan takes the same steps again for each summary. So that each row of a plan has a code of its
own, those of a later one carry its number: `SUP-3.2` is the third step to the second.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from backend.calendars.rules import OpenDays
from backend.plans.rules import due_on
from backend.templates.rules import LONG_CHAIN, SHORT_CHAIN, Template

CHAINS: Mapping[str, str] = {
    "release_plan_report": LONG_CHAIN,
    "start": SHORT_CHAIN,
    "periodic": SHORT_CHAIN,
    "event": SHORT_CHAIN,
    "final": SHORT_CHAIN,
}
AHEAD = timedelta(days=2 * 366)
# Which steps are over once it was checked, read to the person, or issued, which ends all.
STEPS: Mapping[str, frozenset[str]] = {
    "checked": frozenset({"SUM-3", "SUP-3"}),
    "read": frozenset({"SUM-4", "SUP-4"}),
    "issued": frozenset({"SUM-6", "SUP-6"}),
}
# The rows of the plan that a summary of a type is, the earliest that is open.
OF_TYPE: Mapping[str, tuple[str, ...]] = {
    "release_plan_report": ("PRB-04",),
    "start": ("PRB-10",),
    "periodic": ("PRB-11", "PRB-12"),
    "event": (),
    "final": ("PRB-14",),
}


def code_in(code: str, chain: int) -> str:
    return code if chain == 1 else f"{code}.{chain}"


def step_of(code: str) -> str:
    """The step that it is, in whichever chain."""
    return code.partition(".")[0]


def rows_of(
    template: Template,
    of: Mapping[str, Any],
    days: OpenDays,
    today: date,
    id_: UUID,
) -> list[dict[str, Any]]:
    """The rows of a summary of this `type`, due on `due_on`; each on its day, none in the past."""
    steps = template.rows_of_chain(CHAINS[of["type"]])
    own = {row.code for row in steps}
    return [
        {
            **vars(row),
            "code": code_in(row.code, of["chain"]),
            "depends": [code_in(c, of["chain"]) if c in own else c for c in row.depends],
            "state": "planned",
            "due_on": due_on(row.code, row.day, of["due_on"], days, not_before=today),
            "summary_due": id_,
        }
        for row in steps
    ]


def moved(
    rows: Iterable[Mapping[str, Any]], to: date, days: OpenDays, today: date
) -> list[tuple[Mapping[str, Any], date]]:
    """The rows that stand on another day where it is due on another."""
    found = [(row, due_on(row["code"], row["day"], to, days, not_before=today)) for row in rows]
    return [(row, due) for row, due in found if due != row["due_on"]]
