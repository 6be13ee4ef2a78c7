"""What a template has to hold, whoever changes it: what keeps people safe, and what the steps need.

The program acts on some rows by their code (somebody at the gate, the first night, the way back),
so these stay what they are; words, days, windows and owners are the agency's.
"""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from backend.messages.wording import forbidden
from backend.plans.rules import MUST_BE, NEVER_ROLLED
from backend.templates.reading import EVERY_OVERLAY, Amiss, standard
from backend.templates.rules import (
    ANCHORS,
    BASE,
    OVERLAYS,
    PATHWAYS,
    RELEASE,
    Template,
    TemplateRow,
)
from backend.words import words_of

OF_A_PLAN = ("NSR-", "MTG-")  # of what a review agrees on, or a meeting decides
COUNSELLING, SPIRITUAL = ("CNS-P", "CNS-S", "CNS-X"), "CNS-X"
UNTOLD = frozenset({"FAM", "HLT", SPIRITUAL})  # pathways of which no court is told a row
MOST_CYCLES = 60
LABELS = ("label", "offence", "risk")  # of what no message may say: no row of a plan either
A_FORMULA = tuple("=+-@\t")  # what a spreadsheet would calculate
_THE = "\N{ARABIC LETTER ALEF}\N{ARABIC LETTER LAM}"  # which Arabic writes with the word
Found = Iterator[tuple[str, str]]  # a column, and what is amiss in it


def amiss(of: Template) -> list[Amiss]:
    """Each thing that is amiss, by the code of its row."""
    found = [Amiss(row.code, *one) for row in of.rows for one in _of_row(row, of)]
    return [*found, *_together(of)]


def _of_row(row: TemplateRow, of: Template) -> Found:
    yield from _words(row, of)
    yield from _place(row, of)
    yield from _privacy(row)
    yield from _roles(row)
    yield from _rhythm(row)
    yield from _need(row, of)
    if was := standard().by_code.get(row.code):
        yield from _as_it_was(row, was)
        if _is_kept(was):
            yield from _kept_as_it_was(row, was)


def _words(row: TemplateRow, of: Template) -> Found:
    said = {"milestone": row.title, "src": row.source}
    said |= {f"words_{language}": text for language, text in row.says}
    said |= {"pathway_name": of.pathways.get(row.pathway, "")}
    for column, text in said.items():
        if text.startswith(A_FORMULA):
            yield column, "It begins with a sign that spreadsheets take for a formula."
        if found := label_in(text):
            yield column, f"No row labels anybody: say it without {found!r}."


def _place(row: TemplateRow, of: Template) -> Found:
    if row.overlay in ANCHORS and row.anchor != ANCHORS[row.overlay]:
        yield "anchor", f"Rows of {row.overlay} count from {ANCHORS[row.overlay]}."
    if row.overlay not in ANCHORS and row.anchor != RELEASE:
        yield "anchor", "Rows of this overlay count from release."
    if not OVERLAYS.issuperset(row.unless):
        yield "unless", f"Some of {', '.join(sorted(OVERLAYS))}."
    if row.overlay in row.unless:
        yield "unless", "It would be put there and left out by the same overlay."
    if row.pathway not in PATHWAYS and not of.pathways.get(row.pathway):
        yield "pathway", "A pathway of your own has a name: pathway_name, in one of its rows."
    if row.pathway in PATHWAYS and row.pathway in of.pathways:
        yield "pathway_name", "This pathway has a name."
    if row.code.startswith(OF_A_PLAN):
        yield "code", "These codes are those of steps that a review or a meeting agrees on."
    if row.owner in row.partners or len(set(row.partners)) < len(row.partners):
        yield "with", "Each is named once, the owner not again."


def _privacy(row: TemplateRow) -> Found:
    """What counselling, health and families are told of to nobody, and a no stays unseen."""
    if row.pathway in UNTOLD and row.court != "N":
        yield "court", "No court is told a row of this pathway: N."
    if row.pathway in COUNSELLING and row.court == "Y":
        yield "court", "Of counselling a court hears a number at most: A or N."
    if row.code not in standard().by_code and row.court != "N":
        yield "court", "A row of your own is told to no court: N."
    if row.pathway == SPIRITUAL and (row.evidence not in {"offer", "none"} or row.message):
        yield "evidence", "Of spiritual support nothing is recorded but the offer: offer or none."
    if row.kind == "V" and row.agree == "-":
        yield "agree", "An offer hangs on a yes."


def _roles(row: TemplateRow) -> Found:
    if (row.owner == "CP") > (row.pathway == "CNS-P") or (row.owner == "CS") > (
        row.pathway == SPIRITUAL
    ):
        yield "owner", "Counsellors have the rows of counselling alone."
    if row.pathway == "CNS-P" and row.owner != "CP":
        yield "owner", "Psychological counselling is the counsellor's: CP."
    if row.owner == "FA" and row.pathway != "FAM":
        yield "owner", "Relatives have rows of the family alone."
    asked = {(one.message, one.owner) for one in standard().rows}
    if row.message and (row.message, row.owner) not in asked:
        yield "msg", "The standard sends no such message about a row of this owner."


