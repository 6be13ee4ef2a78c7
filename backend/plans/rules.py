"""Decisions about plans and milestones that need no database."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from backend.calendars.rules import OpenDays
from backend.matrix import readers

OPEN = frozenset({"planned", "in_progress"})
CLOSED = frozenset({"done", "not_needed", "declined", "not_possible", "cancelled"})
ASLEEP = frozenset({"dormant"})
CAUSES = frozenset({"service_side", "legal", "health", "other"})
WORKERS = frozenset({"SW", "CO"})  # mandates that see a plan whole
READ_NAMES = readers("identity")
READ_CIRCLE = WORKERS | {"PO"}
READ_DATES = readers("appointments")  # all but the workers their own alone
OPTIONAL_KINDS = frozenset({"V", "N"})
MUST_BE = 1  # `late_start`: rights, safety and what must be there on the day; kept at any start
OF_THE_PERSON = frozenset("PD")  # in `agree`: a yes that the person gives, and takes back
UNDER_WAY = frozenset({"in_progress", "done"})
UNTOLD = frozenset({"dormant", "declined", "not_needed", "not_possible", "cancelled"})
OF_OTHERS = frozenset({"FAM", "MEN"})
SERVICES = frozenset({"SW", "CO", "PO", "PS", "TR", "CP"})
SHOWN = ("state", "due_on", "done_on")  # what may change of a row, for who is no worker of its plan
_VERSIONS = 999_999_999  # nine digits, as many as If-Match takes
# A service that is no worker of the plan tells what became of its own part, and no more.
OWN_PART = frozenset({"in_progress", "done", "not_possible"})

PLAN_STEPS: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"active_inside", "closed"}),
    "active_inside": frozenset({"paused", "closed"}),
    "active_outside": frozenset({"step_down", "paused", "closed"}),
    "step_down": frozenset({"active_outside", "paused", "closed"}),
    "paused": frozenset({"active_inside", "active_outside", "closed"}),
    "closed": frozenset(),
}
OVER = frozenset({"closed", "transferred", "ended_death"})
RUNNING = frozenset({"active_inside", "active_outside", "step_down"})
CERTAINTIES = ("confirmed", "expected", "earliest_possible")

# Release-day rows stand on their day even when offices are closed.
NEVER_ROLLED = frozenset({"GAT-01", "MEN-07", "MEN-08", "MEN-09", "HOU-05", "HLT-05", "FAM-10"})
NEVER_ROLLED_PREFIX = "UNP-"
OF_A_RETURN = "REC-"  # rows that count from a return to custody
SOON = timedelta(days=14)
A_WEEK = timedelta(days=7)
BOTH = "Nobody is under supervision and without it: leave supervision or no_supervision out."
SLIP = "The release date lies more than two years back or sixty ahead: look at its year."
LONG_AGO, FAR_AHEAD = timedelta(days=2 * 366), timedelta(days=60 * 366)


def may_become(before: str, after: str) -> bool:
    """The milestone state machine. Sleeping rows wake to `planned` and go nowhere else."""
    if before == "dormant":
        return after == "planned"
    if before in OPEN:
        return after in (OPEN | CLOSED) and after != before
    return after == "in_progress"


def stands_still(plan_state: str) -> bool:
    """While a plan is paused nothing is asked of anybody: no row is overdue, whatever for."""
    return plan_state == "paused"


def goes_on(plan_state: str, code: str) -> bool:
    """Whether a row can be worked on: while its plan runs, or because it stands still."""
    return plan_state in RUNNING or (stands_still(plan_state) and code.startswith(OF_A_RETURN))


def due_on(
    code: str,
    day: int,
    release: date,
    days: OpenDays,
    *,
    not_before: date | None = None,
) -> date:
    """The civil day of a row: counted from release, off closed days, never before `not_before`.

    Before release it rolls back to a working day, after it forward; the release day stands.
    """
    found = release + timedelta(days=day)
    if rolls(code, day):
        found = days.back(found) if day < 0 else days.on(found)
    return found if not_before is None else max(found, not_before)


def is_slip(release: date, today: date) -> bool:
    """A year that nobody can have meant: it would pull every row to today, or out of sight."""
    return not today - LONG_AGO <= release <= today + FAR_AHEAD


def cautions(
    release: date, certainty: str, plan: Mapping[str, Any], days: OpenDays, *, today: date
) -> list[str]:
    """What a worker may want to think of before a date is set: words for them, never a refusal.

    `plan` as it was found; `days` are those of the place to come.
    """
    found = list[str]()
    if release not in days:
        found.append("on_closed_day")
    elif release + timedelta(days=1) not in days:
        found.append("before_closed_days")
    if CERTAINTIES.index(certainty) > CERTAINTIES.index(plan["certainty"]):
        found.append("less_certain")
    if certainty != "confirmed" and release <= today + A_WEEK:
        found.append("soon_and_not_confirmed")
    if release < today:
        found.append("in_the_past")
    return found


def day_of(row: Mapping[str, Any], cycle: int | None = None) -> int:
    """The day offset of a row's present cycle, or of another."""
    day: int = row["day"] + (row["cycle"] if cycle is None else cycle) * (row["repeat_days"] or 0)
    return day


