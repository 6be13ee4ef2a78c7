"""What no agency takes out of its template, and what it may."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from backend.plans.rules import MUST_BE, NEVER_ROLLED
from backend.templates.checks import amiss, label_in
from backend.templates.reading import read_line, standard
from backend.templates.rules import ANCHORS, Template, TemplateRow

OWN = read_line(
    {"code": "OWN-01", "pathway": "HOU", "offset": -10, "milestone": "A key is made", "owner": "SW",
     "kind": "C"}
).row()  # fmt: skip


def of(rows: Iterable[TemplateRow], **pathways: str) -> Template:
    return Template(tuple(rows), pathways)


def but(code: str, **values: Any) -> Template:
    """The standard, but for a row."""
    return of(replace(r, **values) if r.code == code else r for r in standard().rows)


def found(template: Template) -> list[tuple[str, str]]:
    return [(one.where, one.column) for one in amiss(template)]


def test_the_standard_holds() -> None:
    assert amiss(standard()) == []


def test_days_windows_owners_words_and_rows_of_its_own_are_the_agencys() -> None:
    assert found(but("HOU-02", day=-120, win_before=3, win_after=30, owner="CO")) == []
    assert found(but("PLN-01", title="Begin: who sees what, and that one may say no")) == []
    assert found(of([*standard().rows, OWN])) == []
    own = replace(OWN, pathway="HOP")
    assert found(of([*standard().rows, own], HOP="Things to look forward to")) == []
    assert found(of([*standard().rows, own])) == [("OWN-01", "pathway")]


def test_what_nobody_needs_may_be_left_out_and_what_waits_for_it_is_told() -> None:
    left = [row for row in standard().rows if row.code != "COM-02"]
    assert found(of(left)) == []
    left = [row for row in standard().rows if row.code != "COM-01"]
    assert found(of(left)) == [("COM-02", "depends")]


@pytest.mark.parametrize(
    "code",
    [
        row.code
        for row in standard().rows
        if row.late_start <= MUST_BE
        or row.code in NEVER_ROLLED
        or row.overlay in {"unplanned", *ANCHORS}
    ],
)
def test_rights_safety_the_day_itself_and_the_ways_back_stay(code: str) -> None:
    was = standard().by_code[code]
    left = [row for row in standard().rows if row.code != code]
    assert ("", "code") in found(of(left))
    for values in ({"kind": "V" if was.kind != "V" else "C"}, {"late_start": was.late_start + 1}):
        assert (code, next(iter(values))) in found(but(code, **values))


@pytest.mark.parametrize("code", ["CNS-01", "CNS-11", "CNS-07", "FAM-01", "HLT-01"])
def test_no_court_is_told_of_counselling_health_or_the_family(code: str) -> None:
    assert (code, "court") in found(but(code, court="Y"))


def test_no_court_is_told_a_row_for_which_nobody_has_reviewed_words() -> None:
    assert found(of([*standard().rows, replace(OWN, court="Y")])) == [("OWN-01", "court")]


def test_counsellors_and_relatives_keep_to_what_is_theirs() -> None:
    for owner in ("CP", "CS", "FA"):
        assert found(of([*standard().rows, replace(OWN, owner=owner)])) == [("OWN-01", "owner")]
    assert ("CNS-02", "owner") in found(but("CNS-02", owner="SW"))
    assert ("CNS-12", "evidence") in found(but("CNS-12", evidence="attendance"))


def test_an_offer_stays_one() -> None:
    assert ("VOC-03", "agree") in found(but("VOC-03", agree="-"))
    assert ("HOU-02", "agree") in found(but("HOU-02", agree="-"))


def test_a_code_keeps_its_meaning() -> None:
    assert ("HOU-02", "code") in found(but("HOU-02", pathway="IDD"))
    assert ("MEN-10", "msg") in found(but("MEN-10", message="MEN-TASK"))
    for code in ("VOC-03", "VOC-06"):  # what nobody is ordered to is not told as if they were
        assert (code, "kind") in found(but(code, kind="O"))
    for code, evidence in (("PRB-10", "doc"), ("SUM-1", "reply"), ("SUP-6", "doc")):
        assert (code, "evidence") in found(but(code, evidence=evidence))
    assert ("GAT-01", "offset") in found(but("GAT-01", day=-6))
    assert ("OWN-01", "msg") in found(of([*standard().rows, replace(OWN, message="CONTACT")]))


def test_rows_wait_for_none_that_need_not_be_there_and_for_none_that_waits_for_them() -> None:
    assert ("HOU-02", "depends") in found(but("HOU-02", depends=("WOM-01",)))
    assert found(but("WOM-02", depends=("WOM-01",))) == []
    ring = found(but("PLN-01", depends=("PLN-04",)))
    assert ("PLN-01", "depends") in ring
    assert ("OWN-01", "depends") in found(of([*standard().rows, replace(OWN, depends=("OWN-01",))]))


@pytest.mark.parametrize(("days", "until"), [(0, 30), (7, -11), (1, 100)])
def test_what_repeats_comes_again_and_not_for_ever(days: int, until: int) -> None:
    own = replace(OWN, repeat_days=days, repeat_until=until)
    assert found(of([*standard().rows, own])) == [("OWN-01", "repeat")]


def test_no_row_labels_anybody_in_a_language_that_we_know() -> None:
    for words in ("Talk about extremist views", "Entretien de déradicalisation",
                  "Le niveau de dangerosité", "برنامج مكافحة التطرف", "His RELIGION"):  # fmt: skip
        assert label_in(words), words
        own = replace(OWN, title=words)
        assert ("OWN-01", "milestone") in found(of([*standard().rows, own]))
    for words in ("Risk assessment", "Niveau de risque", "Reoffending talk", "e x t r e m i s t"):
        assert label_in(words), words
    assert [label_in(row.title) for row in standard().rows] == [None] * len(standard().rows)


@pytest.mark.parametrize("sign", list("=+-@"))
def test_no_title_is_a_formula_of_a_spreadsheet(sign: str) -> None:
    own = replace(OWN, title=sign + "1+cmd|' /C calc'!A0")
    assert ("OWN-01", "milestone") in found(of([*standard().rows, own]))


def test_codes_stand_there_once_and_are_not_those_of_a_review() -> None:
    assert ("", "code") in found(of([*standard().rows, OWN, OWN]))
    assert found(of([*standard().rows, replace(OWN, code="NSR-01")])) == [("NSR-01", "code")]
