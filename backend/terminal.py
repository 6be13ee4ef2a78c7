"""Commands of the terminal, and their questions. What an option gave already is not asked."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import time
from pathlib import Path
from typing import Any

import asyncpg
import click
import msgspec

from backend.actors.actions import vault
from backend.errors import DomainError, Unfit
from backend.processes import CANNOT_RUN, process
from backend.settings import Settings, SettingsError, settings
from backend.words import Line

agency_name = click.option("--agency", help="its name, where there are several")


def run(act: Callable[[Settings], Awaitable[None]]) -> None:
    """Let the command act on the database; a refusal is one line, and exit 1."""

    async def acting() -> None:
        configured = settings()
        async with process("operator", configured):
            vault()
            await act(configured)

    try:
        asyncio.run(acting())
    except asyncpg.UndefinedTableError:
        _fail("the database is not at this release: ./run migrate")
    except (*CANNOT_RUN, DomainError) as error:
        _fail(error)
    except click.Abort:
        _fail("stopped; nothing was written")


def _fail(error: object) -> None:
    click.echo(f"admin: {error}", err=True)
    sys.exit(1)


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
        return (text_of(file).splitlines() or [""])[0]
    if not sys.stdin.isatty():
        raise SettingsError("there is no terminal to ask for a password: use --password-file")
    word: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return word


def text_of(file: Path) -> str:
    """Raises SettingsError."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is no text") from error


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
