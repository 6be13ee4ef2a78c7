from datetime import UTC, date, datetime, time

import pytest

from bots.texts import catalogue
from bots.texts.catalogue import (
    LANGUAGES,
    Button,
    MissingText,
    MissingValue,
    UnfitValue,
    Value,
    day,
    keys,
    needs,
    render,
)
from bots.texts.language import Language

GATE: dict[str, Value] = {"alias": "Azur", "date": date(2031, 3, 12), "time": time(9)}
APPOINTMENT: dict[str, Value] = {"service_alias": "Horizon", **GATE}


def body(key: str, language: str, **values: Value) -> str:
    return render(key, language, values).body


def test_english_says_the_weekday_the_day_and_the_hour() -> None:
    assert body("GATE-7", "en", **GATE) == (
        "Next Wednesday, 12 March at 09:00: you wanted to meet Azur. Is that still possible?"
    )


def test_french_says_them_as_people_do_there() -> None:
    assert body("GATE-7", "fr", **GATE) == (
        "Le mercredi 12 mars à 09:00, vous souhaitiez retrouver Azur. "
        "Est-ce toujours possible\u202f?"
    )


def test_buttons_come_in_the_order_of_the_table_and_in_the_language_of_the_reader() -> None:
    assert render("GATE-7", "fr", GATE).buttons == (
        Button("yes", "Oui"),
        Button("no", "Non"),
        Button("call_me", "Appelez-moi"),
    )


def test_a_day_without_a_weekday_beside_it_carries_its_own() -> None:
    assert body("PAUSE", "en", date=date(2031, 3, 12)).endswith("until Wednesday 12 March.")
    assert body("PAUSE", "fr", date=date(2031, 3, 12)).endswith("jusqu’au mercredi 12 mars.")  # noqa: RUF001


def test_the_first_of_a_month_is_said_as_the_french_say_it() -> None:
    assert day(date(2031, 3, 1), "fr") == "samedi 1er mars"
    assert day(date(2031, 3, 21), "fr") == "vendredi 21 mars"
    assert day(date(2031, 3, 1), "en") == "Saturday 1 March"


def test_the_weekday_alone_follows_from_the_date() -> None:
    assert "in three days, Wednesday at 09:00" in body("APPT-3", "en", **APPOINTMENT)


@pytest.mark.parametrize(
    ("language", "moment"),
    [("en", "Monday 9 March, 08:30"), ("fr", "lundi 9 mars à 08:30")],
)
def test_the_next_opening_is_a_day_and_an_hour(language: str, moment: str) -> None:
    opening = datetime(2026, 3, 9, 8, 30, tzinfo=UTC)
    assert f" {moment}." in body("CRISIS-QUIET", language, next_open=opening)


