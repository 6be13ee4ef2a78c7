"""Messages that wait for a chat, as many as a test wants, without what would have made them."""

from uuid import UUID

from backend import clock
from tests.chats import Member
from tests.world import World

_QUEUE = """
INSERT INTO message (id, agency, plan, version, bot, link, recipient, rule, step, subject,
                     local_due, key, urgent, critical, due_at, expires_at, created_at, state)
SELECT gen_random_uuid(), l.agency, l.plan, 1, l.bot, l.id, l.subject, 'test', $2 || n, l.id,
       $3::timestamptz::date, 'START-OK', true, $4, $3::timestamptz - (99 - n) * interval '1 ms',
       $3::timestamptz + interval '12 hours', $3, 'queued'
  FROM link l, generate_series(1, $5::int) n WHERE l.subject = $1 AND l.state = 'active'
"""


async def queue(
    world: World, who: Member, count: int = 1, *, name: str = "a", critical: bool = False
) -> None:
    """In the order of their steps: `name` with 1, 2 and so on."""
    await world.sql(_QUEUE, UUID(who.actor), name, clock.now(), critical, count)
