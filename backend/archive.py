"""The files of a backup: a manifest and rows, sealed with age for one or more keys.

The backup itself holds what `pg_dump` wrote, without the wrapped keys. These lie in a file of
their own, as COPY wrote them: a key that is destroyed must not lie on in older backups.

Inside, the first line is the manifest in JSON and the rest is pg_dump's custom format, so
that `age` and `pg_restore` alone can read a backup. age seals in pieces with a mark on the
last one: a file that was altered or cut anywhere does not open to its end.
docs/decisions/0007-backups.md says why it is so.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol

import msgspec
import pyrage
from pyrage import x25519

from backend.psql import Fingerprint

FORMAT = 2
WITH_KEYS_INSIDE = 1  # of releases before; still read
NAME = "throughcare-%Y%m%dT%H%M%SZ.age"
NAMES = "throughcare-*Z.age"
# the mark changes with the set of individuals whose keys were destroyed, and says nothing else
KEYS_NAME = "keys-%Y%m%dT%H%M%SZ-{mark}.age"
KEYS_NAMES = "keys-*Z-*.age"
KEYS = "public.subject_key"
KEY_ROWS = "SELECT id, wrapped, destroyed_at FROM {table} ORDER BY id"
LONGEST_MANIFEST = 1024 * 1024


class ArchiveError(Exception):
    """A backup or its key cannot be used; the text is one line for the operator."""


class Manifest(msgspec.Struct, frozen=True):
    """What the backup holds, taken from the same snapshot as the dump."""

    format: int
    made_at: datetime
    migration: str
    tables: Mapping[str, Fingerprint]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


def new_identity(path: Path) -> str:
    """Make a key pair, keep the secret half in a new file, and return the public half."""
    identity = x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    except FileExistsError as error:
        raise ArchiveError(f"{path} is there already, and a key is never overwritten") from error
    with os.fdopen(number, "w", encoding="ascii") as file:
        file.write(f"# public key: {public}\n{identity}\n")
    return public


def read_identities(path: Path) -> list[x25519.Identity]:
    """The secret keys in a file, one a line. Raises ArchiveError."""
    try:
        return [x25519.Identity.from_str(line) for line in _words(path.read_text("ascii"))]
    except (pyrage.IdentityError, UnicodeDecodeError) as error:
        raise ArchiveError(f"{path} holds no age key") from error


def read_recipients(text: str) -> list[x25519.Recipient]:
    """The public keys in a text, one a line. Raises ArchiveError."""
    try:
        return [x25519.Recipient.from_str(line) for line in _words(text)]
    except pyrage.RecipientError as error:
        raise ArchiveError("the recipients are no age public keys, one a line") from error


def _words(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def write(
    path: Path, recipients: Sequence[x25519.Recipient], manifest: Manifest, dump: "Readable"
) -> None:
    """Seal the manifest and all that `dump` gives into a new file that only we may read."""
    line = msgspec.json.encode(manifest) + b"\n"
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "wb") as file:
        try:
            pyrage.encrypt_io(_Joined(line, dump), file, recipients)
        except pyrage.EncryptError as error:
            raise ArchiveError(f"{path} cannot be written: {error}") from error
        file.flush()
        os.fsync(number)


def inspect(path: Path, identities: Sequence[x25519.Identity]) -> Manifest:
    """The manifest, once the whole file has proven whole and unaltered. Raises ArchiveError."""
    parted = _Parted(None)
    _open(path, identities, parted)
    try:
        manifest = msgspec.json.decode(parted.line, type=Manifest)
    except msgspec.DecodeError as error:
        raise ArchiveError(f"{path} opens, but is no backup of this program") from error
    if manifest.format not in {FORMAT, WITH_KEYS_INSIDE}:
        raise ArchiveError(
            f"{path} has format {manifest.format}, this release reads up to {FORMAT}"
        )
    return manifest


def pour(path: Path, identities: Sequence[x25519.Identity], into: IO[bytes]) -> None:
    """Write the dump into a program that may stop reading early. Raises ArchiveError."""
    _open(path, identities, _Parted(into))


def _open(path: Path, identities: Sequence[x25519.Identity], parted: "_Parted") -> None:
    with path.open("rb") as file:
        try:
            pyrage.decrypt_io(file, parted, identities)
        except pyrage.DecryptError as error:
            raise ArchiveError(f"this key does not open {path}: {error}") from error
        except OSError as error:
            raise ArchiveError(f"{path} was cut short or altered: {error}") from error


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Lines:
    """What a stream of lines looks like to age."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            line = next(self._lines, None)
            if line is None:
                size = len(self._rest)
                break
            self._rest += line
        part, self._rest = self._rest[:size], self._rest[size:]
        return part


class _Joined:
    """What age reads: some bytes, and after them a stream."""

    def __init__(self, first: bytes, then: "Readable") -> None:
        self._first = first
        self._then = then

    def read(self, size: int = -1) -> bytes:
        if self._first:
            part, self._first = self._first[:size], self._first[size:]
            return part
        return self._then.read(size)


class _Parted:
    """What age writes to: keeps the first line and hands on the rest."""

    def __init__(self, rest: IO[bytes] | None) -> None:
        self.line = b""
        self._rest = rest
        self._ended = False

    def write(self, data: bytes) -> int:
        length = len(data)
        if not self._ended:
            more, mark, data = data.partition(b"\n")
            self.line += more
            self._ended = bool(mark)
            if len(self.line) > LONGEST_MANIFEST:
                raise OSError("its first line is no manifest")
        if self._rest is not None and data:
            try:
                self._rest.write(data)
            except BrokenPipeError:  # it has what it wants, or its exit code will tell
                self._rest = None
        return length

    def flush(self) -> None:
        if self._rest is not None:
            with suppress(BrokenPipeError):
                self._rest.flush()
