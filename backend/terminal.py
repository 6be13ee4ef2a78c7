"""Questions on the terminal. What an option gave already is not asked."""

import sys
from collections.abc import Sequence
from datetime import time
from pathlib import Path
from typing import Any

import click
import msgspec

from backend.errors import Unfit
from backend.settings import SettingsError
from backend.words import Line


def asked(given: str | None, question: str, **how: Any) -> str:
    """An answer that may not be left out. Raises Unfit."""
    answer = given if given is not None else click.prompt(question, **how)
    try:
        line: str = msgspec.convert(answer.strip(), Line)
    except msgspec.ValidationError as error:
        raise Unfit(f"{question}: a line of 1 to 80 characters is needed.") from error
    return line


def asked_or_none(given: str | None, question: str) -> str | None:
    """An answer that may be left out; where nobody sits at a terminal it is."""
    if given is None and sys.stdin.isatty():
        given = click.prompt(f"{question} (may be empty)", default="", show_default=False)
    return given or None


def password(file: Path | None) -> str:
    """The first line of the file, or what is typed twice, unseen. Raises SettingsError."""
    if file is not None:
        try:
            return (file.read_text(encoding="utf-8").splitlines() or [""])[0]
        except UnicodeDecodeError as error:
            raise SettingsError(f"{file} is no text") from error
    if not sys.stdin.isatty():
        raise SettingsError("there is no terminal to ask for a password: use --password-file")
    word: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return word


def hour(given: str) -> time:
    try:
        return time.fromisoformat(given)
    except ValueError as error:
        raise Unfit("Hours are written as 08:00.") from error


def weekdays(given: str) -> Sequence[int]:
    """Digits, 1 for Monday to 7 for Sunday. Raises Unfit."""
    if not given or set(given) - set("1234567"):
        raise Unfit("Working days are digits, 1 for Monday to 7 for Sunday.")
    return sorted({int(day) for day in given})
