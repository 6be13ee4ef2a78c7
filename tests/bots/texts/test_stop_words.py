from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.texts.stop_words import _HELP, _START, _STOP, LANGUAGES, is_help, is_start_again, is_stop

# The words that the domain names, and its phrases, written again so that none is lost.
PROMISED_WORDS = (
    *("stop", "arrêt", "توقف", "стоп", "тоқта", "acha", "komya", "jɔ"),
    *("berhenti", "ndalo", "запри", "stopp"),
)
PROMISED_PHRASES = {
    "en": ("Stop messages", "I need help"),
    "fr": ("Arrêter les messages", "J'ai besoin d'aide"),
    "ar": ("إيقاف الرسائل", "أحتاج إلى مساعدة"),
    "ru": ("Остановить сообщения", "Нужна помощь"),
    "kk": ("Хабарламаларды тоқтату", "Көмек керек"),
    "sw": ("Acha kutuma ujumbe", "Nahitaji msaada"),
    "lg": ("Komya obubaka", "Neetaaga obuyambi"),
    "bm": ("Ka cikanw jɔ", "N mako bɛ dɛmɛ na"),
    "id": ("Hentikan pesan", "Butuh bantuan"),
    "bs": ("Zaustavi poruke", "Trebam pomoć"),
    "hr": ("Zaustavi poruke", "Trebam pomoć"),
    "sr": ("Заустави поруке", "Треба ми помоћ"),  # noqa: RUF001 - Serbian
    "sq": ("Ndalo mesazhet", "Kam nevojë për ndihmë"),
    "mk": ("Запри ги пораките", "Ми треба помош"),
    "nl": ("Stop berichten", "Ik heb hulp nodig"),
    "nb": ("Stopp meldinger", "Jeg trenger hjelp"),
}
STOPS = sorted({*PROMISED_WORDS, *(stop for stop, _ in PROMISED_PHRASES.values())})
TABLES: dict[Callable[[str], bool], dict[str, tuple[str, ...]]] = {
    is_stop: _STOP,
    is_start_again: _START,
    is_help: _HELP,
}
ALL_WORDS = [(asks, word) for asks, table in TABLES.items() for ws in table.values() for word in ws]

CASES: list[Callable[[str], str]] = [str, str.upper, str.lower, str.title]
# What people put round and between the letters of a word without changing it.
NOISE = st.text(" .,;:!?-_*()«»\"'\u00a0\u200b\u200f\u2026\u0301🛑🙏\n", max_size=4)


@pytest.mark.parametrize("word", STOPS)
def test_every_promised_word_and_phrase_stops(word: str) -> None:
    assert is_stop(word)


@pytest.mark.parametrize("phrase", [phrase for _, phrase in PROMISED_PHRASES.values()])
def test_every_promised_phrase_asks_for_help(phrase: str) -> None:
    assert is_help(phrase)


def test_all_sixteen_languages_can_stop_start_and_ask_for_help() -> None:
    assert set(LANGUAGES) == set(PROMISED_PHRASES)
    assert all(set(table) == set(LANGUAGES) and all(table.values()) for table in TABLES.values())


@given(st.sampled_from(STOPS), st.data())
def test_a_stop_word_counts_however_it_is_decorated(word: str, data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(CASES))
    slash = data.draw(st.sampled_from(["", "/"]))
    letters = "".join(c + data.draw(NOISE) for c in case(word))
    assert is_stop(data.draw(NOISE) + slash + letters)


@given(
    st.sampled_from(STOPS),
    st.text(st.characters(categories=["L", "Nd"]), min_size=4, max_size=12),
    st.booleans(),
)
def test_a_stop_word_in_a_longer_sentence_stops_nothing(
    word: str,
    other: str,
    before: bool,  # noqa: FBT001 - drawn by Hypothesis
) -> None:
    sentence = f"{other} {word}" if before else f"{word} {other}"
    if any(is_stop(part) for part in (other, f"{other}{other}")):
        return  # the other word is one of them, too
    assert not is_stop(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "  ",
        "/",
        "🛑",
        "I cannot stop the bus",
        "stop by tomorrow",
        "non-stop",
        "Je m'arrête demain",
        "jo",
        "stopwatch",
        "2 stop",
    ],
)
def test_an_ordinary_message_stops_nothing(sentence: str) -> None:
    assert not is_stop(sentence)


@pytest.mark.parametrize(
    "message", ["STOP STOP stop", "/stop@some_bot", "Stop\n", "تـــوقف", "ايقاف"]
)
def test_a_stop_that_is_repeated_or_sent_as_a_command_stops(message: str) -> None:
    assert is_stop(message)


@pytest.mark.parametrize("message", ["START", "/start", " /start ", "Start again.", "Reprendre"])
def test_start_alone_takes_a_stop_back(message: str) -> None:
    assert is_start_again(message)


@pytest.mark.parametrize(
    "message", ["/start x8Zq", "/start\nx8Zq", "/start ____", "/start start", "start now", ""]
)
def test_start_with_a_payload_opens_a_link_and_takes_nothing_back(message: str) -> None:
    assert not is_start_again(message)


@pytest.mark.parametrize("message", ["HELP", "/help", "Aide", "À l’aide", "aidez moi"])  # noqa: RUF001
def test_help_is_heard(message: str) -> None:
    assert is_help(message)


@pytest.mark.parametrize(("asks", "word"), ALL_WORDS)
def test_no_word_asks_for_two_things(asks: Callable[[str], bool], word: str) -> None:
    assert [question for question in TABLES if question(word)] == [asks]
