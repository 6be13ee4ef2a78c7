"""Who was erased after the last backup is not brought back by it: the list outside knows them."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from backend import database
from backend.erasure.destroyed import FILE, export_destroyed, read_destroyed, read_list
from tests.backend.backup.backups import Backups, answered, destroy, key_files, run_verb
from tests.world import Caller


async def _leaves(folder: Path) -> None:
    """A round of the worker's job."""

    async def work() -> None:
        database.act_as("worker")
        await export_destroyed(folder)

    await database.in_fresh_context(work)


async def _erased_by_day(backups: Backups) -> tuple[Path, UUID]:
    """The last backup, and a person who was erased after it."""
    path = await backups.make()
    [person] = await backups.world.sql("SELECT id FROM person")
    await destroy(backups, person["id"])
    return path, person["id"]


async def _at(backups: Backups, name: str) -> Caller:
    """The worker, signed in to the restored database."""
    await database.disconnect("app")
    await database.connect("app", backups.url("app", name), size=4)
    return Caller(login=backups.canaries["login"])


async def test_who_was_erased_after_the_backup_stays_erased_by_the_list(
    backups: Backups, empty: str, tmp_path: Path
) -> None:
    path, _ = await _erased_by_day(backups)
    await _leaves(tmp_path)
    listed, _ = read_list(tmp_path / FILE)
    restored = await backups.bring(path, empty, listed=listed)
    assert (restored.destroyed, restored.unlisted) == (2, 0), "the person and their mentor"
    fresh = await _at(backups, empty)
    assert (await answered(fresh.get("/plans")))["plans"] == []
    assert (await fresh.get(f"/plans/{backups.plan['id']}")).status_code == 404
    alive = await backups.sql(
        empty, "SELECT count(*) FROM link WHERE state <> 'ended' OR chat IS NOT NULL"
    )
    assert alive == [(0,)]


async def test_without_the_list_they_are_back_and_restore_says_so(
    backups: Backups, empty: str, tmp_path: Path
) -> None:
    await _erased_by_day(backups)
    words = ("restore", str(backups.folder), "--identity", str(backups.key))
    url = backups.url("owner", empty)
    back = await asyncio.to_thread(
        run_verb, *words, DATABASE_URL=url, AUDIT_HEAD_DIR=str(tmp_path / "nothing")
    )
    assert back.returncode == 0, back.stderr
    assert f"There is no list of destroyed keys ({FILE})" in back.stdout
    assert "is back, name and all. Erase them again" in back.stdout.replace("\n", " ")
    fresh = await _at(backups, empty)
    [line] = (await answered(fresh.get("/plans")))["plans"]
    assert line["name"] == "Canary Person"


async def test_restore_takes_the_list_beside_the_heads_by_itself(
    backups: Backups, empty: str, tmp_path: Path
) -> None:
    await _erased_by_day(backups)
    await _leaves(tmp_path)
    with (tmp_path / FILE).open("a") as file:
        file.write("no id\n")
    words = ("restore", str(backups.folder), "--identity", str(backups.key))
    back = await asyncio.to_thread(
        run_verb, *words, DATABASE_URL=backups.url("owner", empty), AUDIT_HEAD_DIR=str(tmp_path)
    )
    assert back.returncode == 0, back.stderr
    assert "names 2 keys that were destroyed since" in back.stdout
    assert "1 lines of" in back.stdout
    assert "not on it" not in back.stdout
    rows = await backups.sql(empty, "SELECT count(*) FROM subject_key WHERE wrapped IS NULL")
    assert rows == [(2,)]


async def test_a_list_that_lacks_what_was_destroyed_before_is_not_whole(
    backups: Backups, empty: str
) -> None:
    await _erased_by_day(backups)
    for one in key_files(backups):
        one.unlink()
    for one in backups.folder.iterdir():
        one.unlink()
    restored = await backups.bring(await backups.make(), empty, listed=set())
    assert (restored.destroyed, restored.unlisted) == (0, 2)


async def test_a_list_that_was_tampered_with_shuts_no_staff_out(
    backups: Backups, empty: str
) -> None:
    path = await backups.make()
    staff = {row["id"] for row in await backups.world.sql("SELECT id FROM staff")}
    restored = await backups.bring(path, empty, listed=staff | {uuid4()})
    assert restored.destroyed == 0


async def test_the_list_holds_ids_of_destroyed_keys_once_each_and_nothing_else(
    backups: Backups, tmp_path: Path
) -> None:
    await _leaves(tmp_path)
    assert not (tmp_path / FILE).exists()
    _, person = await _erased_by_day(backups)
    await _leaves(tmp_path)
    await _leaves(tmp_path)
    [member] = await backups.world.sql("SELECT id FROM member")
    text = (tmp_path / FILE).read_text()
    assert sorted(text.split()) == sorted(str(one) for one in (person, member["id"]))


async def test_a_line_that_was_broken_off_and_a_lost_list_are_made_good(
    backups: Backups, tmp_path: Path
) -> None:
    await _erased_by_day(backups)
    await _leaves(tmp_path)
    file = tmp_path / FILE
    whole, _ = read_destroyed(file.read_text())
    file.write_text(file.read_text()[:-9])
    await _leaves(tmp_path)
    assert read_destroyed(file.read_text()) == (whole, 1)
    file.unlink()
    await _leaves(tmp_path)
    assert read_destroyed(file.read_text()) == (whole, 0)


async def test_a_list_that_cannot_be_written_keeps_no_worker_from_its_work(
    tmp_path: Path, backups: Backups, caplog: pytest.LogCaptureFixture
) -> None:
    await _erased_by_day(backups)
    await _leaves(tmp_path / "nowhere")
    assert [one.getMessage() for one in caplog.records if one.levelname == "WARNING"] == [
        "the ids of destroyed keys did not leave"
    ]
