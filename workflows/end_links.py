"""A chat ends with the mandate that it hangs on, and an invitation when its week is over."""

from backend import clock
from backend.database import apart, transaction
from backend.messages.links import end_link
from workflows.rounds import Round

_OVER = """
SELECT l.* FROM link l
 WHERE l.state IN ('invited', 'unconfirmed', 'active', 'stopped', 'inactive') AND (
       (l.plan IS NOT NULL AND NOT EXISTS (SELECT 1 FROM mandate m WHERE m.plan = l.plan
         AND m.actor = l.subject AND m.starts <= $1 AND (m.ends IS NULL OR m.ends > $1)))
    OR (l.state = 'invited' AND l.expires_at <= $1))
 ORDER BY l.id LIMIT 500 FOR UPDATE SKIP LOCKED
"""


async def end_links() -> int:
    """End what is over; how many links that were. One that fails is passed over."""
    round_ = Round("end_links")
    async with transaction() as held:
        over = await held.fetch(_OVER, clock.now())
        for link in over:
            with round_.one(link["agency"]):
                async with apart():
                    await end_link(link, "ended")
                    # where a chat has ended nothing needs its address any more
                    await held.execute(
                        "UPDATE link SET chat = NULL, chat_index = NULL WHERE id = $1", link["id"]
                    )
    round_.end()
    return len(over)
