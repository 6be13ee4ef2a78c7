"""The keys are in a file of their own."""

import io
import stat
import subprocess
from collections.abc import Callable

import pyrage
import pytest

from backend import archive
from backend.archive import ArchiveError
from backend.psql import program
from backend.restore import inspect_keys, newest_keys
from tests.backend.backup.backups import Backups, destroy, key_files


async def test_a_backup_holds_no_key_of_anybody(backups: Backups) -> None:
    path = await backups.make()
    [keys] = key_files(backups)
    rows = await backups.world.sql("SELECT wrapped FROM subject_key")
    assert len(rows) > 2
    opened = {}
    for file in (path, keys):
        sink = io.BytesIO()
        pyrage.decrypt_io(io.BytesIO(file.read_bytes()), sink, backups.identities)
        _, _, dump = sink.getvalue().partition(b"\n")
        opened[file] = dump
    script = subprocess.run(
        [program("pg_restore"), "-f", "-"], input=opened[path], capture_output=True, check=True
    ).stdout
    for wrapped in (one["wrapped"].hex().encode() for one in rows):
        assert wrapped not in script
        assert wrapped in opened[keys]
        assert wrapped not in keys.read_bytes()
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600


async def test_two_files_of_keys_are_kept_and_none_that_holds_a_destroyed_one(
    backups: Backups, later: Callable[[int], None]
) -> None:
    for hour in range(4):
        later(hour)
        await backups.make()
    assert len(key_files(backups)) == 2
    assert len(list(backups.folder.glob(archive.NAMES))) == 4
    newest_two = key_files(backups)
    [person] = await backups.world.sql("SELECT id FROM person")
    await destroy(backups, person["id"])
    assert key_files(backups) == newest_two
    later(5)
    await backups.make()
    [only] = key_files(backups)
    assert only not in newest_two
    later(6)
    await backups.make()
    assert len(key_files(backups)) == 2


async def test_a_file_of_keys_that_is_missing_older_or_another_is_refused(
    backups: Backups, empty: str, later: Callable[[int], None]
) -> None:
    await backups.make()
    [first] = key_files(backups)
    later(1)
    path = await backups.make()
    manifest = archive.inspect(path, backups.identities)
    for keys, told in ((None, "--keys"), (first, "older than the backup"), (path, "no file of k")):
        with pytest.raises(ArchiveError, match=told):
            inspect_keys(keys, backups.identities, manifest)
    with pytest.raises(ArchiveError, match="name the backup beside it"):
        await backups.bring(first, empty)
    whole = newest_keys(path)
    assert whole is not None
    whole.write_bytes(whole.read_bytes()[:-1])
    with pytest.raises(ArchiveError, match="cut short or altered"):
        await backups.bring(path, empty)
    assert await backups.rows(empty) == {}
