"""`./run keys`: the ring of master keys, from its first rotation to the sheets in a safe.

docs/keys.md is the runbook. No key is ever printed but on the sheets, and none is an argument.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click

from backend import clock, database, logs
from backend.keyring import Keyring, keyring
from backend.migrate import role_name
from backend.processes import CANNOT_RUN, process, reach
from backend.rewrap import Users, rewrap, users
from backend.settings import Settings, SettingsError, settings
from backend.sheets import NEEDED, SheetError, check_word, combine, page, split, words_of
from backend.vault import Vault

T = TypeVar("T")


@click.group(help="The master keys: rotate them, and keep them on three sheets of paper.")
def command() -> None:
    logs.set_up()


def _run(act: Callable[[Settings], T]) -> T:
    try:
        return act(settings())
    except (*CANNOT_RUN, SettingsError) as error:
        click.echo(f"keys: {error}", err=True)
        sys.exit(1)


def write_new(path: Path, text: str) -> None:
    """A new file that only we may read. Raises SettingsError where one is there."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    except FileExistsError as error:
        raise SettingsError(f"{path} is there already, and is never overwritten") from error
    with os.fdopen(number, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(number)


_FILE = click.argument("file", type=click.Path(path_type=Path))


@command.command()
@_FILE
def add(file: Path) -> None:
    """Write the ring with one more key into a new FILE; nothing else changes yet."""

    def act(configured: Settings) -> None:
        ring = keyring(configured).grown()
        write_new(file, ring.text())
        click.echo(f"{file}: keys {_numbers(ring)}, fingerprint {ring.fingerprint}")
        click.echo("Put it where every process reads its ring, then: ./run keys rotate")

    _run(act)


@command.command()
def status() -> None:
    """Say how much is still under which master key."""
    ring, found = _run(_look)
    for version in sorted(found.keys() | ring.keys.keys()):
        one = found.get(version, Users())
        about = "wraps what is new" if version == ring.newest else "old"
        about = about if version in ring.keys else "NOT IN THE RING"
        click.echo(f"key {version} ({about}): {one.keys} keys, {one.others} values that wait")
    click.echo(f"fingerprint of the ring: {ring.fingerprint}")


def _look(configured: Settings) -> tuple[Keyring, Mapping[int, Users]]:
    async def ask() -> Mapping[int, Users]:
        async with process("worker", configured):
            return await users()

    return keyring(configured), asyncio.run(ask())


@command.command()
def rotate() -> None:
    """Wrap every key anew with the newest one of the ring. May be broken off and done again."""

    def act(configured: Settings) -> tuple[int, int]:
        vault = Vault(keyring(configured))
        return asyncio.run(_as_owner(configured, lambda: rewrap(vault)))

    done, failed = _run(act)
    click.echo(f"{done} keys were wrapped anew. Next: ./run keys status")
    if failed:
        click.echo(f"keys: {failed} do not open with this ring, and were left alone", err=True)
        sys.exit(1)


async def _as_owner(configured: Settings, work: Callable[[], Awaitable[T]]) -> T:
    with reach(configured) as found:
        # the role also where a superuser's URL was given
        role = {"role": role_name("owner")}
        await database.connect("owner", found.url("owner"), size=2, settings=role)
        try:
            return await work()
        finally:
            await database.disconnect("owner")


@command.command()
@_FILE
def drop(file: Path) -> None:
    """Write the newest key alone into a new FILE, once nothing needs another."""

    def act(configured: Settings) -> None:
        ring, found = _look(configured)
        if any(version != ring.newest for version in found):
            raise SettingsError("older keys are still needed: ./run keys status says for what")
        left = Keyring({ring.newest: ring.keys[ring.newest]}, ring.index)
        write_new(file, left.text())
        click.echo(f"{file}: keys {ring.newest}. Until the next two backups are made, keep the old")
        click.echo("ring too: the key files of the earlier ones open with it alone.")

    _run(act)


@command.command()
@click.option("--out", type=click.Path(path_type=Path), help="into OUT.1, OUT.2 and OUT.3 instead")
def sheets(out: Path | None) -> None:
    """Show three sheets of paper to be, of which any two open the ring."""

    def act(configured: Settings) -> None:
        if out is None and not sys.stdout.isatty():
            raise SettingsError(
                "sheets are shown on a terminal alone: use --out FILE to print them"
            )
        ring = keyring(configured)
        today = clock.now().date()
        pages = [page(at, words, ring, today) for at, words in enumerate(split(ring), 1)]
        for number, text in enumerate(pages, 1):
            if out is None:
                with _unrecorded():
                    click.echo(text)
                    _wait("Copy it, and press Enter: it is not shown again.")
            else:
                write_new(out.with_name(f"{out.name}.{number}"), text)
        click.echo(f"Fingerprint of the ring on the sheets: {ring.fingerprint}")

    _run(act)


@contextmanager
def _unrecorded() -> Iterator[None]:
    """The terminal's other screen, which leaves nothing to scroll back to."""
    click.echo("\x1b[?1049h\x1b[H", nl=False)
    try:
        yield
    finally:
        click.echo("\x1b[2J\x1b[?1049l", nl=False)


@command.command("open")
@_FILE
@click.option(
    "--sheet",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="a file with a sheet, twice; without any, the words are asked",
)
def open_sheets(file: Path, files: Sequence[Path]) -> None:
    """Write the ring that two sheets hold into a new FILE."""

    def act(_: Settings) -> None:
        if file.exists():
            raise SettingsError(f"{file} is there already, and is never overwritten")
        try:
            texts = [one.read_text("ascii") for one in files] if files else _asked()
            ring = combine([words_of(text) for text in texts])
        except (SheetError, UnicodeDecodeError) as error:
            raise SettingsError(
                str(error) if isinstance(error, SheetError) else "no text"
            ) from None
        write_new(file, ring.text())
        click.echo(f"{file}: keys {_numbers(ring)}, fingerprint {ring.fingerprint}")

    _run(act)


def _wait(until: str) -> None:
    click.prompt(until, default="", show_default=False, prompt_suffix="")


def _asked() -> list[str]:
    if not sys.stdin.isatty():
        raise SettingsError("there is no terminal to ask for the words: use --sheet FILE twice")
    with _unrecorded():
        texts = []
        for number in range(1, NEEDED + 1):
            texts.append(click.prompt(f"All words of sheet {number} of {NEEDED}, without numbers"))
            click.echo(f"Check word: {check_word(words_of(texts[-1]))}")
        _wait("Compare the check words with the paper, and press Enter.")
    return texts


def _numbers(ring: Keyring) -> str:
    return ", ".join(str(version) for version in sorted(ring.keys))
