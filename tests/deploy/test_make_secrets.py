import base64
import os
import re
import stat
from pathlib import Path

import pytest

from tests.deploy.files import compose
from tests.deploy.stack import make_secrets

FILE = compose({"PUBLIC_HOST": "help.example.org"})
BY_CHANCE = {
    "postgres_password",
    "database_url",
    "app_database_url",
    "worker_database_url",
    "backup_database_url",
    "vault_key",
    "audit_key",
    "webhook_secret",
}


def _kept(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_what_chance_can_make_is_made_and_the_rest_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "secrets"
    done = make_secrets(folder)
    assert done.returncode == 0, done.stderr
    kept = _kept(folder)
    assert set(kept) == BY_CHANCE
    for name in set(FILE["secrets"]) - BY_CHANCE:
        assert name in done.stdout
    assert len(base64.b64decode(kept["vault_key"], validate=False)) == 32
    assert re.fullmatch(r"[A-Za-z0-9_-]{43,256}", kept["webhook_secret"])
    passwords = {name: re.findall(r":(\w+)@/", kept[name]) for name in kept if "url" in name}
    assert all(len(found[0]) == 64 for found in passwords.values())
    assert len({found[0] for found in passwords.values()}) == 4
    assert passwords["database_url"] == [kept["postgres_password"]]
    for value in kept.values():
        assert value.strip() not in done.stdout + done.stderr


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    make_secrets(tmp_path, "telegram_token", said="1:first")
    before = _kept(tmp_path)
    assert make_secrets(tmp_path).returncode == 0
    again = make_secrets(tmp_path, "telegram_token", said="2:second")
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert _kept(tmp_path) == before


def test_what_is_missing_later_is_made_to_fit_what_is_there(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    (tmp_path / "database_url").unlink()
    make_secrets(tmp_path)
    kept = _kept(tmp_path)
    assert f":{kept['postgres_password']}@" in kept["database_url"]


@pytest.mark.parametrize(
    ("name", "said", "code"), [("vault_kye", "x", 2), ("../x", "x", 2), ("tls_key", "", 1)]
)
def test_a_wrong_name_and_an_empty_secret_are_refused(
    tmp_path: Path, name: str, said: str, code: int
) -> None:
    done = make_secrets(tmp_path / "secrets", name, said=said)
    assert done.returncode == code
    assert list((tmp_path / "secrets").iterdir()) == []


def test_a_secret_is_for_the_account_that_needs_it_alone(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    for name in set(FILE["secrets"]) - BY_CHANCE:
        make_secrets(tmp_path, name, said="something")
    for service in FILE["services"].values():
        for name in service.get("secrets", ()):
            found = (tmp_path / name).stat()
            assert stat.S_IMODE(found.st_mode) == 0o400
            if os.geteuid() == 0:
                assert f"{found.st_uid}:{found.st_gid}" == service["user"]
