"""What was put right may stand wrong in a summary that was issued: then somebody issues it anew.

Nothing goes to a court by itself. It is a task for who issues, and for the worker.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from backend import clock
from backend.actors.actions import unseal
from backend.alerts.actions import open_task
from backend.database import connection
from backend.summaries.content import Content, Fact
from backend.summaries.wording import words

WRONG = "summary-wrong"

_STANDING = """
SELECT s.* FROM summary s WHERE s.plan = $1 AND NOT EXISTS (
    SELECT 1 FROM summary n WHERE n.file = s.file AND n.supersedes = s.number)
 ORDER BY s.issued_at, s.id
"""
_CHANGED = """
SELECT EXISTS (SELECT 1 FROM milestone_event WHERE milestone = $1 AND at >= $2 AND kind <> 'undone')
"""


async def is_put_right(correction: Mapping[str, Any]) -> bool:
    """Whether the row that it is about has changed since; of anything else nobody can tell."""
    if correction["milestone"] is None:
        return True
    return bool(
        await connection().fetchval(_CHANGED, correction["milestone"], correction["asked_at"])
    )


async def flag_summaries(plan: Mapping[str, Any], correction: Mapping[str, Any]) -> None:
    """Open the tasks for issued summaries that hold what was wrong and nothing has superseded."""
    row = None
    if correction["milestone"] is not None:
        row = await connection().fetchrow(
            "SELECT * FROM milestone WHERE id = $1", correction["milestone"]
        )
    for summary in await connection().fetch(_STANDING, plan["id"]):
        named = summary["id"] == correction["summary"]
        if named or (row is not None and await _holds(summary, row)):
            await _flag(plan, summary["id"])


async def _holds(summary: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    text = await unseal(summary["subject"], f"summary.content:{summary['id']}", summary["content"])
    if text is None:
        return False
    content = msgspec.json.decode(text.encode(), type=Content)
    return any(tells_of(fact, row, content.language) for fact in content.facts)


def tells_of(fact: Fact, row: Mapping[str, Any], language: str) -> bool:
    """Whether a fact was made of this row, alone or as one of a number; by its fixed words."""
    said = words(language)
    if row["code"] in said and said[row["code"]] in fact.text:
        return True
    counted = said.get(f"count:{row['pathway']}")
    if row["court"] != "A" or counted is None or fact.kind != "count":
        return False
    role = said.get(f"role:{fact.source_role}")
    return fact.text == counted.format(count=fact.count, of=fact.of, role=role)


async def _flag(plan: Mapping[str, Any], summary: UUID) -> None:
    for role in ("SW", "PO"):
        await open_task(
            WRONG,
            agency=plan["agency"],
            plan=plan["id"],
            subject=summary,
            local_due=clock.today(plan["zone"]),
            step=role,
            role=role,
        )
