"""Every word that a person reads in a chat, in that person's language.

A text is plain: it goes out without parse mode, and no value can format, link or
mention. A language that lacks a text raises; nobody is sent English in silence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache, lru_cache
from pathlib import Path

from backend.messages.wording import MAX_ALIAS, MAX_LINE, forbidden, plain
from bots.texts.buttons import BUTTONS
from bots.texts.language import Language

Value = str | int | date | time | datetime

_FOLDER = Path(__file__).parent
LANGUAGES = tuple(sorted(file.stem for file in _FOLDER.glob("*.ftl")))

KEPT = 1024  # words and days that were looked at before

# A variable that is in none of these three has no place in a chat.
_ALIASES = frozenset({"service_alias", "worker_alias", "duty_alias", "human_alias", "alias"})
_LINES = frozenset({"emergency_number", "crisis_line", "duty_phone"})
_MOMENTS: dict[str, Callable[[str], Value]] = {
    "date": date.fromisoformat,
    "weekday": date.fromisoformat,
    "time": time.fromisoformat,
    "next_open": datetime.fromisoformat,
}


class MissingText(LookupError):
    """The language has no such text: the message is blocked and becomes a task."""


class MissingValue(LookupError):
    """The text speaks of something that the caller did not give."""


class UnfitValue(ValueError):
    """A value that no text may show; the error names the variable, never what it holds."""


@dataclass(frozen=True, slots=True)
class Button:
    action: str
    label: str


@dataclass(frozen=True, slots=True)
class Text:
    body: str
    buttons: tuple[Button, ...] = ()


def keys() -> tuple[str, ...]:
    return tuple(BUTTONS)


def needs(key: str, language: str) -> frozenset[str]:
    """The values that this text cannot do without. Raises MissingText."""
    return frozenset(map(_given_as, _variables(key, language)))


def render(key: str, language: str, values: Mapping[str, Value]) -> Text:
    """A text and its buttons, in the order of BUTTONS.

    `date`, `time` and `next_open` (a datetime) are already local to the reader and
    may come in ISO form; `weekday` follows from `date`. What the text does not
    speak of is ignored. Raises MissingText, MissingValue, UnfitValue.
    """
    names = _variables(key, language)
    spoken = {name: _spoken(name, values, names, language) for name in names}
    return Text(_open(language).say(key, spoken), _buttons(key, language))


def day(value: date, language: str) -> str:
    """A day as a button shows it: "Wednesday 12 March"."""
    return _open(language).day(value)


@cache
def _open(language: str) -> Language:
    if language not in LANGUAGES:
        raise MissingText(f"there are no texts in {language!r}")
    source = (_FOLDER / f"{language}.ftl").read_text(encoding="utf-8")
    return Language(language, source)


@cache
def _variables(key: str, language: str) -> frozenset[str]:
    if key not in BUTTONS or key not in _open(language).keys:
        raise MissingText(f"there is no text {key!r} in {language!r}")
    return _open(language).needs(key)


@cache
def _buttons(key: str, language: str) -> tuple[Button, ...]:
    labels = _open(language).labels(key)
    if missing := [action for action in BUTTONS[key] if action not in labels]:
        raise MissingText(f"{key!r} lacks the buttons {missing} in {language!r}")
    return tuple(Button(action, labels[action]) for action in BUTTONS[key])


def _given_as(name: str) -> str:
    return "date" if name == "weekday" else name


def _spoken(
    name: str, values: Mapping[str, Value], names: frozenset[str], language: str
) -> str | int:
    value = values.get(_given_as(name))
    if value is None or value == "":
        raise MissingValue(_given_as(name))
    if name in _MOMENTS:
        return _moment(name, value, names, _open(language))
    if name == "n":
        return _count(value)
    words = _words(name, plain(str(value)))
    return _open(language).isolated(words)


def _moment(name: str, value: Value, names: frozenset[str], language: Language) -> str:
    try:
        moment = _MOMENTS[name](value) if isinstance(value, str) else value
    except ValueError:
        raise UnfitValue(_given_as(name)) from None
    said = _in_words(name, moment, language, beside="weekday" in names)
    if said is None:
        raise UnfitValue(_given_as(name))
    return said


# The same few days are spoken of to many.
@lru_cache(maxsize=KEPT)
def _in_words(name: str, moment: Value, language: Language, *, beside: bool) -> str | None:
    """`beside` its weekday a date does not say it once more."""
    match name, moment:
        case "weekday", date():
            return language.weekday(moment)
        case "date", date() if beside:
            return language.day_month(moment)
        case "date", date():
            return language.day(moment)
        case "time", time():
            return language.time(moment)
        case "next_open", datetime():
            return language.moment(moment)
    return None


@lru_cache(maxsize=KEPT)
def _is_forbidden(value: str) -> bool:
    return bool(forbidden(value))


def _count(value: Value) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise UnfitValue("n") from None


def _words(name: str, value: str) -> str:
    """A long alias is cut, a long line refused: half a phone number helps nobody.

    A line that says what it should not keeps its number: it may be needed at once.
    """
    if name in _LINES and _is_forbidden(value):
        value = " ".join("".join(c for c in value if c.isdecimal() or c in "+ ").split())
    if name in _ALIASES and not _is_forbidden(value):
        value = value[:MAX_ALIAS].rstrip()
    elif name not in _LINES or len(value) > MAX_LINE:
        raise UnfitValue(name)
    if not value:
        raise UnfitValue(name)
    return value
