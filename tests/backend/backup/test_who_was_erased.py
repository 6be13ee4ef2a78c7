"""Who was erased stays unreadable, also in a backup of before."""

import hashlib
import io
from collections.abc import Callable
from uuid import UUID

import pytest

from backend import archive, database
from backend.archive import ArchiveError, Manifest
from backend.psql import STEADY, Fingerprint, Psql
from tests.backend.backup.backups import Backups, answered, destroy, forged, key_files
from tests.world import Caller


async def test_who_was_erased_stays_unreadable_in_a_backup_of_before(
    backups: Backups, empty: str, later: Callable[[int], None]
) -> None:
    kept = await backups.world.a_plan(
        backups.worker, person={"name": "Canary Kept", "language": "en"}
    )
    # as an earlier release kept it
    await backups.world.sql("UPDATE disclosure SET purpose = 'canary purpose'")
    old = await backups.make()
    [old_keys] = key_files(backups)
    wanted = "SELECT person FROM plan WHERE id = $1"
    [gone] = await backups.world.sql(wanted, UUID(backups.plan["id"]))
    await destroy(backups, gone["person"])
    later(1)
    await backups.make()
    [keys] = key_files(backups)
    assert keys != old_keys
    assert not old_keys.exists(), "a key that was destroyed lies in no file any more"

    await backups.bring(old, empty)
    await database.disconnect("app")
    await database.connect("app", backups.url("app", empty), size=4)
    fresh = Caller(login=backups.canaries["login"])
    lines = (await answered(fresh.get("/plans")))["plans"]
    assert {line["id"]: line.get("name") for line in lines} == {kept["id"]: "Canary Kept"}
    [left] = await backups.sql(
        empty, "SELECT count(*) FILTER (WHERE wrapped IS NULL), count(*) FROM subject_key"
    )
    assert left[0] == 2, "the person, and who was in their circle alone"
    assert left[1] > 3
    words = await backups.sql(empty, "SELECT m.alias, d.purpose FROM member m, disclosure d")
    assert [(one[0][:5], one[1]) for one in words] == [("gone-", "")]


async def test_a_file_of_keys_that_does_not_know_everybody_is_undone(
    backups: Backups, empty: str
) -> None:
    path = await backups.make()
    [keys] = key_files(backups)
    told = archive.inspect(keys, backups.identities)
    keys.unlink()
    nobody = Fingerprint(0, hashlib.sha256().hexdigest())
    less = Manifest(archive.FORMAT, told.made_at, told.migration, {archive.KEYS: nobody})
    archive.write(keys, backups.public, less, io.BytesIO())
    with pytest.raises(ArchiveError, match="does not know everybody"):
        await backups.bring(path, empty)
    assert await backups.rows(empty) == {}


async def test_a_backup_of_the_release_before_comes_back_without_whom_was_erased_since(
    backups: Backups, empty: str, later: Callable[[int], None]
) -> None:
    """It holds the keys inside; the newest file of keys takes away whose is destroyed."""
    made = archive.inspect(await backups.make(), backups.identities)
    with Psql(backups.url("backup")) as psql:
        psql.ask(STEADY)
        inside = {**made.tables, archive.KEYS: psql.fingerprint(archive.KEYS)}
    before = Manifest(archive.WITH_KEYS_INSIDE, made.made_at, made.migration, inside)
    path = await forged(backups, before)
    [person] = await backups.world.sql("SELECT id FROM person")
    await destroy(backups, person["id"])
    later(1)
    await backups.make()
    await backups.bring(path, empty)
    rows = await backups.sql(empty, "SELECT id FROM subject_key WHERE wrapped IS NULL")
    [member] = await backups.world.sql("SELECT id FROM member")
    assert set(rows) == {(person["id"],), (member["id"],)}
