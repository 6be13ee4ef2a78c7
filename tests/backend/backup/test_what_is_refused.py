"""A file that is not whole, or not for here, is refused or undone."""

import asyncio
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from backend import archive, clock
from backend.archive import ArchiveError, Manifest
from backend.psql import ProgramError
from backend.restore import restore
from backend.settings import SettingsError
from tests.backend.backup.backups import Backups, forged, run_verb


async def test_a_wrong_key_opens_nothing(backups: Backups, empty: str, tmp_path: Path) -> None:
    archive.new_identity(tmp_path / "other")
    path = await backups.make()
    with pytest.raises(ArchiveError, match="does not open"):
        await backups.bring(path, empty, tmp_path / "other")
    assert await backups.rows(empty) == {}


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda whole: whole[:-1], id="one byte short"),
        pytest.param(lambda whole: whole + b"x", id="one byte long"),
        pytest.param(lambda whole: whole[:70_000], id="half"),
        pytest.param(lambda whole: _flipped(whole, 300), id="start"),
        pytest.param(lambda whole: _flipped(whole, len(whole) // 2), id="middle"),
        pytest.param(lambda whole: _flipped(whole, len(whole) - 1), id="end"),
        pytest.param(lambda _: b"", id="nothing"),
    ],
)
def test_a_file_that_was_cut_or_altered_is_refused_before_a_database_is_touched(
    harm: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    archive.new_identity(tmp_path / "key")
    keys = archive.read_identities(tmp_path / "key")
    path = tmp_path / "throughcare-20260101T000000Z.age"
    manifest = Manifest(archive.FORMAT, clock.now(), "none", {})
    archive.write(path, [keys[0].to_public()], manifest, io.BytesIO(os.urandom(200_000)))
    assert archive.inspect(path, keys) == manifest
    whole = path.read_bytes()
    path.write_bytes(harm(whole))
    with pytest.raises(ArchiveError):
        archive.inspect(path, keys)


def _flipped(whole: bytes, at: int) -> bytes:
    return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]


async def test_a_file_that_is_cut_while_it_is_restored_leaves_nothing_behind(
    backups: Backups, empty: str
) -> None:
    path = await backups.make()
    manifest = archive.inspect(path, backups.identities)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ArchiveError, match="cut short or altered"):
        await asyncio.to_thread(
            restore, backups.url("owner", empty), path, backups.identities, manifest, None
        )
    assert await backups.rows(empty) == {}


@pytest.mark.parametrize(
    "words", [("--exclude-table=public.contact",), ("--exclude-table-data=public.mandate",)]
)
async def test_a_dump_without_a_table_or_its_rows_is_noticed_and_undone(
    backups: Backups, empty: str, words: tuple[str, ...]
) -> None:
    manifest = archive.inspect(await backups.make(), backups.identities)
    path = await forged(backups, manifest, *words)
    with pytest.raises(ArchiveError, match="not whole: public"):
        await backups.bring(path, empty)
    assert await backups.rows(empty) == {}


async def test_what_fails_at_the_last_step_is_undone_from_the_first(
    backups: Backups, empty: str
) -> None:
    """Without the agencies every row and its list agree, and the foreign keys do not."""
    manifest = archive.inspect(await backups.make(), backups.identities)
    tables = {name: one for name, one in manifest.tables.items() if name != "public.agency"}
    less = Manifest(archive.FORMAT, manifest.made_at, manifest.migration, tables)
    path = await forged(backups, less, "--exclude-table=public.agency")
    with pytest.raises(ProgramError, match="agency"):
        await backups.bring(path, empty)
    assert await backups.rows(empty) == {}


async def test_a_database_that_holds_anything_is_left_alone(backups: Backups) -> None:
    path, name = await backups.make(), backups.world.database_name
    before = await backups.rows(name)
    with pytest.raises(SettingsError, match="not empty"):
        await backups.bring(path, name)
    assert await backups.rows(name) == before


async def test_a_backup_of_another_release_is_left_to_that_one(
    backups: Backups, empty: str
) -> None:
    name = backups.world.database_name
    await backups.sql(
        name, "INSERT INTO migration (name, app_name) VALUES ('2999-01-01T00:00:00', 'throughcare')"
    )
    path = await backups.make()
    back = await asyncio.to_thread(
        run_verb,
        "restore",
        str(path),
        "--identity",
        str(backups.key),
        DATABASE_URL=backups.url("owner", empty),
    )
    assert back.returncode == 1
    assert "comes from another release" in back.stderr
    assert await backups.rows(empty) == {}