def rolls(code: str, day: int) -> bool:
    """Whether a row moves off a day on which offices are closed; the release day stands."""
    return day != 0 and code not in NEVER_ROLLED and not code.startswith(NEVER_ROLLED_PREFIX)


def next_cycle(row: Mapping[str, Any], today: int) -> int | None:
    """The number of a repeated row's next cycle after the day offset `today`; None after the last.

    Those that have passed meanwhile are not made up for.
    """
    if row["repeat_days"] is None:
        return None
    cycle: int = max(row["cycle"] + 1, (today - row["day"]) // row["repeat_days"] + 1)
    return cycle if day_of(row, cycle) <= row["repeat_until"] else None


def waking_cycle(row: Mapping[str, Any], today: int) -> int:
    """The cycle in which a row wakes: the one that comes, and none that have passed."""
    if row["repeat_days"] is None:
        return 0
    coming: int = -((row["day"] - today) // row["repeat_days"])  # the first not before today
    last: int = (row["repeat_until"] - row["day"]) // row["repeat_days"]
    return max(0, min(coming, last))


def is_live(row: Mapping[str, Any], *, left_custody: bool) -> bool:
    """Rows after release wait for the recorded fact of release, not for its date."""
    return row["state"] in OPEN and (row["day"] <= 0 or left_custody)


def is_overdue(row: Mapping[str, Any], today: date, *, left_custody: bool) -> bool:
    return (
        is_live(row, left_custody=left_custody)
        and row["due_on"] is not None
        and (today - row["due_on"]).days > row["win_after"]
    )


def is_soon(row: Mapping[str, Any], today: date, *, left_custody: bool) -> bool:
    return (
        is_live(row, left_custody=left_custody)
        and row["due_on"] is not None
        and row["due_on"] <= today + SOON
    )


def turn(role: str, row: Mapping[str, Any], today: date) -> str:
    """Whose turn it is with a row that `is_soon`: `now` the reader's, `waiting` for others, `next`.

    What is due, or under way; the rest of the two weeks comes next.
    """
    if row["state"] != "in_progress" and row["due_on"] > today:
        return "next"
    return "now" if row["owner"] == role else "waiting"


def sees(role: str, row: Mapping[str, Any]) -> bool:
    """Which rows a reader under this mandate may know of; what is left out leaves no trace.

    A part that hangs on the person's yes is told to others only once it is under way: before
    that they would see an offer come and go, and so a refusal.
    """
    if role in WORKERS:
        return True
    if role == "CP":
        return bool(row["owner"] == "CP" and row["state"] != "dormant")
    if row["pathway"].startswith("CNS") or row["state"] in {"dormant", "declined"}:
        return False
    wants_a_yes = row["agree"] != "-" or row["kind"] in OPTIONAL_KINDS
    if wants_a_yes and row["state"] not in UNDER_WAY:
        return False
    if role == "PO":
        return bool(
            row["kind"] == "O"
            or (row["pathway"] == "PRB" and row["owner"] == "PO")
            or (row["court"] in {"Y", "A"} and row["state"] == "done")
        )
    if role == "PS":
        return row["kind"] != "V" and (row["owner"] == "PS" or "PS" in row["partners"])
    return role == "TR" and row["owner"] == "TR"


def version_for(role: str, row: Mapping[str, Any]) -> int:
    """The version of a row as this reader knows it: for If-Match, and for nothing else.

    To its workers it is the count of all its changes. To everybody else it is made of what they
    are shown of the row, so it changes when that does, and says nothing of what they are not told.
    """
    if role in WORKERS:
        return int(row["version"])
    shown = "|".join(str(row[name]) for name in SHOWN)
    return int.from_bytes(hashlib.sha256(shown.encode()).digest()) % _VERSIONS + 1


def is_about_another(row: Mapping[str, Any]) -> bool:
    """A row that is a relative's or a mentor's own: a talk with them, their yes, how they are."""
    if "F" in row["agree"]:
        return True
    return row["pathway"] in OF_OTHERS and "PE" not in {row["owner"], *row["partners"]}


def hangs_on_a_yes(row: Mapping[str, Any]) -> bool:
    """Whether the person says yes or no to this very row; a relative's or mentor's is theirs."""
    return not OF_THE_PERSON.isdisjoint(row["agree"]) and not is_about_another(row)


def tells(role: str, event: Mapping[str, Any]) -> bool:
    """Which events of a row's history a reader who sees the row may know of.

    Who of the circle said something, what the person wants a court to hear, that a row was ever
    refused, and what was taken back at once, is for the workers.
    """
    if role in WORKERS:
        return True
    if event["kind"] in {"said", "tick", "undone"} or event["role"] not in SERVICES:
        return False
    woken = event["kind"] == "state" and event["after"] == "planned"
    return event["after"] not in UNTOLD and not woken


def once_begun(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without a beginning of what is under way as it is: a no between the two leaves no trace."""
    told, under_way = list[dict[str, Any]](), False
    for event in events:
        begins = event["before"] == "planned" and event["after"] == "in_progress"
        if not (begins and under_way):
            told.append(event)
        under_way = event["after"] == "in_progress"
    return told


def changes(role: str, row: Mapping[str, Any]) -> bool:
    """Whether this mandate may change a row that it sees."""
    if role in WORKERS:
        return True
    if role == "PO":
        return bool(row["pathway"] == "PRB")
    return bool(row["owner"] == role)


def may_say(role: str, state: str | None, cause: str | None, *, dates: bool, tick: bool) -> bool:
    """Whether this mandate may write such a change on a row that it may change.

    The person's tick for the court, and what the person wants, go through their worker; a service
    tells what became of its own part, and why only where it lay with the service itself.
    """
    if role in WORKERS:
        return True
    if tick or state in {"declined", "planned"}:
        return False
    if role == "PO":
        return True
    return not dates and state in OWN_PART and cause in {None, "service_side"}


def goes_with_pathway(pathway: str, rows: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Ids of the rows that a no to a whole pathway declines.

    What is under way or planned of its V and N rows, where it hangs on the person's own yes. What
    a relative alone said yes to is theirs to stop; a core row, and what must be there on the day
    or keeps somebody safe, is talked about one by one.
    """
    return [
        row["id"]
        for row in rows
        if row["pathway"] == pathway and row["state"] in OPEN and is_own_offer(row)
    ]


def is_own_offer(row: Mapping[str, Any]) -> bool:
    """An offer or a need that hangs on the person's own yes, and that they can leave as a whole."""
    return (
        row["kind"] in OPTIONAL_KINDS
        and row["late_start"] > MUST_BE
        and not OF_THE_PERSON.isdisjoint(row["agree"])
    )


def falls_with(declined: Collection[str], rows: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Ids of the rows that the refusal of rows of one pathway makes pointless.

    Everything that depends on them, however far, among the V and N rows of that pathway, but what
    must be there on the day.
    """
    every = list(rows)
    pathways = {row["pathway"] for row in every if row["code"] in declined}
    fallen, found = set(declined), []
    grown = True
    while grown:
        grown = False
        for row in every:
            if (
                row["code"] not in fallen
                and row["pathway"] in pathways
                and row["kind"] in OPTIONAL_KINDS
                and row["late_start"] > MUST_BE
                and row["state"] in OPEN | {"dormant"}
                and fallen & set(row["depends"])
            ):
                fallen.add(row["code"])
                found.append(row["id"])
                grown = True
    return found
