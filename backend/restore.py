"""`./run restore`: a backup into an empty database, whole or not at all."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click
from pyrage import x25519

from backend import archive, clock
from backend.archive import ArchiveError, Manifest
from backend.erasure.destroyed import FILE, kept_list, read_list
from backend.holding import Restored, about_the_erased, about_the_held, destroy_again, hold
from backend.keyring import given, kept_ring, keyring
from backend.migrate import LOCK, passwords, prepare, role_name
from backend.processes import CANNOT_RUN, reach
from backend.psql import END, STEADY, Fingerprint, ProgramError, Psql, program, reason
from backend.settings import ROOT, Settings, SettingsError, settings
from backend.vault import Vault, VaultError

ANYTHING = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
"""
FIRST_WITH_PLAIN_TIMEOUT = 17  # what pg_restore 17 and newer writes, an older server cannot read


@click.command(help="Read a backup into an empty database: DIR's newest one, or the file DIR.")
@click.argument("dir", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--identity",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="the file with the key that opens it",
)
@click.option(
    "--keys",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="the file with everybody's own key; the newest one beside the backup",
)
@click.option(
    "--destroyed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"the list of destroyed keys that left the host; {FILE} in AUDIT_HEAD_DIR",
)
def command(
    dir: Path,  # noqa: A002 - as --help shows it
    identity: Path,
    keys: Path | None,
    destroyed: Path | None,
) -> None:
    try:
        path = newest(dir)
        listed = destroyed or kept_list(settings().audit_head_dir)
        _restore_and_tell(settings(), path, keys or newest_keys(path), identity, listed)
    except (*CANNOT_RUN, ArchiveError, ProgramError) as error:
        click.echo(f"restore: {error}", err=True)
        sys.exit(1)


def newest(place: Path) -> Path:
    """The file itself, or the newest backup in a folder."""
    if not place.is_dir():
        return place
    if not (found := sorted(place.glob(archive.NAMES))):
        raise ArchiveError(f"there is no backup in {place}")
    return found[-1]


def newest_keys(path: Path) -> Path | None:
    """The newest key file beside a backup: an older one may hold what was destroyed since."""
    found = sorted(path.parent.glob(archive.KEYS_NAMES))
    return found[-1] if found else None


def _restore_and_tell(
    configured: Settings,
    path: Path,
    keys_path: Path | None,
    identity: Path,
    list_path: Path | None,
) -> None:
    identities = archive.read_identities(identity)
    manifest = archive.inspect(path, identities)
    _refuse_newer(manifest)
    keys = inspect_keys(keys_path, identities, manifest)
    listed, strange = read_list(list_path)
    with reach(configured) as found:
        owner = found.url("owner")
        admin = found.admin or owner
        with Psql(admin) as psql:
            _refuse_older(psql)
            _refuse_full(psql)
        asyncio.run(prepare(admin, passwords(configured)))
        restored = restore(owner, path, identities, manifest, keys, listed=listed)
    click.echo(
        f"{path.name}, made at {manifest.made_at:%Y-%m-%d %H:%M} UTC, is restored:"
        f" {len(manifest.tables)} tables, {manifest.rows} rows, each as it was."
    )
    known_until = keys.made_at if keys else manifest.made_at
    if strange:
        click.echo(f"{strange} lines of {list_path} are no ids and left out.")
    for line in (*about_the_erased(restored, list_path, known_until), *about_the_held(restored)):
        click.echo(line)
    click.echo(_about_the_vault(configured, restored.wrapped_key))
    click.echo("Next: ./run migrate")


@dataclass(frozen=True)
class Keys:
    """A key file that has proven whole."""

    path: Path
    made_at: datetime
    fingerprint: Fingerprint


def inspect_keys(
    path: Path | None, identities: Sequence[x25519.Identity], manifest: Manifest
) -> Keys | None:
    """The key file for a backup; None for one of a release that kept the keys inside.

    Raises ArchiveError where there is none, or one that is older than the backup.
    """
    if set(manifest.tables) == {archive.KEYS}:
        raise ArchiveError("this is a file of keys: name the backup beside it")
    if path is None:
        if manifest.format == archive.WITH_KEYS_INSIDE:
            return None
        raise ArchiveError("everybody's own key is in a file keys-*.age: name it with --keys")
    told = archive.inspect(path, identities)
    if set(told.tables) != {archive.KEYS}:
        raise ArchiveError(f"{path} is no file of keys")
    if told.made_at < manifest.made_at:
        raise ArchiveError(f"{path} is older than the backup: the newest file of keys is needed")
    return Keys(path, told.made_at, told.tables[archive.KEYS])


