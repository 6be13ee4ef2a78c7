"""Sealing: AES-256-GCM under one key per individual, wrapped by a key that no database holds.

A sealed value says nothing and fails closed when it is moved: its place (table,
column, row) is authenticated with it. First byte: version of the scheme.
"""

import base64
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backend.settings import Settings, SettingsError

SCHEME = b"\x01"
NONCE = 12
KEY = 32
KEPT_KEYS = 4096


class VaultError(Exception):
    """A sealed value could not be opened: wrong key, moved, or altered."""


class Vault:
    """Seals, opens, and makes keyed hashes. One master key, one derived key for each purpose."""

    def __init__(self, master: bytes) -> None:
        if len(master) != KEY:
            raise SettingsError(f"VAULT_KEY must be {KEY} bytes in base64")
        self._master = master
        self._derived: dict[str, bytes] = {}
        self._unwrapped: dict[bytes, tuple[AESGCM, UUID]] = {}

    def new_key(self, subject: UUID) -> bytes:
        """A fresh data key for an individual, wrapped."""
        return _seal(AESGCM(self._key("wrap")), secrets.token_bytes(KEY), f"key:{subject}")

    def seal(self, subject: UUID, wrapped: bytes, place: str, value: bytes) -> bytes:
        return _seal(self._unwrap(subject, wrapped), value, place)

    def unseal(self, subject: UUID, wrapped: bytes, place: str, sealed: bytes) -> bytes:
        """Raises VaultError when the value was altered, moved, or sealed for another."""
        return _open(self._unwrap(subject, wrapped), sealed, place)

    def seal_own(self, purpose: str, place: str, value: bytes) -> bytes:
        """Seal under the service's own key: what arrives before its individual is known."""
        return _seal(AESGCM(self._key(purpose)), value, place)

    def unseal_own(self, purpose: str, place: str, sealed: bytes) -> bytes:
        return _open(AESGCM(self._key(purpose)), sealed, place)

    def index(self, column: str, value: str) -> bytes:
        """A keyed hash, so that a value can be found without being stored."""
        return self.derive(f"index:{column}", value)

    def derive(self, purpose: str, value: str) -> bytes:
        """32 bytes that only this installation can make from a value."""
        return hmac.new(self._key(purpose), value.encode(), hashlib.sha256).digest()

    def _unwrap(self, subject: UUID, wrapped: bytes) -> AESGCM:
        """The data key. Kept in memory for a while: a list opens one value under each of many.

        The wrapped key comes from the database every time, so a destroyed one opens nothing.
        """
        kept = self._unwrapped.get(wrapped)
        if kept is None:
            kept = AESGCM(_open(AESGCM(self._key("wrap")), wrapped, f"key:{subject}")), subject
            if len(self._unwrapped) >= KEPT_KEYS:
                self._unwrapped.clear()
            self._unwrapped[wrapped] = kept
        key, owner = kept
        if owner != subject:
            raise VaultError("this key is another individual's")
        return key

    def _key(self, purpose: str) -> bytes:
        if purpose not in self._derived:
            kdf = HKDF(algorithm=hashes.SHA256(), length=KEY, salt=None, info=purpose.encode())
            self._derived[purpose] = kdf.derive(self._master)
        return self._derived[purpose]


def _seal(key: AESGCM, value: bytes, place: str) -> bytes:
    nonce = secrets.token_bytes(NONCE)
    return SCHEME + nonce + key.encrypt(nonce, value, SCHEME + place.encode())


def _open(key: AESGCM, sealed: bytes, place: str) -> bytes:
    scheme, nonce, body = sealed[:1], sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
    if scheme != SCHEME:
        raise VaultError("unknown scheme")
    try:
        return key.decrypt(nonce, body, scheme + place.encode())
    except (InvalidTag, ValueError) as error:
        raise VaultError("this value cannot be opened here") from error


def master_key(settings: Settings) -> bytes:
    """The key from VAULT_KEY; beside the embedded Postgres it is made once, in a file of its own.

    Raises SettingsError where neither is at hand: a server must be given its key.
    """
    return key_of("VAULT_KEY", settings.vault_key, settings, "vault.key")


def key_of(name: str, given: str | None, settings: Settings, file: str) -> bytes:
    """The key of a setting, or the one in a file of the data folder, made there once.

    Raises SettingsError where neither is at hand.
    """
    if given:
        try:
            return base64.b64decode(given, validate=True)
        except ValueError as error:
            raise SettingsError(f"{name} must be base64") from error
    if not settings.embedded:
        raise SettingsError(f"{name} (or {name}_FILE) is missing: 32 random bytes in base64")
    return _kept(settings.data / file)


def _kept(path: Path) -> bytes:
    """Whole or not there at all: whoever comes second reads what the first has written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_bytes(base64.b64encode(secrets.token_bytes(KEY)))
        fresh.chmod(0o400)
        with suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    return base64.b64decode(path.read_bytes())
