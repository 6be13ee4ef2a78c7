"""A template as a table in a file: read with an error for each line that is amiss, and written."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from backend.templates.rules import ANCHORS, BASE, OVERLAYS, Template, TemplateRow
from backend.words import CLEAN, END

LANGUAGES = ("en", "fr", "ar")  # of the plain words for paper
ROLES = ("SW", "CO", "ME", "FA", "CP", "CS", "TR", "PO", "PS", "PE")
EVIDENCE = (
    *("signed", "form", "meeting", "doc", "attendance", "count", "call"),
    *("reply", "offer", "date", "none", "summary", "flag", "contact"),
)
EVERY_OVERLAY = (BASE, *sorted(OVERLAYS | ANCHORS.keys()))
Role = Annotated[str, Meta(pattern=f"^({'|'.join(ROLES)}){END}")]
Day = Annotated[int, Meta(ge=-730, le=1095)]
Window = Annotated[int, Meta(ge=0, le=90)]
Code = Annotated[str, Meta(pattern="^[A-Z]{2,4}-[0-9]{1,2}" + END)]
Codes = Annotated[str, Meta(pattern="^([A-Z]{2,4}-[0-9]{1,2}( |" + END + "))*" + END)]
PATHWAY = "^[A-Z]{3}(-[A-Z]|[A-Z]{0,2})" + END
Pathway = Annotated[str, Meta(pattern=PATHWAY)]
Title = Annotated[str, Meta(min_length=3, max_length=240, pattern=CLEAN)]
Short = Annotated[str, Meta(max_length=60, pattern=CLEAN)]
_REPEAT = re.compile(r"(\d{1,3})d until (\d{1,4})")


class TemplateLine(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A row as it stands in the file: the columns by their names there, all words."""

    code: Code
    overlay: Annotated[str, Meta(pattern=f"^({'|'.join(EVERY_OVERLAY)}){END}")] = BASE
    unless: Annotated[str, Meta(pattern="^[a-z0-9_ ]{0,80}" + END)] = ""
    pathway: Pathway
    pathway_name: Short = ""
    anchor: Literal["release", "return_to_custody", "summary_due"] = "release"
    offset: Day
    win_before: Window = 0
    win_after: Window = 0
    milestone: Title
    owner: Role
    with_: Annotated[str, Meta(pattern="^([A-Z]{2}( *, *|" + END + "))*" + END)] = msgspec.field(
        default="", name="with"
    )
    kind: Literal["C", "V", "N", "O"]
    agree: Annotated[str, Meta(pattern="^(-|P|D|F|FD)" + END)] = "-"
    depends: Codes = ""
    evidence: Annotated[str, Meta(pattern=f"^({'|'.join(EVIDENCE)}){END}")] = "form"
    court: Literal["Y", "A", "N"] = "N"
    msg: Annotated[str, Meta(pattern="^[A-Z0-9-]{0,12}" + END)] = ""
    src: Short = ""
    repeat: Annotated[str, Meta(pattern=f"^({_REPEAT.pattern})?" + END)] = ""
    light: Literal["Y", ""] = ""
    late_start: Annotated[int, Meta(ge=0, le=3)] = 3
    words_en: Short = ""
    words_fr: Short = ""
    words_ar: Short = ""

    def row(self) -> TemplateRow:
        repeat = _REPEAT.fullmatch(self.repeat)
        says = ((one, str(getattr(self, f"words_{one}"))) for one in LANGUAGES)
        return TemplateRow(
            code=self.code,
            overlay=self.overlay,
            unless=tuple(self.unless.split()),
            pathway=self.pathway,
            anchor=self.anchor,
            day=self.offset,
            win_before=self.win_before,
            win_after=self.win_after,
            title=self.milestone,
            owner=self.owner,
            partners=tuple(self.with_.replace(",", " ").split()),
            kind=self.kind,
            agree=self.agree,
            depends=tuple(self.depends.split()),
            evidence=self.evidence,
            court=self.court,
            message=self.msg or None,
            repeat_days=int(repeat[1]) if repeat else None,
            repeat_until=int(repeat[2]) if repeat else None,
            light=self.light == "Y",
            late_start=self.late_start,
            source=self.src,
            says=tuple((language, said) for language, said in says if said),
        )

    @classmethod
    def of(cls, row: TemplateRow, pathways: Mapping[str, str]) -> "TemplateLine":
        """The row as a line again."""
        repeat = f"{row.repeat_days}d until {row.repeat_until}" if row.repeat_days else ""
        return cls(
            code=row.code,
            overlay=row.overlay,
            unless=" ".join(row.unless),
            pathway=row.pathway,
            pathway_name=pathways.get(row.pathway, ""),
            anchor=row.anchor,  # type: ignore[arg-type]
            offset=row.day,
            win_before=row.win_before,
            win_after=row.win_after,
            milestone=row.title,
            owner=row.owner,
            with_=",".join(row.partners),
            kind=row.kind,  # type: ignore[arg-type]
            agree=row.agree,
            depends=" ".join(row.depends),
            evidence=row.evidence,
            court=row.court,  # type: ignore[arg-type]
            msg=row.message or "",
            src=row.source,
            repeat=repeat,
            light="Y" if row.light else "",
            late_start=row.late_start,
            **{f"words_{language}": said for language, said in row.says},
        )


