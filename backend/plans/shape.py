"""Which rows a plan holds by its template, size, overlays and supervision; and what a change of
one of these makes of the rows that are there. No I/O.

What is done or refused stays as it is, and so does a day that a hand has set. What somebody works
on stays a row of the plan, and is shown. A row's code keeps its meaning over the versions.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.calendars.rules import OpenDays
from backend.plans import rules
from backend.plans.late_start import critical, still_worth
from backend.templates.rules import UNPLANNED, Template, TemplateRow

Row = Mapping[str, Any]
LEFT_OUT = "left_out"  # `what` of the event by which a row went with its template or an overlay
DEFINED = (
    *("pathway", "title", "day", "win_before", "win_after", "owner", "partners", "kind", "agree"),
    *("depends", "evidence", "court", "message", "repeat_days", "repeat_until", "late_start"),
)
RHYTHM = frozenset({"day", "repeat_days"})


@dataclass(frozen=True)
class Shape:
    """What the rows of a plan hang on; `today` is that of the plan's zone."""

    release: date
    today: date
    days: OpenDays
    supervision: bool
    size: str
    overlays: frozenset[str]


@dataclass(frozen=True)
class Changed:
    """A row of the plan as it is from now on; `fields` are those of its definition that differ."""

    row: Row
    fields: Mapping[str, Any]
    state: str
    due: date | None


@dataclass(frozen=True)
class Reshaped:
    """`stay` would go with the template or an overlay, but somebody is at work on them."""

    new: Sequence[Mapping[str, Any]]
    again: Sequence[Changed]
    changed: Sequence[Changed]
    ended: Sequence[Row]
    stay: Sequence[Row]


def first_rows(template: Template, shape: Shape) -> list[Mapping[str, Any]]:
    """The rows of a plan that begins today: voluntary, need-bound and ordered ones sleep at first.

    So does what is not worth beginning any more; what is, is due at once and not overdue.
    """
    rows = template.rows_for(shape.size, shape.overlays)
    worth = _worth(rows, shape)
    return [_first(row, shape, worth) for row in rows]


def reshaped(
    rows: Iterable[Row],
    before: tuple[Template, Shape],
    after: tuple[Template, Shape],
    busy: Collection[Any],
) -> Reshaped:
    """What a plan's rows become; `busy` are the ids of those on which a date or a word hangs.

    Rows of the plan's own, of a return, of a summary and of a release at once are left as they are.
    """
    template, shape = after
    wanted = {row.code: row for row in template.rows_for(shape.size, shape.overlays)}
    was = {row.code for row in before[0].rows_for(before[1].size, before[1].overlays)}
    worth = _worth(wanted.values(), shape)
    there = {row["code"]: row for row in rows}
    new, again, changed = list[Mapping[str, Any]](), list[Changed](), list[Changed]()
    for code, of in wanted.items():
        row = there.get(code)
        if row is None:
            new.append(_first(of, shape, worth))
        elif row["state"] == "cancelled" and row["what"] == LEFT_OUT:
            first = _first(of, shape, worth)
            again.append(Changed(row, _differs(row, of), first["state"], first["due_on"]))
        elif (one := _kept(row, of, before[1], shape, worth)) is not None:
            changed.append(one)
    gone = [there[code] for code in sorted(was - wanted.keys()) if code in there]
    gone = [row for row in gone if row["state"] in rules.OPEN | rules.ASLEEP]
    stay = [row for row in gone if _is_at_work(row, busy)]
    return Reshaped(new, again, changed, [row for row in gone if row not in stay], stay)


def _is_at_work(row: Row, busy: Collection[Any]) -> bool:
    return row["state"] == "in_progress" or row["pinned"] or row["id"] in busy


def _worth(rows: Iterable[TemplateRow], shape: Shape) -> frozenset[str]:
    every = list(rows)
    worth = still_worth(every, shape.release, shape.today)
    return worth & critical(every) if UNPLANNED in shape.overlays else worth


def _first(row: TemplateRow, shape: Shape, worth: Collection[str]) -> Mapping[str, Any]:
    awake = _is_awake(row.kind, shape) and row.code in worth
    return {
        **vars(row),
        "state": "planned" if awake else "dormant",
        "due_on": _due(row.code, row.day, shape) if awake else None,
    }


def _is_awake(kind: str, shape: Shape) -> bool:
    return kind == "C" or (kind == "O" and shape.supervision)


def _due(code: str, day: int, shape: Shape) -> date:
    return rules.due_on(code, day, shape.release, shape.days, not_before=shape.today)


def _differs(row: Row, of: TemplateRow) -> dict[str, Any]:
    """What is defined otherwise; a row that repeats and has begun keeps its rhythm."""
    said = {name: getattr(of, name) for name in DEFINED}
    said = {name: list(one) if isinstance(one, tuple) else one for name, one in said.items()}
    kept = RHYTHM if row["cycle"] else frozenset()
    return {name: value for name, value in said.items() if row[name] != value and name not in kept}


def _kept(
    row: Row, of: TemplateRow, before: Shape, after: Shape, worth: Collection[str]
) -> Changed | None:
    """A row that stays; None where nothing of it changes, or it is closed."""
    if row["state"] not in rules.OPEN | rules.ASLEEP:
        return None
    fields = _differs(row, of)
    state = _state(row, of, before, after, worth)
    due: date | None = row["due_on"]
    if state == "dormant":
        due = None
    elif row["state"] == "dormant" or ("day" in fields and not row["pinned"]):
        due = _due(of.code, of.day, after)
    if not fields and (state, due) == (row["state"], row["due_on"]):
        return None
    return Changed(row, fields, state, due)


def _state(row: Row, of: TemplateRow, before: Shape, after: Shape, worth: Collection[str]) -> str:
    """Asleep it wakes where it is core, or ordered, only now; ordered it sleeps once it is not."""
    state: str = row["state"]
    new = _is_awake(of.kind, after) and not _is_awake(row["kind"], before)
    if state == "dormant" and new and of.code in worth:
        return "planned"
    lifted = of.kind == "O" and not after.supervision and before.supervision
    return "dormant" if lifted and state == "planned" and not row["pinned"] else state
