"""`./run backup`: one encrypted file that can be trusted to come back."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import click
from pyrage import x25519

from backend import archive, clock
from backend.archive import ArchiveError, Manifest
from backend.processes import CANNOT_RUN, reach
from backend.psql import STEADY, ProgramError, Psql, environment, program, reason
from backend.settings import Settings, SettingsError, settings

KEPT_KEY_FILES = 2
REMINDER = """\
Not in it: the vault key (VAULT_KEY, or vault.key in the data folder). Without that key a
restored database keeps every name sealed. Keep the vault key and the backup's key apart
from each other, from this machine and from the backups."""


@click.command(help="Write an encrypted backup of the database into a folder.")
@click.argument(
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    required=False,
    metavar="DIR",
)
@click.option(
    "--new-key",
    type=click.Path(path_type=Path),
    help="make a key: the secret half into this new file, the public half printed; no backup",
)
def command(folder: Path | None, new_key: Path | None) -> None:
    try:
        if new_key is not None:
            click.echo(archive.new_identity(new_key))
            click.echo(f"Put this line into BACKUP_RECIPIENTS, and {new_key} elsewhere.", err=True)
            return
        if folder is None:
            raise SettingsError("say into which folder")
        _backup_and_tell(settings(), folder)
    except (*CANNOT_RUN, ArchiveError, ProgramError) as error:
        click.echo(f"backup: {error}", err=True)
        sys.exit(1)


def _backup_and_tell(configured: Settings, folder: Path) -> None:
    if folder.resolve().is_relative_to(configured.data.resolve()):
        raise SettingsError(f"a backup inside {configured.data} is lost with it: say another place")
    keys = recipients(configured)
    with reach(configured) as found:
        made = backup(found.url("backup"), folder, keys)
    click.echo(
        f"{made.path}: {len(made.manifest.tables)} tables, {made.manifest.rows} rows,"
        f" keys that open it: {len(keys)}"
    )
    click.echo(f"{made.keys}: everybody's own key; older key files are gone but for one at most")
    identity = kept_identity(configured)
    if configured.embedded and identity.exists():
        click.echo(f"The key that opens it is {identity}. Move it to another place: who has both")
        click.echo("has everything, and a fire takes both.")
    click.echo(REMINDER)


def kept_identity(configured: Settings) -> Path:
    """Where the first backup of an embedded Postgres leaves its key."""
    return configured.data / "backup.identity"


def recipients(configured: Settings) -> list[x25519.Recipient]:
    """For whom backups are sealed; beside the embedded Postgres a key is made once.

    Raises SettingsError, ArchiveError.
    """
    public = configured.data / "backup.recipients"
    if configured.backup_recipients:
        found = archive.read_recipients(configured.backup_recipients)
    elif not configured.embedded:
        raise SettingsError("BACKUP_RECIPIENTS is missing: ./run backup --new-key FILE makes a key")
    else:
        if not public.exists():
            configured.data.mkdir(parents=True, exist_ok=True)
            made = archive.new_identity(kept_identity(configured))
            public.write_text(f"{made}\n", encoding="ascii")
        found = archive.read_recipients(public.read_text(encoding="ascii"))
    if not found:
        raise SettingsError("there is no public key among the recipients")
    return found


class Made(NamedTuple):
    """What a backup consists of: two files, and what the first one holds."""

    path: Path
    keys: Path
    manifest: Manifest


def backup(url: str, folder: Path, keys: Sequence[x25519.Recipient]) -> Made:
    """Write a backup and the file with its keys: whole and under their names, or not at all.

    Of older key files one is kept, and none once a key that it may hold was destroyed.
    `url` is the backup role's, which alone sees every row. Raises ProgramError, ArchiveError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = clock.now()
    path = folder / now.strftime(archive.NAME)
    if path.exists():
        raise ArchiveError(f"{path} is there already")
    part, keys_part = (folder / f"{name}.{os.getpid()}.part" for name in (path.stem, "keys"))
    try:
        with Psql(url) as psql:
            psql.ask(f"{STEADY}; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            [snapshot] = psql.ask("SELECT pg_export_snapshot()")
            [migration] = psql.ask("SELECT max(name) FROM public.migration")
            names = [table for table in psql.tables() if table != archive.KEYS]
            tables = {table: psql.fingerprint(table) for table in names}
            manifest = Manifest(archive.FORMAT, now, migration, tables)
            _dump(url, snapshot, part, keys, manifest)
            [mark] = psql.ask(_MARK)
            query = archive.KEY_ROWS.format(table=archive.KEYS)
            only = {archive.KEYS: psql.fingerprint_of(query)}
            told = Manifest(archive.FORMAT, now, migration, only)
            archive.write(keys_part, keys, told, archive.Lines(psql.copy(query)))
        # a key file without its backup serves the older ones; the other way round nothing opens
        keys_path = keys_part.rename(folder / now.strftime(archive.KEYS_NAME).format(mark=mark))
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
        keys_part.unlink(missing_ok=True)
    _settle_folder(folder)
    _forget_keys(folder, keys_path)
    return Made(path, keys_path, manifest)


# Of whom nothing opens any more. Two backups with the same mark hold the same keys, or more.
_MARK = """
SELECT left(encode(sha256(convert_to(coalesce(string_agg(id::text, ',' ORDER BY id), ''), 'UTF8')),
       'hex'), 12) FROM public.subject_key WHERE wrapped IS NULL
"""


def _forget_keys(folder: Path, newest: Path) -> None:
    """By the mark and by no clock: an older file that held a destroyed key has another mark."""
    older = sorted(set(folder.glob(archive.KEYS_NAMES)) - {newest}, reverse=True)
    mark = newest.stem.rpartition("-")[2]
    same = [path for path in older if path.stem.rpartition("-")[2] == mark]
    for path in set(older) - set(same[: KEPT_KEY_FILES - 1]):
        path.unlink(missing_ok=True)
    _settle_folder(folder)


def _dump(
    url: str, snapshot: str, part: Path, keys: Sequence[x25519.Recipient], manifest: Manifest
) -> None:
    words = [program("pg_dump"), "--format=custom", "--no-password", f"--snapshot={snapshot}"]
    words.append(f"--exclude-table-data={archive.KEYS}")
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(  # noqa: S603 - Postgres's program with words of ours
            words, stdout=subprocess.PIPE, stderr=errors, env=environment(url), process_group=0
        ) as dump,
    ):
        try:
            if dump.stdout is not None:
                archive.write(part, keys, manifest, dump.stdout)
        except BaseException:
            dump.kill()
            raise
        if dump.wait():
            raise ProgramError(f"pg_dump: {reason(errors, 'no reason given')}")


def _settle_folder(folder: Path) -> None:
    """A new name survives a power cut only once its folder is on the disk too."""
    with suppress(OSError):  # some network folders refuse this
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
