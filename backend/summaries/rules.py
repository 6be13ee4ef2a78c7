"""What a court may read of a plan: an allow-list, decided without a database.

Only what was done or was ordered is told. What the person chose to do is told
when they ticked it; what they did not do, or were never offered, is not told at
all. A plan in which support was refused and one in which it was never offered
give the same facts, and the same bytes.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from backend.evidence.rules import OF_THE_CIRCLE
from backend.plans.rules import is_live
from backend.second.rules import DELAY
from backend.summaries.content import Attestation, Fact, Period, ReadTo
from backend.summaries.sources import Settled, as_asked, in_words, is_shown, source_of

TYPES = frozenset({"release_plan_report", "start", "periodic", "event", "final"})
# Whose contacts are counted. Mentor, family, trainer and counsellor are chosen, so they are not.
DUTY = ("PO", "SW", "CO", "PS")
MISSED = frozenset({"missed_with_reason", "missed_no_contact"})
TRIES = 3
# Who may record what became of a draft: who knows the person reads it to them, and a coordinator
# looks at it. Whoever read it aloud, or checked it, has seen all of it; who tried may not have.
RECORDERS: Mapping[str, frozenset[str]] = {
    "read": frozenset({"SW", "PO"}),
    "tried": frozenset({"SW", "PO"}),
    "checked": frozenset({"SW", "PO", "CO"}),
}
SEEN = frozenset({"read", "checked"})
LISTED = ("PO", "appointments")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Material:
    """The rows that facts are made of; nothing else of a plan is looked at.

    `settled` says by whom a row is done, by code; `cycles` on which days a repeated row was done,
    and by which role; `stopped` is the day on which a row became impossible; `contacts`, how often
    the person was reached by a role, and `appointments` are counts.
    """

    milestones: Sequence[Row]
    settled: Mapping[str, Settled]
    cycles: Mapping[str, Sequence[tuple[date, str]]]
    stopped: Mapping[str, date]
    contacts: Mapping[str, int]
    appointments: Mapping[tuple[str, str], int]
    supervision: bool
    left_custody: bool


def may_be_told(row: Row) -> bool:
    """Ordered rows, and core rows that asked for nobody's yes; all others by the person's tick.

    Counselling needs an authorisation that cannot be recorded yet, so it is never told.
    """
    if row["court"] not in {"Y", "A"} or row["pathway"].startswith("CNS"):
        return False
    if row["evidence"] == "summary":
        return False  # a summary does not report on summaries
    ordered = row["kind"] == "O"
    given_to_all = row["kind"] == "C" and row["agree"] == "-"
    return bool(ordered or given_to_all or row["show_court"])


def facts_of(found: Material, period: Period, words: Mapping[str, str]) -> list[Fact]:
    """The facts of a period, good news first, numbered; their order hangs on content alone."""
    told = sorted(
        (row for row in found.milestones if row["code"] in words and may_be_told(row)),
        key=lambda row: row["code"],
    )
    facts = [
        *sorted(_done(told, found, period, words), key=lambda fact: fact.on),
        *_kept(found, period, words),
        *_counts(told, found, period, words),
        *_contacts(found, period, words),
        *sorted(_open(told, found, period, words), key=lambda fact: fact.on),
        *sorted(_obstacles(told, found, period, words), key=lambda fact: fact.on),
        *_cancelled(found, period, words),
    ]
    return [
        msgspec.structs.replace(fact, id=f"F{number}") for number, fact in enumerate(facts, start=1)
    ]


def _of_row(row: Row, kind: Any, text: str, on: date, source: tuple[str, str]) -> Fact:
    role, said = source
    return Fact(kind=kind, text=text, source_role=role, source=said, on=on, pathway=row["pathway"])


def _settled(row: Row, found: Material) -> Settled:
    if "settled" in row:  # before the plan was reopened for another release
        of_then: Settled = row["settled"]
        return of_then
    return found.settled.get(row["code"], as_asked(row))


def _done(
    rows: Collection[Row], found: Material, period: Period, words: Mapping[str, str]
) -> Iterator[Fact]:
    for row in rows:
        settled = _settled(row, found)
        if (
            row["court"] == "Y"
            and row["state"] == "done"
            and period.holds(row["done_on"])
            and is_shown(row, settled)
        ):
            source = source_of(row, settled, words)
            yield _of_row(row, "done", words[row["code"]], row["done_on"], source)


def _open(
    rows: Collection[Row], found: Material, period: Period, words: Mapping[str, str]
) -> list[Fact]:
    """Ordered rows that fell due in the period. What comes later is the live plan's matter."""
    return [
        _of_row(
            row,
            "open",
            words["open"].format(title=words[row["code"]]),
            row["due_on"],
            in_words(row["owner"], row["evidence"], words),
        )
        for row in rows
        if row["kind"] == "O"
        and row["court"] == "Y"
        and is_live(row, left_custody=found.left_custody)
        and period.holds(row["due_on"])
    ]


