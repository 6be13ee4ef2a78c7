"""What every text of every language promises to whoever reads it, and to whoever looks over."""

import re
from datetime import date, datetime, time
from pathlib import Path

import pytest
from fluent.runtime import FluentResource
from fluent.syntax.ast import Junk, Message, SelectExpression
from fluent.syntax.visitor import Visitor

from backend.messages.wording import ALIASES, MAX_ALIAS, MAX_LINE, forbidden, scan
from bots.texts import catalogue
from bots.texts.buttons import BUTTONS
from bots.texts.catalogue import LANGUAGES, MissingValue, UnfitValue, Value, keys, needs, render
from bots.texts.language import Language

FOLDER = Path(catalogue.__file__).parent

# The messages that the product promises, by the only readers who may be told for whom they are.
WITH_ALIAS = ("MEN-TASK", "GATE-7", "GATE-3", "GATE-0", "NIGHT1", "CONTACT", "CONTACT72")
WITHOUT_ALIAS = (
    *("LINK-WAIT", "WELCOME-M", "WELCOME-F", "WELCOME-P", "UNKNOWN", "STOP-OK", "PAUSE"),
    *("GATE-7-F", "GATE-3-F", "GATE-1", "GATE-0-F", "GATE-WAIT", "GATE-OFF", "CANT-PENDING"),
    *("APPT-7", "APPT-3", "APPT-1", "APPT-MISSED", "APPT-MOVED", "CIR-INV", "SUM-ASK", "SUM-READ"),
    *("FAM-CALL", "FAM-PREP", "FAM-HOW", "GOODNEWS", "MEN-CARE", "MEN-END", "CLOSE", "CLOSE-F"),
    *("UNPL", "TASKS", "OOH", "FREETEXT", "CRISIS", "CRISIS-NODUTY", "CRISIS-QUIET"),
)
# What a dialogue answers on its own, to anybody.
ANSWERS = (
    *("PIN-ASK", "PIN-WRONG", "PIN-DEAD", "SHARED-OK", "CHECK-WORD", "CHECK-WRONG", "NOT-ME"),
    *("DATE-ASK", "DATE-OK", "NO-DATE", "APPT-OFF", "NOTED", "UNDONE", "UNDO-LATE", "LATE"),
    *("NOT-KEPT", "UNREAD"),
    *("CARE-COMING", "WHY-M"),
    *("HELP", "HELP-COMING", "WHY", "WHOSE", "NO-FILES", "BUTTON-OLD", "LANGUAGE", "LANGUAGE-OK"),
    *("QUIET", "QUIET-OK", "START-OK", "DELETE-ASK"),
)
# All that a chat may be told. A place, a reason, a name of somebody are not among it.
VARIABLES = {
    *("service_alias", "worker_alias", "duty_alias", "human_alias", "alias"),
    *("date", "time", "next_open", "n"),
    *("duty_phone", "emergency_number", "crisis_line"),
}
LONGEST: dict[str, Value] = {
    **dict.fromkeys(
        ("service_alias", "worker_alias", "duty_alias", "human_alias", "alias"), "W" * MAX_ALIAS
    ),
    **dict.fromkeys(("duty_phone", "emergency_number", "crisis_line"), "9" * MAX_LINE),
    "date": date(2031, 9, 24),
    "time": time(18, 30),
    "next_open": datetime(2031, 9, 24, 18, 30),  # noqa: DTZ001 - a local time
    "n": 88,
}
USUAL: dict[str, Value] = {
    "service_alias": "Horizon Desk",
    "worker_alias": "Cedar",
    "human_alias": "Cedar",
    "duty_alias": "Indigo",
    "alias": "Azur",
    "duty_phone": "+000 71 000 000",
    "emergency_number": "112",
    "crisis_line": "000 11 22",
    "date": date(2031, 3, 1),
    "time": time(9),
    "n": 3,
    "next_open": datetime(2031, 3, 10, 8, 30),  # noqa: DTZ001 - a local time
}
SHOWN_LINES = [str(USUAL[name]) for name in ("duty_phone", "emergency_number", "crisis_line")]
# What somebody may have saved as an alias, and what is left of it; None: it is refused.
HOSTILE = {
    "x" * 5000: "x" * MAX_ALIAS,
    "\u202eruzA\u2066\u200f": "ruzA",
    "Azur\n\nis\r\x00late\u2028": "Azur is late",
    "<b>Azur</b><a href='x'>": "bAzurba href'x'",
    "*Azur* _now_ `code`": "Azur now code",
    "{date} { $alias } %s ${n}": "date alias s n",
    "Azur 🙂👨‍👩‍👧🏴‍☠️!!!": "Azur",
    "@azur /stop #azur": "azur stop azur",
    "Zale\u0301\u0302\u0303" + "\u0304" * 60: "Zal\u00e9\u0302\u0303" + "\u0304" * 18,
    "Иванова-Петрова Мария Ильинична": "Иванова-Петрова Мария Ил",
    "tap t.me/azur now": "tap now",
    "Prison Azur": None,
    "Az p.r.i.s.o.n": None,
    "🙂": None,
    "": None,
}
EVERY = [(key, language) for language in LANGUAGES for key in BUTTONS]
each_text = pytest.mark.parametrize(("key", "language"), EVERY)


def labels(key: str, language: str) -> list[str]:
    return [button.label for button in render(key, language, USUAL).buttons]


