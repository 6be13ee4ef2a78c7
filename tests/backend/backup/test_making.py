"""Who makes a backup, and what does not get into its file."""

import asyncio
import io
import json
import stat
import subprocess
from pathlib import Path

import pyrage
import pytest

from backend import archive
from backend.archive import ArchiveError
from backend.backup import backup
from backend.psql import ProgramError, program
from backend.restore import newest
from tests.backend.backup.backups import Backups, answered
from tests.world import a_day


async def test_the_file_holds_no_word_of_what_is_in_it(backups: Backups) -> None:
    path = await backups.make()
    assert len(backups.canaries) == 20
    closed = path.read_bytes()
    assert [name for name, word in backups.canaries.items() if word.encode() in closed] == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    opened = io.BytesIO()
    pyrage.decrypt_io(io.BytesIO(closed), opened, backups.identities)
    line, _, dump = opened.getvalue().partition(b"\n")
    assert json.loads(line)["tables"]["public.plan"]["rows"] == 1
    script = subprocess.run(
        [program("pg_restore"), "-f", "-"], input=dump, capture_output=True, check=True
    ).stdout
    open_words = {name for name, word in backups.canaries.items() if word.encode() in script}
    standing_open = set(list(backups.canaries)[11:])
    assert open_words == standing_open, "what is sealed or hashed stays so inside"


async def test_only_a_role_that_sees_every_row_makes_a_backup(backups: Backups) -> None:
    with pytest.raises(ProgramError, match="row-level security"):
        await asyncio.to_thread(backup, backups.url("app"), backups.folder, backups.public)
    assert list(backups.folder.iterdir()) == []


async def test_a_dump_that_breaks_off_leaves_no_file(backups: Backups) -> None:
    await backups.sql(backups.world.database_name, "CREATE SEQUENCE not_granted")
    with pytest.raises(ProgramError, match="not_granted"):
        await backups.make()
    assert list(backups.folder.iterdir()) == []


async def test_the_list_and_the_dump_are_of_one_moment(backups: Backups, empty: str) -> None:
    """Rows come and go all the while; what comes back still agrees with its list."""
    ended = asyncio.Event()

    async def write() -> int:
        written = 0
        while not ended.is_set():
            one = {"how": "phone", "outcome": "tried", "made_on": a_day().isoformat()}
            await answered(backups.worker.post(f"/plans/{backups.plan['id']}/contacts", one))
            written += 1
        return written

    writing = asyncio.create_task(write())
    path = await backups.make()
    ended.set()
    assert await writing > 0
    await backups.bring(path, empty)


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    archive.new_identity(tmp_path / "key")
    with pytest.raises(ArchiveError, match="never overwritten"):
        archive.new_identity(tmp_path / "key")


def test_a_folder_gives_its_newest_backup(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="no backup"):
        newest(tmp_path)
    names = [f"throughcare-2026{day}T000000Z.age" for day in ("0101", "1231", "0630")]
    for name in [*names, "throughcare-20270101T000000Z.77.part"]:
        (tmp_path / name).touch()
    assert newest(tmp_path).name == names[1]
    assert newest(tmp_path / names[0]).name == names[0]
