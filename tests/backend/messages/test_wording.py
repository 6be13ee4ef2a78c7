from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.messages.wording import (
    ALIASES,
    MAX_ALIAS,
    MAX_LINE,
    Unfit,
    UnfitAlias,
    UnfitLine,
    check_alias,
    check_line,
    fold,
    forbidden,
    plain,
    scan,
)

# One word at least for each thing that no chat may name, in each of the two languages.
TELLING = """
    offence offender reoffending crime infraction délit délinquant récidive guilty coupable
    sentence sentenced peine sursis extremist extrémisme terrorist terreur radicalised radicale
    prison imprisonment prisonnier emprisonné jail inmate détenu détention incarcération custody
    écrou court courthouse tribunal judge juge justice probation probatoire parole police policier
    gendarmerie release released libération libéré sortie conviction condamné risk risque religion
    religieux mosque mosquée chaplain aumônier health santé hospital hôpital doctor médecin therapy
    thérapie counselling diagnosis diagnostic reintegration réinsertion rehabilitation throughcare
""".split()  # noqa: SIM905 - a list of words reads best as words

# Near misses that people need every day.
HARMLESS = """
    courteous courtesy courage cours encourage policy politics crimson Crimea arrêt arrêter détente
    extrême extreme parc press presse justify juste risotto lease offer office liberté
    central concert cultural culture medieval conseil conseiller patient patienter support
    accompagnement libellule terrace terroir convince
""".split()  # noqa: SIM905


@pytest.mark.parametrize(
    "disguise",
    [
        str,
        str.upper,
        lambda word: f"un {word}, demain",
        " ".join,
        "-".join,
        lambda word: f"{word[:2]}\u200b{word[2:]}",
        lambda word: f"{word[:3]}-{word[3:]}",
        lambda word: word.translate(str.maketrans("aeopcyx", "аеорсух")),  # noqa: RUF001 - Cyrillic
        lambda word: word.translate(str.maketrans("oei", "031")),
        lambda word: "".join(chr(ord(c) + 0xFEE0) if c.isascii() else c for c in word),
    ],
)
def test_a_telling_word_is_found_in_every_dress(disguise: Callable[[str], str]) -> None:
    assert [word for word in TELLING if not forbidden(disguise(word))] == []


@pytest.mark.parametrize("word", HARMLESS)
def test_a_word_that_merely_looks_alike_stays_free(word: str) -> None:
    assert forbidden(word) == []


def test_a_telling_phrase_is_found_across_its_apostrophes() -> None:
    assert forbidden("une mise à l’épreuve") == ["mise a l epreuve"]  # noqa: RUF001


def test_a_capital_i_and_a_one_pass_for_an_l() -> None:
    assert forbidden("poIice") == forbidden("po1ice") == ["police"]


def test_the_answer_names_the_entry_and_nothing_twice() -> None:
    assert forbidden("Prison, prisons and prisoners") == ["prison"]


@pytest.mark.parametrize(
    ("alias", "reason"),
    [
        ("", Unfit.EMPTY),
        ("  ", Unfit.EMPTY),
        ("A" * 25, Unfit.TOO_LONG),
        ("JD", Unfit.INITIALS),
        ("12", Unfit.NUMBER),
        ("+216 71 234 567", Unfit.NUMBER),
        ("12 mars", Unfit.NUMBER),
        ("Azur 2", Unfit.NUMBER),
        ("٠١٢", Unfit.NUMBER),
        ("@azur", Unfit.ADDRESS),
        ("azur.example", Unfit.ADDRESS),
        ("https://azur", Unfit.ADDRESS),
        ("Az\nur", Unfit.CONTROL),
        ("Azur\x00", Unfit.CONTROL),
        ("Az\u202eur", Unfit.CONTROL),
        ("Az\u200bur", Unfit.CONTROL),
        ("\u3164\u3164\u3164", Unfit.CONTROL),
        ("Azur!", Unfit.CHARACTER),
        ("<b>Azur", Unfit.CHARACTER),
        ("Azur 🙂", Unfit.CHARACTER),
        ("-Azur", Unfit.CHARACTER),
        ("J. D. M.", Unfit.CHARACTER),
        ("Prison Desk", Unfit.FORBIDDEN),
        ("Le Tribunal", Unfit.FORBIDDEN),
    ],
)
def test_an_unfit_alias_is_refused_with_its_reason_and_not_repeated(
    alias: str, reason: Unfit
) -> None:
    with pytest.raises(UnfitAlias) as refusal:
        check_alias(alias)
    assert refusal.value.reason is reason
    assert isinstance(refusal.value, ValueError)
    assert not alias.strip() or alias not in str(refusal.value)


