import re

import pytest

from backend.summaries.rules import DUTY
from backend.summaries.wording import words
from backend.templates.reading import standard

# What no summary says of anybody, and words that judge without a fact.
SHUNNED = re.compile(
    r"offend|ex-con|inmate|terror|extrem|radical|jihad|danger|manipulat|denial|refus|risk|risqu"
    r"|always|never|clearly|obviously|seems|probably|toujours|jamais|clairement|semble|d[ée]tenu"
    r"|prison|crime|infraction|health|sant[ée]|religi|psych|counsel|!",
    re.IGNORECASE,
)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_row_that_a_court_may_know_of_has_words(language: str) -> None:
    known = words(language)
    assert all(known.values())
    for row in standard().rows:
        if row.court == "N" or row.pathway.startswith("CNS") or row.evidence == "summary":
            assert row.code not in known
            continue
        assert row.code in known
        assert f"role:{row.owner}" in known
        assert f"source:{row.evidence}" in known
        if row.court == "A":
            assert f"count:{row.pathway}" in known
    assert all(f"role:{role}" in known for role in DUTY)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_fixed_word_judges_or_labels(language: str) -> None:
    assert [text for text in words(language).values() if SHUNNED.search(text)] == []


def test_both_languages_fill_the_same_places() -> None:
    place = re.compile(r"\{\w+\}")
    for key, text in words("en").items():
        assert sorted(place.findall(text)) == sorted(place.findall(words("fr")[key])), key


def test_a_summary_ends_with_the_fixed_sentence() -> None:
    assert words("en")["closing"] == (
        "Voluntary support is not reported unless the person wishes it; its absence means nothing."
    )


def test_an_agency_of_another_language_gets_english() -> None:
    assert words("sw") == words("en")