def test_nothing_promised_is_missing_and_nothing_else_is_there() -> None:
    assert len({*WITH_ALIAS, *WITHOUT_ALIAS}) == 44
    assert sorted(keys()) == sorted((*WITH_ALIAS, *WITHOUT_ALIAS, *ANSWERS))
    assert {"en", "fr"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_holds_every_text_whole_and_once(language: str) -> None:
    body = FluentResource((FOLDER / f"{language}.ftl").read_text(encoding="utf-8")).body
    names = [entry.id.name for entry in body if isinstance(entry, Message)]
    assert [entry.content for entry in body if isinstance(entry, Junk)] == []
    assert sorted(names) == sorted({*BUTTONS, "day", "day-month", "moment"})


@each_text
def test_every_language_offers_the_same_answers_and_speaks_of_the_same_things(
    key: str, language: str
) -> None:
    text = Language(language, (FOLDER / f"{language}.ftl").read_text(encoding="utf-8"))
    assert set(text.labels(key)) == set(BUTTONS[key])
    assert needs(key, language) == needs(key, "en")
    assert needs(key, language) <= VARIABLES


@each_text
def test_only_mentors_and_staff_read_an_alias_for_somebody(key: str, language: str) -> None:
    assert ("alias" in needs(key, language)) == (key in WITH_ALIAS)


@each_text
def test_a_text_is_short_even_with_the_longest_values(key: str, language: str) -> None:
    text = render(key, language, LONGEST)
    assert len(text.body) <= 300
    assert all(len(label) <= 24 for label in labels(key, language))


@each_text
def test_a_text_asks_one_thing_and_never_raises_its_voice(key: str, language: str) -> None:
    words = " ".join([render(key, language, USUAL).body, *labels(key, language)])
    assert words.count("?") <= 1
    assert not set(words) & set("!\u00a1*_<>[]`#@/\t\n")
    assert not re.search("[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]", words)
    assert "  " not in words


@each_text
def test_a_text_and_its_buttons_name_nothing_that_tells(key: str, language: str) -> None:
    assert scan(render(key, language, USUAL).body, SHOWN_LINES) == []
    assert [scan(label) for label in labels(key, language) if scan(label)] == []


@each_text
def test_what_a_locked_screen_shows_is_harmless(key: str, language: str) -> None:
    first = render(key, language, USUAL).body[:60].casefold()
    alarming = "danger crisis crise emergency secours suicid hurt mal blood abus violen afraid peur"
    assert [word for word in alarming.split() if re.search(rf"\b{word}", first)] == []
    assert forbidden(first) == []


@each_text
def test_a_text_blames_nobody(key: str, language: str) -> None:
    words = render(key, language, USUAL).body.casefold()
    blame = "must|should|fail|fault|forgot|too late|devez|oblig|faute|échou|oubli|en retard|manqué"
    assert re.search(rf"\b({blame})", words) is None


@pytest.mark.parametrize(("value", "left"), HOSTILE.items(), ids=map(repr, range(len(HOSTILE))))
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_value_can_break_out_of_a_text(language: str, value: str, left: str | None) -> None:
    aliases = dict.fromkeys(
        ("service_alias", "worker_alias", "duty_alias", "human_alias", "alias"), value
    )
    for key in keys():
        if left is None and needs(key, language) & set(aliases):
            with pytest.raises((UnfitValue, MissingValue), match=r"^[a-z_]+$"):
                render(key, language, {**USUAL, **aliases})
            continue
        body = render(key, language, {**USUAL, **aliases}).body
        assert not needs(key, language) & set(aliases) or str(left) in body
        assert len(body) <= 300
        assert scan(body, SHOWN_LINES) == []
        assert not set(body) & set("!<>*_[]{}$@/\n\r\u202e")


@each_text
def test_an_alias_from_the_list_fits_every_text(key: str, language: str) -> None:
    aliases = dict.fromkeys(
        ("service_alias", "worker_alias", "duty_alias", "human_alias", "alias"), ALIASES[-1]
    )
    assert ALIASES[-1] in render(key, language, {**USUAL, **aliases}).body or not (
        needs(key, language) & set(aliases)
    )


@pytest.mark.parametrize("key", BUTTONS)
def test_french_sets_its_own_blanks_and_apostrophes(key: str) -> None:
    words = " ".join([render(key, "fr", USUAL).body, *labels(key, "fr")])
    without_hours = re.sub(r"\d\d:\d\d", "", words)
    assert not re.search(r"(?<!\u202f)[?;]", without_hours)
    assert not re.search(r"(?<!\u00a0):", without_hours)
    assert not re.search(r"«(?!\u00a0)|(?<!\u00a0)»", words)
    assert "'" not in words


@pytest.mark.parametrize("key", BUTTONS)
def test_french_says_vous_and_supposes_no_gender(key: str) -> None:
    words = " ".join([render(key, "fr", USUAL).body, *labels(key, "fr")]).casefold()
    assert not re.search(r"\b(tu|te|toi|ton|ta|tes)\b(?! suite)", words)
    assert not re.search(r"\((e|s|ne)\)|·|\bprévenue?\b|\bseule?\b|\bprête?s\b", words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_count_has_a_form_for_one_and_for_several(language: str) -> None:
    class Forms(Visitor):
        found: list[str]

        def visit_SelectExpression(self, node: SelectExpression) -> None:  # noqa: N802 - Fluent's
            self.found = [getattr(v.key, "name", "") for v in node.variants]

    forms = Forms()
    body = FluentResource((FOLDER / f"{language}.ftl").read_text(encoding="utf-8")).body
    forms.visit([m for m in body if isinstance(m, Message) and m.id.name == "TASKS"])
    assert {"one", "other"} <= set(forms.found)


def test_each_language_is_offered_by_its_own_name() -> None:
    assert set(BUTTONS["LANGUAGE"]) == set(LANGUAGES)
    names = {tuple(labels("LANGUAGE", language)) for language in LANGUAGES}
    assert names == {("English", "Français")}