@pytest.mark.parametrize(
    "alias", ["Azur", "Horizon Desk", "L'Érable", "Côté-Jardin", "أزرق", "Көк", "Bɛlɛbɛlɛ"]
)
def test_letters_of_any_script_make_an_alias(alias: str) -> None:
    assert check_alias(alias) == alias


def test_an_alias_is_saved_composed_and_with_single_blanks() -> None:
    assert check_alias("  E\u0301toile\u00a0  bleue ") == "Étoile bleue"


@given(st.one_of(st.text(max_size=30), st.text("AzurÉ -'bleukɔж", max_size=26)))
@example("ﷺ" * 3)  # one character that NFKC writes out as eighteen
def test_whatever_is_typed_an_alias_that_passes_is_one_clean_line(typed: str) -> None:
    try:
        alias = check_alias(typed)
    except UnfitAlias as refusal:
        assert refusal.reason in Unfit  # noqa: PT017 - most of what is drawn is unfit
        return
    assert 3 <= len(alias) <= MAX_ALIAS
    assert alias.isprintable()
    assert forbidden(alias) == []
    assert plain(alias) == alias
    assert check_alias(alias) == alias


def test_every_alias_on_the_list_may_be_saved_and_is_there_once() -> None:
    assert [check_alias(alias) for alias in ALIASES] == list(ALIASES)
    assert len({fold(alias) for alias in ALIASES}) == len(ALIASES) >= 200
    assert all(len(alias) <= 12 for alias in ALIASES)


@pytest.mark.parametrize("line", ["112", "+216 71 000 000", "3114 (24 h)", "Ligne bleue: 80.10.11"])
def test_a_line_that_a_text_may_show_is_kept_as_it_is(line: str) -> None:
    assert check_line(line) == line


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", Unfit.EMPTY),
        ("9" * (MAX_LINE + 1), Unfit.TOO_LONG),
        ("112\n113", Unfit.CONTROL),
        ("help@agency.example", Unfit.ADDRESS),
        ("Probation 112", Unfit.FORBIDDEN),
        ("112 <b>", Unfit.CHARACTER),
    ],
)
def test_an_unfit_line_is_refused_when_it_is_saved_and_not_when_it_is_needed(
    line: str, reason: Unfit
) -> None:
    with pytest.raises(UnfitLine) as refusal:
        check_line(line)
    assert refusal.value.reason is reason


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        ("Call +216 71 234 567.", "phone number"),
        ("Call 0612345678.", "phone number"),
        ("See you on 12/03/2031.", "numeric date"),
        ("See you on 2031-03-12.", "numeric date"),
        ("See t.me/azur.", "link"),
        ("See https://agency.", "link"),
        ("Ask @azur.", "link"),
        ("Azur \u202e", "control character"),
        ("The prison", "prison"),
    ],
)
def test_a_scan_names_what_should_not_have_left(body: str, finding: str) -> None:
    assert finding in scan(body)


def test_a_scan_lets_pass_what_the_agency_means_to_show() -> None:
    body = "Nobody reads until Monday 9 March, 08:30. Urgent: +216 71 000 000. Danger: 190."
    assert scan(body, ["+216 71 000 000", "190", ""]) == []
    assert scan(body) == ["phone number"]


def test_a_scan_lets_pass_the_marks_that_keep_two_directions_apart() -> None:
    assert scan("Bonjour, ici \u2068أزرق\u2069.") == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("<b>Azur</b>", "bAzurb"),
        ("{date}", "date"),
        ("Azur\r\n\u2028bleu", "Azur bleu"),
        ("\u202eruzA\u2066", "ruzA"),
        ("Azur 🙂👍🏽", "Azur"),
        ("/stop @azur", "stop azur"),
        ("+216 71.000.000", "+216 71.000.000"),
        ("L’Érable-rouge", "L’Érable-rouge"),  # noqa: RUF001
    ],
)
def test_a_value_is_shown_as_one_plain_line(value: str, shown: str) -> None:
    assert plain(value) == shown


@given(st.text())
def test_no_value_survives_with_a_sign_that_formats_links_or_turns(value: str) -> None:
    shown = plain(value)
    assert not set(shown) & set("<>*_[]{}@/\\`~|#!\n\r\t\u202e\u2066")
    assert plain(shown) == shown
