"""`./run backup`: one encrypted file that can be trusted to come back."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click
from pyrage import x25519

from backend import archive, clock
from backend.archive import ArchiveError, Manifest
from backend.processes import CANNOT_RUN, reach
from backend.psql import STEADY, ProgramError, Psql, environment, program, reason
from backend.settings import Settings, SettingsError, settings

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
        path, manifest = backup(found.url("backup"), folder, keys)
    click.echo(
        f"{path}: {len(manifest.tables)} tables, {manifest.rows} rows,"
        f" keys that open it: {len(keys)}"
    )
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


def backup(url: str, folder: Path, keys: Sequence[x25519.Recipient]) -> tuple[Path, Manifest]:
    """Write one backup file: whole and under its name, or not at all.

    `url` is the backup role's, which alone sees every row. Raises ProgramError, ArchiveError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = clock.now()
    path = folder / now.strftime(archive.NAME)
    if path.exists():
        raise ArchiveError(f"{path} is there already")
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        with Psql(url) as psql:
            psql.ask(f"{STEADY}; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            [snapshot] = psql.ask("SELECT pg_export_snapshot()")
            [migration] = psql.ask("SELECT max(name) FROM public.migration")
            tables = {table: psql.fingerprint(table) for table in psql.tables()}
            manifest = Manifest(archive.FORMAT, now, migration, tables)
            _dump(url, snapshot, part, keys, manifest)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    _settle_folder(folder)
    return path, manifest


def _dump(
    url: str, snapshot: str, part: Path, keys: Sequence[x25519.Recipient], manifest: Manifest
) -> None:
    words = [program("pg_dump"), "--format=custom", "--no-password", f"--snapshot={snapshot}"]
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
