"""A chat ends with the mandate that it hangs on, and an invitation when its week is over.

The person's own chat ends where they are back in custody and whoever recorded it could not end it.
"""

from backend import clock
from backend.database import apart, transaction
from backend.messages.links import INVITATION_LIVES, end_link
from workflows.rounds import Round

_OVER = """
SELECT l.* FROM link l
 WHERE l.state IN ('invited', 'unconfirmed', 'active', 'stopped', 'inactive') AND (
       (l.plan IS NOT NULL AND NOT EXISTS (SELECT 1 FROM mandate m WHERE m.plan = l.plan
         AND m.actor = l.subject AND m.starts <= $1 AND (m.ends IS NULL OR m.ends > $1)))
    OR (l.state = 'invited' AND l.expires_at <= $1)
    OR (l.plan, l.subject) IN (SELECT p.id, p.person FROM custody_return r
         JOIN plan p ON p.id = r.plan WHERE r.reopened_at IS NULL AND r.taken_back_at IS NULL
          AND r.returned_at >= coalesce(l.confirmed_at, l.expires_at - $2::interval)))
 ORDER BY l.id LIMIT 500 FOR UPDATE SKIP LOCKED
"""
# Papers that open the own file, likewise: who holds them is not known.
_PAPERS = """
UPDATE entry_pass e SET ended_at = $1, version = e.version + 1
  FROM custody_return r JOIN plan p ON p.id = r.plan
 WHERE r.plan = e.plan AND p.person = e.subject AND e.ended_at IS NULL
   AND e.made_at <= r.returned_at AND r.reopened_at IS NULL AND r.taken_back_at IS NULL
"""


async def end_links() -> int:
    """End what is over; how many links that were. One that fails is passed over."""
    round_ = Round("end_links")
    async with transaction() as held:
        over = await held.fetch(_OVER, clock.now(), INVITATION_LIVES)
        for link in over:
            with round_.one(link["agency"]):
                async with apart():
                    await end_link(link, "ended")
                    # nothing comes in by it any more; what was said there goes yet, and then its
                    # address too (workflows/tidy.py, workflows/purge.py)
                    await held.execute(
                        "UPDATE link SET chat_index = NULL WHERE id = $1", link["id"]
                    )
        await held.execute(_PAPERS, clock.now())
    round_.end()
    return len(over)