_FIELDS = msgspec.structs.fields(TemplateLine)
COLUMNS = tuple(field.encode_name for field in _FIELDS)
_TYPES: Mapping[str, Any] = {field.encode_name: field.type for field in _FIELDS}
_NEEDED = frozenset(field.encode_name for field in _FIELDS if field.required)
# What each column takes, said to whoever put something else there.
TAKES: Mapping[str, str] = {
    "code": "Two to four capital letters, a hyphen and a number, as in PLN-01.",
    "overlay": f"One of {', '.join(EVERY_OVERLAY)}.",
    "unless": "Overlays with which the row is left out, with blanks between them.",
    "pathway": "The code of a pathway: three to five capital letters, or CNS-P, CNS-S, CNS-X.",
    "pathway_name": "Up to 60 signs: the name of a pathway of your own.",
    "anchor": "One of release, return_to_custody, summary_due.",
    "offset": "A whole number of days from -730 to 1095.",
    "win_before": "A whole number of days from 0 to 90.",
    "win_after": "A whole number of days from 0 to 90.",
    "milestone": "3 to 240 signs on one line.",
    "owner": f"One of {', '.join(ROLES)}.",
    "with": f"Some of {', '.join(ROLES)}, with commas between them.",
    "kind": "C (core), V (an offer), N (where there is a need) or O (where it is ordered).",
    "agree": "- (nobody's yes), P (the person's), F (the relative's), D (to tell it) or FD.",
    "depends": "Codes of other rows, with blanks between them.",
    "evidence": f"One of {', '.join(EVIDENCE)}.",
    "court": "Y (fact and day), A (a number alone) or N (never).",
    "msg": "The key of a message, as in the rows of the standard.",
    "src": "Up to 60 signs.",
    "repeat": "As in 7d until 28: every 7 days, until day 28.",
    "light": "Y, or empty.",
    "late_start": "0, 1, 2 or 3.",
    "words_en": "Up to 60 signs: plain words for paper.",
    "words_fr": "Up to 60 signs: plain words for paper.",
    "words_ar": "Up to 60 signs: plain words for paper.",
}
MOST_ROWS = 400
_UNKNOWN = "There is no such column."


@dataclass(frozen=True)
class Amiss:
    """What is wrong: `where` is a line of the file (its head is 1), or the code of a row."""

    where: str
    column: str
    why: str


class Malformed(Exception):
    """`errors`: each thing that is amiss."""

    def __init__(self, errors: Sequence[Amiss]) -> None:
        super().__init__(errors)
        self.errors = errors


@cache
def standard() -> Template:
    """What every agency begins with: package data."""
    path = Path(__file__).with_name("standard.csv")
    return read(path.read_text(encoding="utf-8"))


def read(text: str) -> Template:
    """The rows of a file, each for itself; `checks` says what they have to be together.

    A table of a spreadsheet, with commas, semicolons or tabs. Raises Malformed.
    """
    lines = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").splitlines()
    if not lines:
        raise Malformed([Amiss("", "", "The file is empty.")])
    counts = {sign: lines[0].count(sign) for sign in ",;\t"}
    try:
        table = list(csv.reader(lines, delimiter=max(counts, key=counts.__getitem__), strict=True))
    except csv.Error as error:
        raise Malformed([Amiss("", "", f"This is no table: {error}.")]) from error
    head = [name.strip().lower() for name in table[0]]
    _check_head(head)
    errors, found = list[Amiss](), list[TemplateLine]()
    for number, cells in enumerate(table[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        try:
            found.append(_line(number, head, cells))
        except Malformed as error:
            errors += error.errors
    if len(found) > MOST_ROWS:
        errors.append(Amiss("", "", f"A template has up to {MOST_ROWS} rows."))
    if errors:
        raise Malformed(errors)
    return template(found)


def template(lines: Iterable[TemplateLine]) -> Template:
    """Of its lines. Raises Malformed for a pathway with two names."""
    known = list(lines)
    names = {line.pathway: line.pathway_name for line in known if line.pathway_name}
    errors = [
        Amiss(line.code, "pathway_name", f"It is {names[line.pathway]!r} elsewhere.")
        for line in known
        if line.pathway_name and line.pathway_name != names[line.pathway]
    ]
    if errors:
        raise Malformed(errors)
    return Template(tuple(line.row() for line in known), names)


def write(of: Template) -> str:
    """The same as a file that `read` takes."""
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    table.writeheader()
    for row in of.rows:
        table.writerow(msgspec.to_builtins(TemplateLine.of(row, of.pathways)))
    return out.getvalue()


def _check_head(head: Sequence[str]) -> None:
    unknown, missing = set(head) - set(COLUMNS), _NEEDED - set(head)
    errors = [Amiss("line 1", name, _UNKNOWN) for name in sorted(unknown)]
    errors += [Amiss("line 1", name, "This column is missing.") for name in sorted(missing)]
    if len(set(head)) < len(head):
        errors.append(Amiss("line 1", "", "A column stands there twice."))
    if errors:
        raise Malformed(errors)


def _line(number: int, head: Sequence[str], cells: Sequence[str]) -> TemplateLine:
    if len(cells) > len(head):
        raise Malformed([Amiss(f"line {number}", "", "There are more cells than columns.")])
    given = {name: cell.strip() for name, cell in zip(head, cells, strict=False)}
    try:
        return read_line({name: cell for name, cell in given.items() if cell})
    except Malformed as error:
        where = f"line {number}"
        raise Malformed([replace(one, where=where) for one in error.errors]) from error


def read_line(given: Mapping[str, Any]) -> TemplateLine:
    """One row by its columns; each is looked at, so that all that is amiss is told at once.

    Raises Malformed.
    """
    wrong = sorted((_NEEDED - given.keys()) | {name for name in given if _is_wrong(name, given)})
    if wrong:
        raise Malformed([Amiss("", name, TAKES.get(name, _UNKNOWN)) for name in wrong])
    return msgspec.convert(given, TemplateLine, strict=False)


def _is_wrong(name: str, given: Mapping[str, Any]) -> bool:
    try:
        msgspec.convert(given[name], _TYPES[name], strict=False)
    except (KeyError, msgspec.ValidationError):
        return True
    return False