def _obstacles(
    rows: Collection[Row], found: Material, period: Period, words: Mapping[str, str]
) -> list[Fact]:
    """What a service could not give. Other causes would tell about health or cases elsewhere."""
    return [
        _of_row(
            row,
            "obstacle",
            words["obstacle"].format(title=words[row["code"]]),
            found.stopped[row["code"]] if row["court"] == "Y" else period.ends,
            in_words(row["owner"], "record", words),
        )
        for row in rows
        if row["state"] == "not_possible"
        and row["cause"] == "service_side"
        and period.holds(found.stopped.get(row["code"]))
    ]


def _counts(
    rows: Collection[Row], found: Material, period: Period, words: Mapping[str, str]
) -> list[Fact]:
    """Rows of which a court may know the number and no date, by pathway and by who knows it."""
    totals: dict[tuple[str, str], int] = {}
    for row in rows:
        if row["court"] != "A":
            continue
        for on, settled in _times(row, found):
            if period.holds(on) and is_shown(row, settled):
                role, _ = source_of(row, settled, words)
                totals[row["pathway"], role] = totals.get((row["pathway"], role), 0) + 1
    return [
        _count(f"count:{pathway}", (role, "count"), period, words, count=total)
        for (pathway, role), total in sorted(totals.items())
    ]


def _times(row: Row, found: Material) -> list[tuple[date | None, Settled]]:
    if row["repeat_days"] is None:
        return [(row["done_on"], _settled(row, found))] if row["state"] == "done" else []
    return [
        (on, Settled(role, "said" if role in OF_THE_CIRCLE else "act"))
        for on, role in found.cycles.get(row["code"], ())
    ]


def _contacts(found: Material, period: Period, words: Mapping[str, str]) -> list[Fact]:
    """Times the person was reached, by role."""
    return [
        _count("contacts", (role, "contact"), period, words, count=total)
        for role in DUTY
        if (total := found.contacts.get(role, 0))
    ]


def _kept(found: Material, period: Period, words: Mapping[str, str]) -> list[Fact]:
    """Kept appointments with the probation service; under an order, of how many.

    What the service cancelled, or the person moved in time, is not among the `of`.
    """
    kept = found.appointments.get(("PO", "attended"), 0)
    due = kept + sum(found.appointments.get(("PO", state), 0) for state in MISSED)
    if found.supervision and due:
        return [_count("kept_of", LISTED, period, words, count=kept, of=due)]
    if kept:
        return [_count("kept", LISTED, period, words, count=kept)]
    return []


def _cancelled(found: Material, period: Period, words: Mapping[str, str]) -> list[Fact]:
    total = found.appointments.get(("PO", "cancelled_by_service"), 0)
    if not total:
        return []
    fact = _count("cancelled_by_service", LISTED, period, words, count=total)
    return [msgspec.structs.replace(fact, kind="obstacle")]


def _count(
    key: str,
    said_by: tuple[str, str],
    period: Period,
    words: Mapping[str, str],
    *,
    count: int,
    of: int | None = None,
) -> Fact:
    role, source = said_by
    return Fact(
        kind="count",
        text=words[key].format(count=count, of=of, role=words[f"role:{role}"]),
        source_role=role,
        source=in_words(role, source, words)[1],
        on=period.ends,
        count=count,
        of=of,
    )


def heard(readings: Sequence[Row]) -> Attestation | None:
    """What stands for "the person knows this version"; None where nothing does yet.

    `readings` are those of this very draft, oldest first. One reading is enough; without
    one, tries on three different days are. What somebody checked, the person did not hear.
    """
    read = [row for row in readings if row["kind"] == "read"]
    tried = sorted({row["read_on"] for row in readings if row["kind"] == "tried"})
    if read:
        last = read[-1]
        return Attestation(ReadTo(last["read_on"], last["language"], last["role"]), [])
    return Attestation(None, tried) if len(tried) >= TRIES else None


def seen_by_another(readings: Sequence[Row], issuer: UUID) -> bool:
    """Whether somebody else than who issues it has seen this very draft, and stands for it.

    With every comment that the issuer wrote down: what came later, nobody else has seen.
    """
    last = max((row["recorded_at"] for row in readings if _words_of(row, issuer)), default=None)
    return any(
        row["kind"] in SEEN
        and row["recorded_by"] != issuer
        and (last is None or last <= row["recorded_at"])
        for row in readings
    )


def _words_of(row: Row, issuer: UUID) -> bool:
    return row["recorded_by"] == issuer and row["comment"] is not None


def a_day_old(readings: Sequence[Row], now: datetime) -> bool:
    """What stands for another person where there is none: this very draft has lain for a day.

    So has every comment on it.
    """
    first = min((row["recorded_at"] for row in readings), default=now)
    spoken = [row["recorded_at"] for row in readings if row["comment"] is not None]
    return bool(now - max([first, *spoken]) >= DELAY)
