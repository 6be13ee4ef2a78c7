"""Finding somebody on one's own caseload by a name or a file number."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from backend.access import Actor, require
from backend.actors.actions import unseal_with, vault
from backend.audit.actions import record
from backend.database import transaction
from backend.errors import Unfit
from backend.people.actions import write_words
from backend.plans import rules
from backend.plans.actions.caseload import CaseloadLine, lines_of
from backend.words import words_of

MOST_WORDS, MOST_FOUND = 8, 50

# Who works elsewhere is told what the registry says, and finds nobody by a name.
# Everybody of the caseload with their words: what is asked for is not in it, so it is the same
# work whatever is asked, and nobody else is ever looked at.
_MINE = """
SELECT DISTINCT p.id, p.person, s.agency, k.wrapped, w.words,
       CASE WHEN w.words IS NULL THEN s.identity END AS identity
  FROM my_mandates_by_flow() h
  JOIN plan p ON p.id = h.plan AND p.state <> ALL ($2)
  JOIN person s ON s.id = p.person
  JOIN subject_key k ON k.id = p.person AND k.wrapped IS NOT NULL
  LEFT JOIN LATERAL (
       SELECT array_agg(o.word) AS words FROM person_word o WHERE o.person = p.person) w ON true
 WHERE h.role = ANY ($1) AND h.groups IS NULL
"""
_FOUND = """
SELECT array_agg(f.id) AS ids, array_agg(f.version) AS versions, array_agg(f.alias) AS aliases,
       array_agg(f.state) AS states, array_agg(f.release_date) AS release_dates,
       array_agg(f.certainty) AS certainties, array_agg(f.zone) AS zones,
       array_agg(f.person) AS people, array_agg(f.identity) AS identities,
       array_agg(f.wrapped) AS wrapped, array_agg(f.next_due_on) AS dues,
       array_agg(f.next_title) AS titles, array_agg(f.next_win_after) AS wins,
       array_agg('SW'::text) AS mandates, array_agg(NULL::text) AS told_groups
  FROM (SELECT p.*, s.identity, k.wrapped
          FROM plan p JOIN person s ON s.id = p.person JOIN subject_key k ON k.id = p.person
         WHERE p.id = ANY ($1) ORDER BY p.next_due_on, p.id LIMIT $2) f
"""


async def find_people(actor: Actor, asked: str) -> Sequence[CaseloadLine]:
    """The plans of one's own caseload whose person has all these words; by next due date.

    Raises Unfit where nothing was asked.
    """
    require(actor, "findPerson")
    words = words_of(asked)[:MOST_WORDS]
    if not words:
        raise Unfit("Type a name or a file number.", field="words")
    async with transaction(actor.id) as held:
        rows = await held.fetch(_MINE, sorted(rules.WORKERS), sorted(rules.OVER))
        found = [row["id"] for row in rows if await _has(row, words)]
        await record(actor, "findPerson")
        return lines_of(await held.fetchrow(_FOUND, found, MOST_FOUND))


async def _has(row: Any, words: Sequence[str]) -> bool:
    person: UUID = row["person"]
    known = row["words"] or await _written_now(row)
    return set(known).issuperset(vault().hide(person, row["wrapped"], words))


async def _written_now(row: Any) -> Sequence[bytes]:
    """Of somebody who came before there was a search: their words are written when first sought."""
    place = f"person.identity:{row['person']}"
    identity = unseal_with(row["wrapped"], row["person"], place, row["identity"])
    return await write_words(row["agency"], row["person"], row["wrapped"], identity)