def restore(
    owner_url: str,
    path: Path,
    identities: Sequence[x25519.Identity],
    manifest: Manifest,
    keys: Keys | None,
    *,
    listed: Collection[UUID] | None = None,
) -> Restored:
    """Restore in one transaction: whatever goes wrong, the database is as empty as before.

    The rows are compared with the manifest, keys that are `listed` are destroyed, and what waited
    is held, before the walls (constraints, triggers, row security) stand: behind them the owner
    sees no row.
    Raises ArchiveError, ProgramError.
    """
    with Psql(owner_url) as psql:
        psql.ask(f"SET ROLE {role_name('owner')}; BEGIN; SELECT pg_advisory_xact_lock({LOCK})")
        _refuse_full(psql)
        _play(psql, path, identities, "pre-data", "data")
        psql.ask(STEADY)
        _compare(psql, manifest)
        if keys is not None:
            _bring_keys(psql, keys, identities, inside=manifest.format == archive.WITH_KEYS_INSIDE)
        again = destroy_again(psql, listed) if listed is not None else (0, 0)
        if keys is not None or listed is not None:
            psql.ask(_WORDS_GO)
        restored = hold(psql, clock.now(), destroyed=again[0], unlisted=again[1])
        _play(psql, path, identities, "post-data")
        psql.ask("COMMIT")
    return restored


def _refuse_newer(manifest: Manifest) -> None:
    """A release can read what it or an earlier one wrote; `./run migrate` brings it up."""
    ours = (ROOT / "migrations").glob("m*.py")
    if not any(f'ID = "{manifest.migration}"' in file.read_text(encoding="utf-8") for file in ours):
        raise ArchiveError(
            f"the backup comes from another release (migration {manifest.migration});"
            " restore it with that one"
        )


def _refuse_older(psql: Psql) -> None:
    said = subprocess.run(  # noqa: S603 - Postgres's program with words of ours
        [program("pg_restore"), "--version"], capture_output=True, check=True, text=True
    ).stdout
    theirs = int(said.split()[2].split(".")[0])
    [number] = psql.ask("SHOW server_version_num")
    server = int(number) // 10_000
    if server < FIRST_WITH_PLAIN_TIMEOUT <= theirs:
        raise SettingsError(
            f"pg_restore is of release {theirs} and the server of {server}:"
            f" point PG_BIN at the programs of release {server}"
        )


def _refuse_full(psql: Psql) -> None:
    if psql.ask(ANYTHING) != ["0"]:
        raise SettingsError(
            "this database is not empty, and nothing is ever overwritten: give an empty one"
            " (another DATABASE_URL, or another THROUGHCARE_DATA)"
        )


def _play(psql: Psql, path: Path, identities: Sequence[x25519.Identity], *sections: str) -> None:
    """Let psql run sections of the dump. What the script prints is read away here."""
    words = [program("pg_restore"), "--no-owner", "--file=-"]
    words += [f"--section={section}" for section in sections]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(  # noqa: S603 - Postgres's program with words of ours
            words, stdin=subprocess.PIPE, stdout=psql.input, stderr=errors, process_group=0
        ) as script,
    ):
        try:
            if script.stdin is not None:
                archive.pour(path, identities, script.stdin)
            script.communicate()
        except BaseException:
            script.kill()
            raise
        psql.ask("SELECT 1")
        if script.returncode:
            raise ProgramError(f"pg_restore: {reason(errors, 'no reason given')}")


def _compare(psql: Psql, manifest: Manifest) -> None:
    there = psql.tables()
    if manifest.format != archive.WITH_KEYS_INSIDE:
        there.remove(archive.KEYS)
    if changed := set(there) ^ set(manifest.tables):
        raise ArchiveError(
            f"the backup is not whole: {min(changed)} is only in its list or its rows"
        )
    for table in there:
        if psql.fingerprint(table) != manifest.tables[table]:
            raise ArchiveError(f"the backup is not whole: {table} is not as its list says")