def _rhythm(row: TemplateRow) -> Found:
    if row.repeat_days is None or row.repeat_until is None:
        return
    if row.anchor != RELEASE:
        yield "repeat", "Only what counts from the release is repeated."
    if row.repeat_days < 1 or row.repeat_until < row.day:
        yield "repeat", "It would never come again."
    elif (row.repeat_until - row.day) // row.repeat_days > MOST_CYCLES:
        yield "repeat", f"It would come more than {MOST_CYCLES} times."


def _need(row: TemplateRow, of: Template) -> Found:
    """What it waits for is there whenever it is: in the base, or in the same overlay."""
    for code in row.depends:
        other = of.by_code.get(code)
        if other is None:
            yield "depends", f"There is no row {code}."
        elif other.overlay not in {BASE, row.overlay}:
            yield "depends", f"{code} is in an overlay that need not be there."
        elif _leads_to(code, row.code, of, set()):
            yield "depends", f"{row.code} and {code} would wait for each other."


def _leads_to(start: str, end: str, of: Template, seen: set[str]) -> bool:
    if start == end:
        return True
    seen.add(start)
    row = of.by_code.get(start)
    return row is not None and any(
        _leads_to(code, end, of, seen) for code in row.depends if code not in seen
    )


def _as_it_was(row: TemplateRow, was: TemplateRow) -> Found:
    """A code keeps its meaning: what the program does about it hangs on these."""
    if (row.pathway, row.overlay) != (was.pathway, was.overlay):
        yield "code", f"{row.code} belongs to {was.pathway}, {was.overlay}: take another code."
    if row.court not in {was.court, "N"}:
        yield "court", f"For this row {was.court} or N."
    if (was.message or "") != (row.message or "") and row.message:
        yield "msg", f"For this row {was.message or 'none'}."
    if was.agree != "-" and row.agree == "-":
        yield "agree", "It hung on a yes, and goes on to."
    if row.kind != was.kind and "O" in {row.kind, was.kind}:
        yield "kind", f"What is ordered is no agency's to say: {was.kind}."
    if row.evidence != was.evidence and (row.court != "N" or was.overlay in ANCHORS):
        yield (
            "evidence",
            f"A court hears of it, or a step hangs on it: {was.evidence}.",
        )


def _kept_as_it_was(row: TemplateRow, was: TemplateRow) -> Found:
    if row.kind != was.kind:
        yield "kind", f"This must stay {was.kind}."
    if row.late_start > was.late_start:
        yield "late_start", f"No later than {was.late_start}: it may not be lost."
    if row.message != was.message:
        yield "msg", f"This must stay {was.message or 'empty'}."
    if row.unless != was.unless:
        yield "unless", "This must stay as it was."
    if was.code in NEVER_ROLLED and row.day != was.day:
        yield "offset", f"It is the day itself: {was.day}."
    if was.light and not row.light:
        yield "light", "It is in the light template too: Y."


def _together(of: Template) -> Iterator[Amiss]:
    if len(of.by_code) < len(of.rows):
        codes = [row.code for row in of.rows]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        yield Amiss("", "code", f"Twice there: {', '.join(twice)}.")
    for was in standard().rows:
        if _is_kept(was) and was.code not in of.by_code:
            yield Amiss("", "code", f"{was.code} may not be left out: {was.title}.")
    for overlay in EVERY_OVERLAY:
        if overlay in ANCHORS and not any(row.overlay == overlay for row in of.rows):
            yield Amiss("", "overlay", f"No row of {overlay} is left.")


def _is_kept(row: TemplateRow) -> bool:
    """Rights and safety, what must be there on the day, and what the program acts on by name."""
    return row.late_start <= MUST_BE or row.code in NEVER_ROLLED or row.overlay in KEPT_WHOLE


KEPT_WHOLE = frozenset({"unplanned", *ANCHORS})


def label_in(text: str) -> str | None:
    """A word that labels somebody, or says what they believe; None where there is none."""
    if text in _standard_words():
        return None  # these were read by humans
    for word in words_of(text):
        bare = word.removeprefix(_THE)
        if any(bare.startswith(stem) for stem in _stems()):
            return word
    return next(iter(forbidden(text, of=LABELS)), None)


@cache
def _standard_words() -> frozenset[str]:
    return frozenset(row.title for row in standard().rows)


@cache
def _stems() -> frozenset[str]:
    path = Path(__file__).with_name("labels.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return frozenset("".join(words_of(line["stem"])) for line in csv.DictReader(file))