@pytest.mark.parametrize("hour", [time(0, 5), time(13, 45), time(23, 59)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_hours_run_to_twenty_four(language: str, hour: time) -> None:
    assert f"{hour:%H:%M}" in body("GATE-1", language, time=hour)


def test_values_that_were_kept_as_text_are_read_in_iso_form() -> None:
    kept: dict[str, Value] = {"alias": "Azur", "date": "2031-03-12", "time": "09:00"}
    assert render("GATE-7", "fr", kept) == render("GATE-7", "fr", GATE)
    at = body("CRISIS-QUIET", "en", next_open="2026-03-09T08:30")
    assert "Monday 9 March, 08:30" in at
    assert body("TASKS", "en", n="2") == body("TASKS", "en", n=2)


@pytest.mark.parametrize(
    ("language", "n", "start"),
    [
        ("en", 1, "1 task is due today. Open the app to see it."),
        ("en", 2, "2 tasks are due today. Open the app to see them."),
        ("en", 5, "5 tasks are due today."),
        ("fr", 1, "1 tâche est à faire aujourd’hui. Ouvrez l’application pour la voir."),  # noqa: RUF001
        ("fr", 2, "2 tâches sont à faire aujourd’hui. Ouvrez l’application pour les voir."),  # noqa: RUF001
        ("fr", 5, "5 tâches sont à faire"),
    ],
)
def test_one_task_and_several_tasks_are_said_rightly(language: str, n: int, start: str) -> None:
    assert body("TASKS", language, n=n).startswith(start)


@pytest.mark.parametrize(
    ("key", "language"),
    [("MEN-TASK", "de"), ("MEN-TASK", "EN"), ("MEN-TASK", "../en"), ("NO-SUCH-KEY", "en")],
)
def test_a_text_that_a_language_lacks_is_never_replaced_by_english(key: str, language: str) -> None:
    with pytest.raises(MissingText):
        render(key, language, GATE)


def test_the_words_for_days_are_no_text_of_their_own() -> None:
    with pytest.raises(MissingText):
        render("moment", "en", GATE)


@pytest.mark.parametrize("key", keys())
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_value_that_a_text_needs_is_asked_for_by_name(key: str, language: str) -> None:
    every: dict[str, Value] = {**APPOINTMENT, **dict.fromkeys(needs(key, language), 1)}
    every |= {"date": date(2031, 3, 12), "time": time(9), "next_open": datetime(2031, 3, 9, 8)}  # noqa: DTZ001
    for name in needs(key, language):
        with pytest.raises(MissingValue, match=f"^{name}$"):
            render(key, language, {**every, name: ""})


def test_a_value_that_the_text_does_not_speak_of_is_ignored() -> None:
    assert body("FAM-HOW", "en", alias="Azur", place="the gate") == "How are things this week?"


@pytest.mark.parametrize(
    ("key", "name", "value"),
    [
        ("PAUSE", "date", "next week"),
        ("PAUSE", "date", time(9)),
        ("PAUSE", "date", 7),
        ("PAUSE", "date", "12/03/2031"),
        ("GATE-1", "time", date(2031, 3, 12)),
        ("CRISIS-QUIET", "next_open", date(2031, 3, 12)),
        ("TASKS", "n", "many"),
        ("LINK-WAIT", "worker_alias", "🙂"),
        ("LINK-WAIT", "worker_alias", "Prison Desk"),
        ("LINK-WAIT", "worker_alias", "p r i s o n"),
        ("UNPL", "duty_phone", "9" * 41),
        ("UNPL", "duty_phone", "prison"),
    ],
)
def test_a_value_of_the_wrong_kind_stops_the_text_and_is_not_repeated(
    key: str, name: str, value: Value
) -> None:
    with pytest.raises(UnfitValue) as refusal:
        render(key, "en", {name: value})
    assert str(refusal.value) == name


def test_a_long_alias_is_cut_and_a_long_number_is_not() -> None:
    assert body("LINK-WAIT", "en", worker_alias="A" * 500).startswith(f"Thank you. {'A' * 24} will")
    assert "9" * 40 in body("UNPL", "en", duty_phone="9" * 40)


def test_a_line_with_a_telling_word_still_gives_its_number() -> None:
    """Saving refuses such a line; if one slips through, somebody in danger still needs it."""
    assert "call +000 31 14." in body("UNPL", "en", duty_phone="Prison line +000 31 14")


def test_a_name_that_reads_from_right_to_left_cannot_turn_a_latin_text_round() -> None:
    assert "ici \u2068أزرق\u2069." in body(
        "WELCOME-F", "fr", service_alias="أزرق", worker_alias="Azur"
    )
    assert "\u2068" not in body("WELCOME-F", "fr", service_alias="Azur", worker_alias="Azur")


def test_a_language_that_reads_from_right_to_left_isolates_every_value() -> None:
    arabic = Language("ar", "HELLO = مرحبا { $alias }\n")
    assert arabic.say("HELLO", {"alias": arabic.isolated("Azur")}) == "مرحبا \u2068Azur\u2069"
    assert arabic.say("HELLO", {"alias": arabic.isolated("أزرق")}) == "مرحبا \u2068أزرق\u2069"


def test_a_text_is_read_from_its_file_once() -> None:
    render("FAM-HOW", "en", {})
    before = catalogue._open.cache_info().misses
    render("FAM-HOW", "en", {})
    assert catalogue._open.cache_info().misses == before
