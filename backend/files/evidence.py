"""Who knows of the rows of a file that they happened, as its reader is told it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from backend.access import Actor
from backend.database import connection
from backend.files.rules import evidence_in_own_file, somebody_in_own_file
from backend.files.views import FileEvidence

# What somebody of a service has done by mistake and taken back at once stands nowhere; what a date
# had settled that was not kept after all names the date.
_EVIDENCE = """
SELECT * FROM evidence WHERE plan = $1
   AND (provenance = 'said' OR message IS NOT NULL OR taken_back_at IS NULL)
 ORDER BY milestone, row_version
"""


async def evidence_by_row(plan: UUID, reader: Actor) -> Mapping[UUID, Sequence[FileEvidence]]:
    """What others of the circle said by chat is theirs, and stands in no file but their own."""
    found: dict[UUID, list[FileEvidence]] = defaultdict(list)
    for row in await connection().fetch(_EVIDENCE, plan):
        own = row["actor"] == reader.id
        if not evidence_in_own_file(row, own=own):
            continue
        if somebody_in_own_file(reader.role, row["role"], own=own):
            taken = row["taken_back_at"] is not None
            found[row["milestone"]].append(
                FileEvidence(row["role"], row["provenance"], row["day"], row["happened"], taken)
            )
    return found
