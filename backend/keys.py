"""`./run keys`: the ring of master keys, from its first rotation to the sheets in a safe.

docs/keys.md is the runbook. No key is ever printed but on the sheets, and none is an argument.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click

from backend import database, logs
from backend.keyring import Keyring, keyring
from backend.migrate import role_name
from backend.processes import CANNOT_RUN, process, reach
from backend.rewrap import Users, rewrap, users
from backend.settings import Settings, SettingsError, settings
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


def write_ring(path: Path, ring: Keyring) -> None:
    """Into a new file that only we may read. Raises SettingsError where one is there."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    except FileExistsError as error:
        raise SettingsError(f"{path} is there already, and a ring is never overwritten") from error
    with os.fdopen(number, "w", encoding="ascii") as file:
        file.write(ring.text())
        file.flush()
        os.fsync(number)


_FILE = click.argument("file", type=click.Path(path_type=Path))


@command.command()
@_FILE
def add(file: Path) -> None:
    """Write the ring with one more key into a new FILE; nothing else changes yet."""

    def act(configured: Settings) -> None:
        ring = keyring(configured).grown()
        write_ring(file, ring)
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
        write_ring(file, Keyring({ring.newest: ring.keys[ring.newest]}, ring.index))
        click.echo(f"{file}: keys {ring.newest}. Until the next two backups are made, keep the old")
        click.echo("ring too: the key files of the earlier ones open with it alone.")

    _run(act)


def _numbers(ring: Keyring) -> str:
    return ", ".join(str(version) for version in sorted(ring.keys))
