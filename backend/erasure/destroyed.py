"""Whose key was destroyed is known outside the database too, so that no restore brings them back.

A backup is of the night. Whoever is erased by day is in it, name and key, until the next one; so
the ids of destroyed keys leave this host every minute, beside the heads of the audit. They are
random and name nobody. docs/decisions/0018-erasure-and-retention.md says what they tell.
"""

import asyncio
import logging
from pathlib import Path
from uuid import UUID

from backend.audit.heads import PATIENCE_SECONDS, append
from backend.database import connection, transaction

log = logging.getLogger(__name__)

FILE = "destroyed.ids"
_GONE = "SELECT id FROM subject_key WHERE wrapped IS NULL ORDER BY id"


async def export_destroyed(folder: Path | None) -> None:
    """Append what the file lacks: a lost file, or a line that was cut short, is made good.

    Two workers may write the same id; a reader takes it once.
    """
    if folder is None:
        return
    async with transaction():
        gone = [row["id"] for row in await connection().fetch(_GONE)]
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.to_thread(_add, folder / FILE, gone)
    except OSError as error:
        log.warning(
            "the ids of destroyed keys did not leave", extra={"error": type(error).__name__}
        )


def _add(file: Path, gone: list[UUID]) -> None:
    told = file.read_bytes() if file.exists() else b""
    known, _ = read_destroyed(told.decode("ascii", "replace"))
    lines = "".join(f"{one}\n" for one in gone if one not in known)
    if lines:
        cut = b"\n" if told and not told.endswith(b"\n") else b""
        append(file, cut + lines.encode())


def read_destroyed(text: str) -> tuple[set[UUID], int]:
    """The ids, and how many lines are none: one that was broken off by a crash, for example."""
    found, strange = set(), 0
    for line in text.splitlines():
        try:
            found.add(UUID(line.strip()))
        except ValueError:
            strange += bool(line.strip())
    return found, strange


def kept_list(folder: Path | None) -> Path | None:
    """Where the list is, beside the heads of the audit; None where it is not."""
    if folder is None or not (folder / FILE).is_file():
        return None
    return folder / FILE


def read_list(path: Path | None) -> tuple[set[UUID] | None, int]:
    """As `read_destroyed`; None where there is no list."""
    if path is None:
        return None, 0
    return read_destroyed(path.read_text(encoding="ascii", errors="replace"))
