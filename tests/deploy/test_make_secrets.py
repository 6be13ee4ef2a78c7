import base64
import os
import re
import shutil
import stat
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from backend.listening import encrypted
from backend.settings import read
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
    "inside_certificate",
    "inside_key",
}

PUBLIC = {"inside_certificate"}  # the proxy reads it, and what it says is no secret


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
            assert stat.S_IMODE(found.st_mode) == (0o444 if name in PUBLIC else 0o400)
            if os.geteuid() == 0 and name not in PUBLIC:
                assert f"{found.st_uid}:{found.st_gid}" == service["user"]


def _certificate(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "inside_certificate").read_bytes())


def test_the_certificate_inside_is_good_for_our_two_names_alone_and_signs_no_other(
    tmp_path: Path,
) -> None:
    make_secrets(tmp_path)
    made = _certificate(tmp_path)
    extensions = made.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["api", "bot"]
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    uses = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert made.not_valid_after_utc - made.not_valid_before_utc == timedelta(days=3650)
    files = {name: str(tmp_path / f"inside_{name}") for name in ("certificate", "key")}
    configured = {f"LISTEN_{name.upper()}_FILE": path for name, path in files.items()}
    assert encrypted(read(configured)) is not None  # the key is its own


def test_a_certificate_that_is_lost_comes_back_of_the_same_key(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    before = _certificate(tmp_path)
    (tmp_path / "inside_certificate").unlink()
    assert make_secrets(tmp_path).returncode == 0
    assert _certificate(tmp_path).public_key() == before.public_key()


def test_a_certificate_whose_key_is_lost_is_not_given_another_one(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    (tmp_path / "inside_key").unlink()
    done = make_secrets(tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "remove it" in done.stderr
    assert not (tmp_path / "inside_key").exists()
    (tmp_path / "inside_certificate").unlink()
    assert make_secrets(tmp_path).returncode == 0


def test_where_openssl_is_missing_one_line_says_so_and_nothing_is_made(tmp_path: Path) -> None:
    programs, folder = tmp_path / "programs", tmp_path / "secrets"
    programs.mkdir()
    (programs / "mkdir").symlink_to(str(shutil.which("mkdir")))
    done = make_secrets(folder, path=str(programs))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "make-secrets: openssl is missing: apt-get install openssl\n"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("days", "told"), [(700, True), (800, False)])
def test_a_certificate_inside_that_ends_within_two_years_is_named_at_each_release(
    tmp_path: Path, days: int, *, told: bool
) -> None:
    make_secrets(tmp_path)
    key, certificate = tmp_path / "inside_key", tmp_path / "inside_certificate"
    certificate.unlink()
    words = ["openssl", "req", "-x509", "-key", str(key), "-days", str(days), "-subj", "/CN=inside"]
    subprocess.run([*words, "-out", certificate], check=True, capture_output=True)
    done = make_secrets(tmp_path)
    assert done.returncode == 0
    assert ("inside_certificate ends within two years" in done.stdout) is told
