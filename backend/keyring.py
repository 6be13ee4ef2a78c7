"""The master keys of an installation: which there are, and where they come from.

A ring is text. One key in base64, as it was made at first, is version 1. A ring of several
has one `n:base64` a line; the highest number wraps what is new, the others still open what
they wrapped. `index:base64` is the key of what is derived and must outlive a rotation; where
no line names it, it is the oldest key of the ring.
"""

import base64
import hashlib
import os
import re
import secrets
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import msgspec

from backend.settings import Settings, SettingsError

KEY = 32
LAST_VERSION = 255  # the version is one byte of what it wrapped
COMMAND_SECONDS = 10
_LINE = re.compile(r"(?:(index|[1-9][0-9]{0,2}):)?([A-Za-z0-9+/]{43}=)")


@dataclass(frozen=True)
class Keyring:
    """Master keys by version, and the key of indexes. It is never shown: see `fingerprint`."""

    keys: Mapping[int, bytes]
    index: bytes

    @classmethod
    def single(cls, key: bytes) -> Self:
        return cls({1: key}, key)

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises SettingsError, without a word of the text."""
        found: dict[str, bytes] = {}
        for line in text.split():
            matched = _LINE.fullmatch(line)
            name = (matched[1] or "1") if matched else ""
            if matched is None or name in found:
                raise SettingsError(
                    f"VAULT_KEY must be {KEY} bytes in base64, or one n:base64 a line"
                )
            found[name] = base64.b64decode(matched[2])
        index = found.pop("index", None)
        keys = {int(name): key for name, key in sorted(found.items(), key=lambda one: int(one[0]))}
        if not keys or max(keys) > LAST_VERSION:
            raise SettingsError(f"VAULT_KEY must hold a key with a number up to {LAST_VERSION}")
        return cls(keys, index or keys[min(keys)])

    @property
    def newest(self) -> int:
        return max(self.keys)

    @property
    def fingerprint(self) -> str:
        """Tells two rings apart and says nothing about their keys."""
        digest = hashlib.sha256(b"throughcare ring\n" + self.text().encode()).hexdigest()
        return " ".join(digest[at : at + 4] for at in (0, 4, 8, 12))

    def text(self) -> str:
        lines = {"index": self.index, **{str(n): key for n, key in sorted(self.keys.items())}}
        return "".join(f"{name}:{_base64(key)}\n" for name, key in lines.items())

    def grown(self) -> "Keyring":
        """The same ring with a fresh key on top. Raises SettingsError at the last number."""
        if self.newest == LAST_VERSION:
            raise SettingsError(f"{LAST_VERSION} is the last number that a key may have")
        more = {**self.keys, self.newest + 1: secrets.token_bytes(KEY)}
        return Keyring(more, self.index)

    def __repr__(self) -> str:
        return f"<Keyring {self.fingerprint}>"


def keyring(configured: Settings) -> Keyring:
    """The ring of this installation; beside the embedded Postgres it is made once.

    Raises SettingsError where there is none: a server must be given its key.
    """
    found = given(configured)
    if found is None and configured.embedded:
        return Keyring.read(kept(kept_ring(configured)))
    if found is None:
        raise SettingsError("VAULT_KEY (or _FILE, or _COMMAND) is missing: 32 bytes in base64")
    return found


def given(configured: Settings) -> Keyring | None:
    """The ring that the settings name, if any. Raises SettingsError."""
    if configured.vault_key and configured.vault_key_command:
        raise SettingsError("set VAULT_KEY or VAULT_KEY_COMMAND, not both")
    if configured.vault_key_command:
        return Keyring.read(_said_by(configured.vault_key_command))
    return Keyring.read(configured.vault_key) if configured.vault_key else None


def kept_ring(configured: Settings) -> Path:
    """Where the ring of an installation with the embedded Postgres lies."""
    return configured.data / "vault.key"


def _said_by(command: str) -> str:
    """What the program prints. It runs without a shell; nothing it says is ever shown."""
    try:
        words = msgspec.json.decode(command, type=Annotated[list[str], msgspec.Meta(min_length=1)])
    except msgspec.DecodeError as error:
        raise SettingsError('VAULT_KEY_COMMAND must be a list: ["program", "word"]') from error
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own program
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMMAND_SECONDS,
            check=True,
        )
        return done.stdout.decode("ascii")
    except subprocess.CalledProcessError as error:
        raise SettingsError(f"VAULT_KEY_COMMAND ended with {error.returncode}") from None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise SettingsError(f"VAULT_KEY_COMMAND gave no key: {type(error).__name__}") from None


def kept(path: Path) -> str:
    """Whole or not there at all: whoever comes second reads what the first has written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(_base64(secrets.token_bytes(KEY)), encoding="ascii")
        fresh.chmod(0o400)
        with suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_text(encoding="ascii")


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode()
