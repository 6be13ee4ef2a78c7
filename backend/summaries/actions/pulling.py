"""What a court may pull: issued versions, by a file reference that is bound to its machine.

A reference or id that is foreign, unknown, a canary, no reference at all, that of a
person whose key was destroyed, or of an agency whose registry lets nothing flow to this
court takes the same way through the same statements and ends in the same NotFound. Every
pull is written down, for the plan's coordinator; a refused one too, against the court's
machine. What goes beyond the day's quota is refused before any file is looked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, require
from backend.actors.actions import unseal_with
from backend.audit.actions import record
from backend.courts.actions import indexes
from backend.courts.quota import Pull, count_pull
from backend.database import connection, transaction
from backend.errors import NotFound, QuotaSpent
from backend.summaries.hashes import hash_of, is_of
from backend.vault import VaultError

_FILE = """
SELECT f.id, f.plan FROM court_file f
  JOIN court_client c ON c.id = f.client AND c.suspended_at IS NULL
 WHERE f.client = $1 AND f.reference_index = ANY ($2) AND f.ended_at IS NULL
   AND may_flow(f.agency, 'court', f.client, NULL, 'summary', $3)
   AND NOT EXISTS (SELECT 1 FROM subject_key k WHERE k.id = f.subject AND k.wrapped IS NULL)
 ORDER BY array_position($2, f.reference_index) DESC LIMIT 1
"""  # what an earlier release bound in this very spelling comes first
_ISSUED = """
SELECT s.*, (SELECT max(n.number) FROM summary n WHERE n.file = s.file AND n.supersedes = s.number)
       AS superseded_by, (SELECT k.wrapped FROM subject_key k WHERE k.id = s.subject) AS wrapped
  FROM summary s WHERE s.file = $1 AND ($2::uuid IS NULL OR s.id = $2) ORDER BY s.number
"""


@dataclass(frozen=True)
class Issued:
    """An issued version as it stands in its row; `content` are the bytes that the hash is of.

    `sha256` is that hash as the court is told it: the row has only what it is checked by.
    """

    row: Any
    content: bytes
    sha256: str


async def list_summaries(actor: Actor, file_ref: str) -> Sequence[Issued]:
    """What was issued to a file, oldest first; each is opened, for its hash is told.

    Raises NotFound, QuotaSpent, and NotSignedIn for a machine suspended a moment ago.
    """
    require(actor, "listSummaries")
    async with transaction(actor.id):
        index = indexes(file_ref)
        pull = await count_pull(actor, index)
        file, rows = await _look(actor, pull, index, None)
        issued = [_open(row) for row in rows]
        await _note(actor, "listSummaries", pull, file, None)
    _within(pull)
    if file is None:
        raise NotFound
    return issued


async def get_summary(actor: Actor, file_ref: str, id_: UUID) -> Issued:
    """One issued version. Raises likewise; NotFound also for what was issued to another file."""
    require(actor, "getSummary")
    async with transaction(actor.id):
        index = indexes(file_ref)
        pull = await count_pull(actor, index)
        file, rows = await _look(actor, pull, index, id_)
        issued = _open(rows[0]) if rows else None
        await _note(actor, "getSummary", pull, file if issued else None, id_ if issued else None)
    _within(pull)
    if issued is None:
        raise NotFound
    return issued


async def _look(
    actor: Actor, pull: Pull, index: Sequence[bytes], id_: UUID | None
) -> tuple[Any | None, Sequence[Any]]:
    """The file and what was issued to it; nothing of either once the person's key is destroyed."""
    if pull.over:
        return None, ()
    file = await connection().fetchrow(_FILE, actor.id, index, clock.now())
    rows = await connection().fetch(_ISSUED, file["id"] if file else None, id_)
    if any(row["wrapped"] is None for row in rows):
        return None, ()
    return file, rows


def _within(pull: Pull) -> None:
    if pull.over:
        raise QuotaSpent(retry_after=pull.seconds)


def _open(row: Any) -> Issued:
    place = f"summary.content:{row['id']}"
    text: str = unseal_with(row["wrapped"], row["subject"], place, row["content"])
    body = text.encode()
    if not is_of(row["sha256"], body):
        raise VaultError("a summary and its hash differ")
    return Issued(row, body, hash_of(body))


async def _note(
    actor: Actor, operation: str, pull: Pull, file: Any | None, thing: UUID | None
) -> None:
    """The audit row of a pull. A refusal names no plan: whoever reads there learns of nothing.

    Beyond the quota the first is written down; the count of the day tells of the others.
    """
    if pull.over:
        if pull.over == 1:
            await record(actor, operation, outcome="over-quota")
    elif file is None:
        await record(actor, operation, outcome="canary" if pull.canary else "not-found")
    else:
        await record(actor, operation, plan=file["plan"], thing=thing)
