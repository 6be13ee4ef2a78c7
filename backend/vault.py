"""Sealing: AES-256-GCM under one key per individual, wrapped by a key that no database holds.

A sealed value says nothing and fails closed when it is moved: its place (table,
column, row) is authenticated with it. So is the version of the key that sealed it: a first
byte 1 stands for version 1; after a first byte 2 the version follows.
docs/decisions/0011-keys.md says which key is which.
"""

import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Callable, Iterable
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backend.errors import NotFound
from backend.keyring import KEY, Keyring
from backend.settings import SettingsError

FIRST, NUMBERED = b"\x01", b"\x02"
NONCE = 12
KEPT_KEYS = 4096
LOOK_AGAIN_SECONDS = 10

log = logging.getLogger(__name__)


class VaultError(Exception):
    """A sealed value could not be opened: wrong key, moved, or altered."""


class KeyDestroyed(VaultError, NotFound):
    """Whom this was about was erased: to everybody they are like somebody who never was."""


class Vault:
    """Seals, opens, and makes keyed hashes. One derived key for each purpose.

    `look_again` reads the ring anew: asked when a value names a master key that is not in it,
    so that a running process learns of a rotation from the first value that it meets.
    """

    def __init__(self, ring: Keyring, look_again: Callable[[], Keyring] | None = None) -> None:
        self._ring = ring
        self._look_again = look_again
        self._looked_at = -float(LOOK_AGAIN_SECONDS)
        self._derived: dict[tuple[bytes, str], bytes] = {}
        self._unwrapped: dict[bytes, tuple[AESGCM, UUID]] = {}

    @property
    def newest(self) -> int:
        """The version of the master key that wraps now."""
        return self._ring.newest

    def new_key(self, subject: UUID) -> bytes:
        """A fresh data key for an individual, wrapped."""
        return self._wrap(subject, secrets.token_bytes(KEY))

    def rewrap(self, subject: UUID, wrapped: bytes) -> bytes:
        """The same data key under the newest master key. Raises VaultError."""
        return self._wrap(subject, self.unseal_own("wrap", f"key:{subject}", wrapped))

    def seal(self, subject: UUID, wrapped: bytes, place: str, value: bytes) -> bytes:
        return _seal(self._unwrap(subject, wrapped), value, place)

    def unseal(self, subject: UUID, wrapped: bytes, place: str, sealed: bytes) -> bytes:
        """Raises VaultError when the value was altered, moved, or sealed for another."""
        return _open(self._unwrap(subject, wrapped), sealed, place)

    def hide(self, subject: UUID, wrapped: bytes, words: Iterable[str]) -> list[bytes]:
        """Keyed hashes of words, by which a value of this individual is found and not read.

        The key comes from their own data key: a rotation changes none of them, two individuals
        share none, and where the data key was destroyed they stand for nothing any more.
        """
        own = self._derive(self.unseal_own("wrap", f"key:{subject}", wrapped), "words")
        return [hmac.new(own, word.encode(), hashlib.sha256).digest() for word in words]

    def seal_own(self, purpose: str, place: str, value: bytes) -> bytes:
        """Seal under the service's own key: what arrives before its individual is known."""
        version = self._ring.newest
        return _seal(AESGCM(self._key(self._ring.keys[version], purpose)), value, place, version)

    def unseal_own(self, purpose: str, place: str, sealed: bytes) -> bytes:
        """Raises VaultError, also where the master key that it names is not in the ring."""
        return _open(AESGCM(self._key(self._master(version_of(sealed)), purpose)), sealed, place)

    def index(self, column: str, value: str) -> bytes:
        """A keyed hash, so that a value can be found without being stored."""
        return self.derive(f"index:{column}", value)

    def derive(self, purpose: str, value: str) -> bytes:
        """32 bytes that only this installation can make from a value; a rotation changes none."""
        return hmac.new(
            self._key(self._ring.index, purpose), value.encode(), hashlib.sha256
        ).digest()

    def _unwrap(self, subject: UUID, wrapped: bytes) -> AESGCM:
        """The data key. Kept in memory for a while: a list opens one value under each of many.

        The wrapped key comes from the database every time, so a destroyed one opens nothing.
        """
        kept = self._unwrapped.get(wrapped)
        if kept is None:
            kept = AESGCM(self.unseal_own("wrap", f"key:{subject}", wrapped)), subject
            if len(self._unwrapped) >= KEPT_KEYS:
                self._unwrapped.clear()
            self._unwrapped[wrapped] = kept
        key, owner = kept
        if owner != subject:
            raise VaultError("this key is another individual's")
        return key

    def _wrap(self, subject: UUID, key: bytes) -> bytes:
        return self.seal_own("wrap", f"key:{subject}", key)

    def _master(self, version: int) -> bytes:
        if version not in self._ring.keys:
            self._read_ring()
        try:
            return self._ring.keys[version]
        except KeyError:
            log.error(  # noqa: TRY400 - a traceback says no more
                "a value needs a master key that is not in the ring", extra={"version": version}
            )
            raise VaultError("its master key is not in the ring") from None

    def _read_ring(self) -> None:
        """At most once in a while: a value that was altered may name any version."""
        now = time.monotonic()
        if self._look_again is None or now - self._looked_at < LOOK_AGAIN_SECONDS:
            return
        self._looked_at = now
        try:
            found = self._look_again()
        except SettingsError as error:
            log.warning("the ring cannot be read again", extra={"error": type(error).__name__})
            return
        if found.index == self._ring.index:
            self._ring = found
        else:
            log.error("the ring that is there now is another installation's")

    def _key(self, master: bytes, purpose: str) -> bytes:
        if (master, purpose) not in self._derived:
            self._derived[master, purpose] = self._derive(master, purpose)
        return self._derived[master, purpose]

    @staticmethod
    def _derive(key: bytes, purpose: str) -> bytes:
        kdf = HKDF(algorithm=hashes.SHA256(), length=KEY, salt=None, info=purpose.encode())
        return kdf.derive(key)


def version_of(sealed: bytes) -> int:
    """Of the key that sealed this: a master key, or the data key (1) of an individual."""
    return sealed[1] if sealed[:1] == NUMBERED and len(sealed) > 1 else 1


def _head(version: int) -> bytes:
    return FIRST if version == 1 else NUMBERED + bytes([version])


def _seal(key: AESGCM, value: bytes, place: str, version: int = 1) -> bytes:
    nonce, head = secrets.token_bytes(NONCE), _head(version)
    return head + nonce + key.encrypt(nonce, value, head + place.encode())


def _open(key: AESGCM, sealed: bytes, place: str) -> bytes:
    head = FIRST if sealed[:1] == FIRST else _head(version_of(sealed))  # fifty of these make a page
    if not sealed.startswith(head):
        raise VaultError("unknown scheme")
    body = len(head) + NONCE
    try:
        return key.decrypt(sealed[len(head) : body], sealed[body:], head + place.encode())
    except (InvalidTag, ValueError) as error:
        raise VaultError("this value cannot be opened here") from error
