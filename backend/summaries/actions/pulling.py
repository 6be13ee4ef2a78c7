"""What a court may pull: issued versions, by a file reference that is bound to its machine.

A reference or id that is foreign, unknown, of somebody who was erased or none at all takes the
same way through the same statements and ends in the same NotFound. Every pull is written
down, for the plan's coordinator; a refused one too, against the court's machine.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.access import Actor, require
from backend.actors.actions import unseal
from backend.audit.actions import record
from backend.courts.actions import reference_index
from backend.database import connection, transaction
from backend.errors import NotFound
from backend.vault import VaultError

_FILE = """
SELECT f.id, f.plan FROM court_file f
  JOIN court_client c ON c.id = f.client AND c.suspended_at IS NULL
 WHERE f.client = $1 AND f.reference_index = $2 AND f.ended_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM summary s JOIN subject_key k ON k.id = s.subject
                    WHERE s.file = f.id AND k.wrapped IS NULL)
"""
_ISSUED = """
SELECT s.*, (SELECT max(n.number) FROM summary n WHERE n.file = s.file AND n.supersedes = s.number)
       AS superseded_by
  FROM summary s WHERE s.file = $1 AND ($2::uuid IS NULL OR s.id = $2) ORDER BY s.number
"""


@dataclass(frozen=True)
class Issued:
    """An issued version as it stands in its row; `content` are the bytes that the hash is of."""

    row: Any
    content: bytes


async def list_summaries(actor: Actor, file_ref: str) -> Sequence[Any]:
    """What was issued to a file, oldest first, without its content. Raises NotFound."""
    require(actor, "listSummaries")
    async with transaction(actor.id):
        file = await _file(actor, file_ref)
        rows = await _issued(file, None)
        await _note(actor, "listSummaries", file, None)
    if file is None:
        raise NotFound
    return rows


async def get_summary(actor: Actor, file_ref: str, id_: UUID) -> Issued:
    """One issued version. Raises NotFound, also where it was issued to another file."""
    require(actor, "getSummary")
    async with transaction(actor.id):
        file = await _file(actor, file_ref)
        rows = await _issued(file, id_)
        found = rows[0] if rows else None
        issued = await _open(found) if found is not None else None
        await _note(actor, "getSummary", file if issued else None, id_ if issued else None)
    if issued is None:
        raise NotFound
    return issued


async def _file(actor: Actor, file_ref: str) -> Any | None:
    return await connection().fetchrow(_FILE, actor.id, reference_index(file_ref.strip()))


async def _issued(file: Any | None, id_: UUID | None) -> Sequence[Any]:
    rows: Sequence[Any] = await connection().fetch(_ISSUED, file["id"] if file else None, id_)
    return rows


async def _open(row: Any) -> Issued:
    text: str = await unseal(row["subject"], f"summary.content:{row['id']}", row["content"])
    body = text.encode()
    if hashlib.sha256(body).digest() != row["sha256"]:
        raise VaultError("a summary and its hash differ")
    return Issued(row, body)


async def _note(actor: Actor, operation: str, file: Any | None, thing: UUID | None) -> None:
    """The audit row of a pull. A refusal names no plan: whoever reads there learns of nothing."""
    if file is None:
        await record(actor, operation, outcome="not-found")
    else:
        await record(actor, operation, plan=file["plan"], thing=thing)
