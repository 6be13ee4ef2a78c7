"""The milestone rows that a new plan starts from: package data, read once."""

import csv
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# What can be put on a plan when it opens; the other overlays hang on another date.
OVERLAYS = frozenset(
    {"safety_first", "under18", "no_family", "other_place", "no_supervision", "unplanned"}
)
ADULT_RHYTHM = frozenset({"MEN-10", "MEN-11", "MEN-12"})
RETURN = "return_to_custody"
UNPLANNED = "unplanned"
CRITICAL = 2  # late-start priorities 0 to 2 must exist whatever the time left
_REPEAT = re.compile(r"(\d+)d until (\d+)")


@dataclass(frozen=True)
class TemplateRow:
    """One row. `day` counts from the anchor; `win_before` and `win_after` are days around it."""

    code: str
    overlay: str
    pathway: str
    anchor: str
    day: int
    win_before: int
    win_after: int
    title: str
    owner: str
    partners: tuple[str, ...]
    kind: str
    agree: str
    depends: tuple[str, ...]
    evidence: str
    court: str
    message: str | None
    repeat_days: int | None
    repeat_until: int | None
    light: bool
    late_start: int


@cache
def template_rows() -> tuple[TemplateRow, ...]:
    path = Path(__file__).with_name("plan_templates.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(_row(line) for line in csv.DictReader(file))


@cache
def priorities() -> Mapping[str, int]:
    """By code: 0 rights and safety, 1 what must be there on the day, 2 the first weeks, 3 else."""
    return {row.code: row.late_start for row in template_rows()}


def rows_for(template: str, overlays: Collection[str]) -> tuple[TemplateRow, ...]:
    """The rows of a plan: `full` or `light`, with what the overlays add and take away."""
    return tuple(
        row
        for row in template_rows()
        if row.anchor == "release"
        and (_in_base(row, template) if row.overlay == "base" else row.overlay in overlays)
        and not _removed(row, overlays)
    )


def rows_of_return() -> tuple[TemplateRow, ...]:
    """What a return to custody puts into a plan: counted from that day, whatever its template."""
    return tuple(row for row in template_rows() if row.anchor == RETURN)


def rows_of_unplanned() -> tuple[TemplateRow, ...]:
    """What a release at once puts into a plan, whatever its template."""
    return tuple(row for row in template_rows() if row.overlay == UNPLANNED)


def _in_base(row: TemplateRow, template: str) -> bool:
    return template == "full" or row.light


def _removed(row: TemplateRow, overlays: Collection[str]) -> bool:
    if row.overlay != "base":
        return False
    return (
        ("no_family" in overlays and row.pathway == "FAM")
        or ("no_supervision" in overlays and row.kind == "O")
        or ("under18" in overlays and row.code in ADULT_RHYTHM)
    )


def _row(line: dict[str, str]) -> TemplateRow:
    repeat = _REPEAT.fullmatch(line["repeat"])
    return TemplateRow(
        code=line["code"],
        overlay=line["overlay"],
        pathway=line["pathway"],
        anchor=line["anchor"],
        day=int(line["offset"]),
        win_before=int(line["win_before"]),
        win_after=int(line["win_after"]),
        title=line["milestone"],
        owner=line["owner"],
        partners=_words(line["with"], ","),
        kind=line["kind"],
        agree=line["agree"],
        depends=_words(line["depends"], " "),
        evidence=line["evidence"],
        court=line["court"],
        message=line["msg"] or None,
        repeat_days=int(repeat[1]) if repeat else None,
        repeat_until=int(repeat[2]) if repeat else None,
        light=line["light"] == "Y",
        late_start=int(line["late_start"]),
    )


def _words(text: str, separator: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(separator) if word.strip())