def _bring_keys(
    psql: Psql, keys: Keys, identities: Sequence[x25519.Identity], *, inside: bool
) -> None:
    """Everybody's key as the newest file has it: who was erased since the backup stays erased.

    Where the backup has keys inside, the file only takes away.
    """
    psql.ask("CREATE TEMP TABLE kept (id uuid, wrapped bytea, destroyed_at timestamptz)")
    psql.input.write(b"COPY kept FROM STDIN;\n")
    archive.pour(keys.path, identities, psql.input)
    psql.input.write(END)
    if psql.fingerprint_of(archive.KEY_ROWS.format(table="kept")) != keys.fingerprint:
        raise ArchiveError(f"{keys.path} is not as its list says")
    psql.ask(_TAKE_AWAY if inside else _FILL_IN)
    [unknown] = psql.ask(_UNKNOWN)
    if unknown != "0":
        raise ArchiveError(f"{keys.path} does not know everybody of the backup")
    psql.ask("DROP TABLE kept")


_TAKE_AWAY = """
UPDATE public.subject_key k SET wrapped = NULL FROM kept
 WHERE kept.id = k.id AND kept.wrapped IS NULL
"""
_FILL_IN = """
DELETE FROM public.subject_key;
INSERT INTO public.subject_key (id, wrapped, destroyed_at)
SELECT id, wrapped, destroyed_at FROM kept WHERE id IN (SELECT id FROM public.actor)
"""
# What the triggers words_go, map_goes and welcome_goes do where a key is destroyed; they do not
# stand yet. On a plan that goes on, an alias of before tells the night's jobs to take the voluntary
# part out again.
_WORDS_GO = """
UPDATE public.disclosure d SET purpose = '' WHERE EXISTS (
    SELECT 1 FROM public.subject_key k WHERE k.wrapped IS NULL AND (k.id = d.recipient
        OR k.id = (SELECT p.person FROM public.plan p WHERE p.id = d.plan)));
UPDATE public.member SET alias = 'gone-' || substr(id::text, 1, 8)
 WHERE id IN (SELECT id FROM public.subject_key WHERE wrapped IS NULL)
   AND plan NOT IN (SELECT p.id FROM public.plan p JOIN public.subject_key k ON k.id = p.person
                     WHERE k.wrapped IS NOT NULL AND p.state <> 'closed');
DO $$ BEGIN
    IF to_regclass('public.relative') IS NOT NULL THEN
        UPDATE public.relative SET relation = 'gone', wish = NULL, children_there = false,
               takes_part = NULL, language = NULL, heard_by = NULL, heard_at = NULL,
               safety_asked_by = NULL, safety_asked_at = NULL, barred_by = NULL, barred_at = NULL
         WHERE id IN (SELECT id FROM public.subject_key WHERE wrapped IS NULL);
    END IF;
    IF to_regclass('public.welcome') IS NOT NULL THEN
        DELETE FROM public.welcome w USING public.subject_key k
         WHERE k.wrapped IS NULL AND k.id IN (w.id, w.person);
    END IF;
END $$
"""
_UNKNOWN = """
SELECT count(*) FROM public.actor a WHERE kind IN ('staff', 'member', 'person')
   AND NOT EXISTS (SELECT 1 FROM public.subject_key k WHERE k.id = a.id)
"""


def _about_the_vault(configured: Settings, wrapped: tuple[UUID, bytes] | None) -> str:
    """Whether the names open here; a missing key is not made anew, as `keyring` would."""
    ring, place = given(configured), kept_ring(configured)
    if ring is None and not configured.embedded:
        return "Names stay sealed: VAULT_KEY is not set here."
    if ring is None and not place.exists():
        return f"Names stay sealed: put the vault key into {place} before anything is started."
    if wrapped is None:
        return "There is nobody in it yet."
    try:
        Vault(ring or keyring(configured)).seal(*wrapped, "restore", b"")
    except VaultError:
        return "Names stay sealed: the vault key here is not the one that sealed them."
    return "Names open with the vault key that is here."
