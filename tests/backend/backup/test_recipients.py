"""Whom a backup is encrypted for."""

import stat
from pathlib import Path

import pytest

from backend import archive
from backend.archive import ArchiveError
from backend.backup import recipients
from backend.settings import SettingsError, read


def test_beside_the_embedded_postgres_the_key_is_made_once_and_may_be_moved(
    tmp_path: Path,
) -> None:
    configured = read({"THROUGHCARE_DATA": str(tmp_path)})
    [first] = recipients(configured)
    kept = tmp_path / "backup.identity"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o400
    assert str(archive.read_identities(kept)[0].to_public()) == str(first)
    kept.unlink()
    assert [str(one) for one in recipients(configured)] == [str(first)]
    assert not kept.exists()


def test_a_server_is_told_its_recipients(tmp_path: Path) -> None:
    server = {"BACKUP_DATABASE_URL": "postgresql://backup@db/one"}
    with pytest.raises(SettingsError, match="BACKUP_RECIPIENTS"):
        recipients(read(server))
    keys = [archive.new_identity(tmp_path / name) for name in ("one", "two")]
    given = {**server, "BACKUP_RECIPIENTS": "# two of us\n" + "\n".join(keys)}
    assert [str(one) for one in recipients(read(given))] == keys
    with pytest.raises(ArchiveError):
        recipients(read({**server, "BACKUP_RECIPIENTS": "nobody"}))
