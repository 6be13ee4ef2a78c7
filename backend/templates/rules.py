"""What a plan may hold: the rows of a template, and which of them a plan begins with. No I/O."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

BASE = "base"
UNPLANNED, RECALL, UNSUPERVISED = "unplanned", "recall", "no_supervision"
# What can be put on a plan; the other overlays hang on another date than that of the release.
OVERLAYS = frozenset(
    {"safety_first", "under18", "no_family", "other_place", UNSUPERVISED, UNPLANNED}
)
LONG_CHAIN, SHORT_CHAIN = "report_chain", "report_chain_short"
RELEASE, RETURN, SUMMARY = "release", "return_to_custody", "summary_due"
# From which date the rows of an overlay are counted; all others from the release.
ANCHORS: Mapping[str, str] = {RECALL: RETURN, LONG_CHAIN: SUMMARY, SHORT_CHAIN: SUMMARY}
FULL, LIGHT = "full", "light"
PATHWAYS = (
    *("PLN", "VOC", "FAM", "CNS-P", "CNS-S", "CNS-X", "PRB", "HOU", "IDD", "HLT", "FIN", "MEN"),
)
CRITICAL = 2  # late-start priorities 0 to 2 must exist whatever the time left


@dataclass(frozen=True)
class TemplateRow:
    """One row. `day` counts from the anchor; `win_before` and `win_after` are days around it.

    It belongs to an overlay or to the base, and is left out of a plan with an overlay of `unless`.
    `says` are plain words for paper, by language.
    """

    code: str
    overlay: str
    unless: tuple[str, ...]
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
    source: str = ""
    says: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Template:
    """All rows with their overlays; `pathways` are the names of the agency's own, by code."""

    rows: Sequence[TemplateRow]
    pathways: Mapping[str, str]

    @cached_property
    def by_code(self) -> Mapping[str, TemplateRow]:
        return {row.code: row for row in self.rows}

    def rows_for(self, size: str, overlays: Collection[str]) -> tuple[TemplateRow, ...]:
        """The rows of a plan: `full` or `light`, with what the overlays add and take away."""
        return tuple(
            row
            for row in self._of(RELEASE)
            if (size == FULL or row.light if row.overlay == BASE else row.overlay in overlays)
            and not set(row.unless) & set(overlays)
        )

    def rows_of_return(self) -> tuple[TemplateRow, ...]:
        """What a return to custody puts into a plan: counted from that day, whatever its size."""
        return tuple(self._of(RETURN))

    def rows_of_unplanned(self) -> tuple[TemplateRow, ...]:
        """What a release at once puts into a plan, whatever its size."""
        return tuple(row for row in self.rows if row.overlay == UNPLANNED)

    def rows_of_chain(self, overlay: str) -> tuple[TemplateRow, ...]:
        """The steps to a summary for a court: counted from the day on which it is due."""
        return tuple(row for row in self._of(SUMMARY) if row.overlay == overlay)

    def _of(self, anchor: str) -> Iterator[TemplateRow]:
        return (row for row in self.rows if row.anchor == anchor)


@dataclass(frozen=True)
class Difference:
    """A row that a version `added`, `removed` or `changed`; `fields` are those that differ."""

    kind: str
    row: TemplateRow
    fields: tuple[str, ...] = ()


def differences(before: Template, after: Template) -> list[Difference]:
    """In the order of the codes."""
    found = []
    for code in sorted(before.by_code.keys() | after.by_code.keys()):
        was, is_ = before.by_code.get(code), after.by_code.get(code)
        if is_ is None:
            found.append(Difference("removed", before.by_code[code]))
        elif was is None:
            found.append(Difference("added", is_))
        elif changed := _changed(was, is_, before, after):
            found.append(Difference("changed", is_, changed))
    return found


def _changed(
    was: TemplateRow, is_: TemplateRow, before: Template, after: Template
) -> tuple[str, ...]:
    named = before.pathways.get(was.pathway) != after.pathways.get(is_.pathway)
    names = (one.name for one in fields(TemplateRow))
    changed = tuple(name for name in names if _compared(was, name) != _compared(is_, name))
    return (*changed, "pathway_name") if named else changed


def _compared(row: TemplateRow, name: str) -> Any:
    """Codes that stand in any order are the same."""
    value = getattr(row, name)
    return frozenset(value) if name in {"unless", "partners", "depends"} else value
