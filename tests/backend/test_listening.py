"""Listening with a certificate: what is asked of its two files, and how an operator hears of it."""

import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from backend.listening import encrypted
from backend.settings import ROOT, SettingsError, read
from tests.deploy.outside import certificate
from tests.processes import KEY

FILES = ("LISTEN_CERTIFICATE_FILE", "LISTEN_KEY_FILE")


def _files(folder: Path, chain: str, key: str) -> dict[str, str]:
    given = {}
    for name, text in zip(FILES, (chain, key), strict=True):
        (folder / name).write_text(text)
        given[name] = str(folder / name)
    return given


def test_without_a_certificate_it_is_plain_http() -> None:
    assert encrypted(read({})) is None


def test_with_one_nothing_before_tls_1_3_is_spoken(tmp_path: Path) -> None:
    made = certificate("api")
    side = encrypted(read(_files(tmp_path, made.chain, made.key)))
    assert side is not None
    assert side.minimum_version is ssl.TLSVersion.TLSv1_3


@pytest.mark.parametrize("alone", FILES)
def test_one_of_the_two_files_is_not_enough(tmp_path: Path, alone: str) -> None:
    given = _files(tmp_path, "a", "b")
    with pytest.raises(SettingsError, match=r"^LISTEN_CERTIFICATE_FILE and LISTEN_KEY_FILE go tog"):
        read({alone: given[alone]})


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    given = _files(tmp_path, "a", "b") | {name: str(tmp_path / "missing")}
    with pytest.raises(SettingsError, match=f"^{name} cannot be read: No such file or directory$"):
        read(given)


@pytest.mark.parametrize("verb", ["api", "bot"])
def test_files_that_are_no_pair_are_one_line_before_anything_is_waited_for(
    tmp_path: Path, verb: str
) -> None:
    given = _files(tmp_path, certificate("api").chain, certificate("api").key)
    env = {
        "PATH": "/usr/bin:/bin",
        "APP_DATABASE_URL": "postgresql://app@127.0.0.1:1/one",
        "WORKER_DATABASE_URL": "postgresql://worker@127.0.0.1:1/one",
        "VAULT_KEY": KEY,
        "TELEGRAM_TOKEN": "1:x",
        "WEBHOOK_URL": "https://help.example.org",
        "WEBHOOK_SECRET": "a-secret-of-the-webhook",
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "throughcare.py"), verb],
        env=env | given,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    said = f"{verb}: LISTEN_CERTIFICATE_FILE and LISTEN_KEY_FILE are no certificate with its key\n"
    assert (done.returncode, done.stderr) == (1, said)


def test_a_key_behind_a_word_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    made = certificate("api")
    sealed = serialization.load_pem_private_key(made.key.encode(), None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"a word"),
    )
    given = _files(tmp_path, made.chain, sealed.decode())
    with pytest.raises(SettingsError, match=r"no certificate with its key$"):
        encrypted(read(given))
