"""The words of the sheets: each in each language, and none that harms whoever is found with it."""

import csv
from pathlib import Path
from string import ascii_letters

import pytest

import backend.papers
from backend.errors import Unfit
from backend.messages.wording import forbidden
from backend.papers.rules import COUNSELLING, DAY_ONE, HOURS, KEPT_OFF, SHEETS, WEEKS, tells
from backend.papers.timeline import PATHWAYS, SPANS
from backend.papers.wording import LANGUAGES, Words
from backend.plans.rules import is_about_another
from backend.templates.reading import standard
from tests.world import a_day

HERE = Path(next(iter(backend.papers.__path__)))
# A step of the person's own that stands on no paper, and why.
OFF_PAPER = {
    **dict.fromkeys(("VOC-13", "HOU-07"), "a figure for the agency"),
    "FAM-07": "children: whoever finds it knows of them",
    "FIN-02": "debts: whoever finds it can use them",
    **dict.fromkeys(("WOM-01", "WOM-02"), "why somebody is afraid"),
}
# What the person was promised to find on a sheet, as the whole world says it.
PROMISED = {"clinic", "cliniq", "counsel", "medic", "medicament", "conditionnelle"}


def _table(name: str) -> list[dict[str, str]]:
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["words", "steps"])
def test_each_word_is_there_in_each_language(name: str) -> None:
    lines = _table(name)
    first = next(iter(lines[0]))
    assert len({one[first] for one in lines}) == len(lines)
    for one in lines:
        assert list(one) == [first, *LANGUAGES]
        assert all(text and text == text.strip() for text in one.values()), one
        assert not set(one["ar"]) & set(ascii_letters), one
        assert not any("!" in text for text in one.values()), one


def _wanted() -> set[str]:
    shown = {f"{sheet}.title" for sheet in SHEETS} | {f"item.{name}" for name in DAY_ONE}
    shown |= {f"do.{name}" for day in (*HOURS, *WEEKS) for name in day}
    shown |= {f"pathway.{one}" for one in PATHWAYS} | {f"span.{days}" for days in SPANS}
    return shown


def test_whatever_a_sheet_asks_for_has_words() -> None:
    assert _wanted() <= {one["key"] for one in _table("words")}
    assert {one.pathway for one in standard().rows} == set(PATHWAYS)


def test_each_step_has_its_words_or_stands_on_no_paper() -> None:
    written = {one["code"] for one in _table("steps")}
    rows = {one.code: one for one in standard().rows if one.anchor == "release"}
    off = set()
    for code, one in rows.items():
        line = {"agree": one.agree, "pathway": one.pathway, "owner": one.owner}
        another = is_about_another({**line, "partners": one.partners})
        hidden = one.pathway in KEPT_OFF or one.pathway.startswith(COUNSELLING)
        if another or hidden or code in OFF_PAPER:
            off.add(code)
    assert written == rows.keys() - off
    asked = {code for codes in (DAY_ONE, *HOURS, *WEEKS) for code in codes.values() if code}
    assert asked <= rows.keys()


def test_but_for_the_rights_no_sheet_says_what_it_is_about() -> None:
    for one in _table("words"):
        kind = one["key"].split(".")[0]
        if kind in {"plan", "right", "who", "timeline", "pathway"}:
            continue
        for language in ("en", "fr"):
            said = set(forbidden(one[language])) - PROMISED
            assert not said, (one["key"], said)
        if kind in {"card", "word"}:
            assert not any(tells(one[language]) for language in LANGUAGES), one


@pytest.mark.parametrize(
    ("place", "telling"),
    [
        ("12 Linden Street", False),
        ("Maison des associations, 2e étage", False),
        ("شارع الحبيب بورقيبة، عدد 12", False),
        ("دار الشباب", False),
        ("Prison gate", True),
        ("PR1SON gate", True),
        ("Tribunal de première instance", True),
        ("Commissariat de police", True),
        ("السجن المدني", True),
        ("أمام المحكمة", True),
        ("للشرطة", True),
        ("مستشفى المدينة", True),
        ("مكتب المصاحبة", True),
        ("عيادة الحي", True),
    ],
)
def test_a_place_that_tells_is_known(place: str, telling: bool) -> None:  # noqa: FBT001
    assert tells(place) == telling


def test_months_are_called_as_in_the_country() -> None:
    day = a_day().replace(month=1, day=9)
    assert "جانفي" in Words("ar", "TN").day(day, day)
    assert "يناير" in Words("ar", "MA").day(day, day)
    assert "يناير" in Words("ar", "BE").day(day, day)  # no such place speaks it: as anywhere
    assert "january" in Words("en", None).day(day, day).lower()
    assert str(day.year) in Words("fr", "TN").day(day, day.replace(year=day.year - 1))


def test_a_language_without_words_is_refused() -> None:
    with pytest.raises(Unfit):
        Words("ru")
