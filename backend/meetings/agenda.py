"""What a meeting is to speak of, built from its plan; for its workers, within a transaction."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.actors.actions import seal, unseal_or_none
from backend.database import connection
from backend.evidence import rules as of_evidence
from backend.evidence.actions import differ, known_of
from backend.meetings import rules

_PUT = """
INSERT INTO meeting_item AS i (id, agency, plan, version, meeting, milestone, why, words)
SELECT gen_random_uuid(), $1, $2, 1, $3, n.row, string_to_array(n.why, ','), NULL
  FROM unnest($4::uuid[], $5::text[]) AS n(row, why)
ON CONFLICT (meeting, milestone) WHERE milestone IS NOT NULL DO UPDATE
   SET why = ARRAY(SELECT DISTINCT unnest(i.why || excluded.why) ORDER BY 1),
       version = i.version + 1
 WHERE NOT i.why @> excluded.why
"""
_PUT_WORDS = """
INSERT INTO meeting_item (id, agency, plan, version, meeting, why, words)
VALUES ($1, $2, $3, 1, $4, $5, $6)
"""
_LAST = """
SELECT i.*, n.state FROM meeting_item i LEFT JOIN milestone n ON n.id = i.milestone
 WHERE i.meeting = (SELECT m.id FROM meeting m WHERE m.plan = $1 AND m.took_place_at IS NOT NULL
                     ORDER BY m.took_place_at DESC, m.id LIMIT 1)
 ORDER BY i.id
"""
_NEXT = """
SELECT id FROM meeting WHERE plan = $1 AND held_on >= $2 AND took_place_at IS NULL
   AND called_off_at IS NULL ORDER BY held_on, held_at, id LIMIT 1
"""


async def build(plan: Mapping[str, Any], meeting: Mapping[str, Any]) -> None:
    """Add what is to be spoken of by now; what is there stays, also what was left out."""
    today, found = clock.today(plan["zone"]), dict[UUID, Collection[str]]()
    for row, sayings in await known_of(plan["id"]):
        why = rules.why_of(
            row,
            plan,
            today,
            meeting["held_on"],
            differ=differ(sayings),
            waits=of_evidence.waits(row, sayings),
        )
        if why and row["id"] != meeting["milestone"]:
            found[row["id"]] = why
    await put_rows(plan, meeting["id"], found)


async def carry_over(plan: Mapping[str, Any]) -> None:
    """What the last meeting that took place did not come to stands on the next that comes, once."""
    held = connection()
    meeting = await held.fetchval(_NEXT, plan["id"], clock.today(plan["zone"]))
    if meeting is None:
        return
    there, rows = await _words_of(plan, meeting), dict[UUID, Collection[str]]()
    for item in await held.fetch(_LAST, plan["id"]):
        if not rules.is_carried(item):
            continue
        why = {*item["why"], rules.CARRIED}
        if item["milestone"] is not None:
            rows[item["milestone"]] = why
            continue
        words = await unseal_or_none(plan["person"], place(item["id"]), item["words"])
        if words is not None and words not in there:
            await put_words(plan, meeting, words, why)
    await put_rows(plan, meeting, rows)


async def _words_of(plan: Mapping[str, Any], meeting: UUID) -> set[str | None]:
    sql = "SELECT id, words FROM meeting_item WHERE meeting = $1 AND milestone IS NULL"
    return {
        await unseal_or_none(plan["person"], place(one["id"]), one["words"])
        for one in await connection().fetch(sql, meeting)
    }


async def put_rows(
    plan: Mapping[str, Any], meeting: UUID, rows: Mapping[UUID, Collection[str]]
) -> None:
    """Rows of the plan, each with why it is spoken of; to what is there a reason may be added."""
    why = [",".join(sorted(each)) for each in rows.values()]
    await connection().execute(_PUT, plan["agency"], plan["id"], meeting, list(rows), why)


async def put_words(plan: Mapping[str, Any], meeting: UUID, words: str, why: set[str]) -> None:
    id_ = uuid4()
    sealed = await seal(plan["person"], place(id_), words)
    of = (plan["agency"], plan["id"], meeting)
    await connection().execute(_PUT_WORDS, id_, *of, sorted(why), sealed)


def place(item: UUID) -> str:
    return f"meeting_item.words:{item}"
