"""What was said goes out of its chat again: it says nothing to who finds, or takes, a phone.

The chat service lets a bot delete its own messages for two days. What was answered, or asks
nothing, goes after one; what still waits for a tap goes as late as may be. So it is in a chat that
has ended: its address is kept for those two days alone (workflows/purge.py).
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

from telegram import Bot

from backend import clock
from backend.database import connection, fetch_at_once, in_fresh_context, transaction
from backend.messages.addresses import address
from bots.channels import telegram
from bots.channels.telegram import Result, number_of
from workflows.rounds import Round

KEPT = timedelta(hours=24)
KEPT_OPEN = timedelta(hours=46)
KEPT_OF_STRANGERS = timedelta(hours=20)  # before their address is forgotten (workflows/purge.py)
DELETABLE = timedelta(hours=48)  # by the chat service
MOST_AT_ONCE = 100  # of one chat in one call
CALLS_A_SECOND = 10
BATCH = 1000

_OLD = """
SELECT m.id, m.provider_id, m.sent_at, m.chat AS of_stranger, b.number AS bot, l.id AS link,
       l.chat, l.subject AS link_subject, k.wrapped
  FROM message m JOIN bot b ON b.id = m.bot
  LEFT JOIN link l ON l.id = m.link
  LEFT JOIN subject_key k ON k.id = l.subject
 WHERE m.state = 'sent' AND m.gone_at IS NULL AND m.provider_id IS NOT NULL
   AND m.sent_at > $1
   AND CASE WHEN m.link IS NULL THEN m.chat IS NOT NULL AND m.sent_at <= $4
            ELSE l.chat IS NOT NULL AND k.wrapped IS NOT NULL AND m.sent_at <= $2
                 AND (m.tap IS NULL OR m.answered_at IS NOT NULL OR m.sent_at <= $3) END
   AND b.number = ANY ($5) AND (m.sent_at, m.id) > ($7, $8)
 ORDER BY m.sent_at, m.id LIMIT $6
"""
_GONE = """
UPDATE message SET gone_at = $2, version = version + 1
 WHERE id IN (SELECT id FROM message WHERE id = ANY ($1) ORDER BY id FOR UPDATE SKIP LOCKED)
"""
# Nothing more is tried of a bot in this round.
_NOT_NOW = frozenset({Result.HOLD, Result.TOKEN})
# It is gone, or it cannot be taken away.
_DONE = frozenset({Result.SENT, Result.BLOCKED, Result.REFUSED})


async def tidy(bots: Sequence[Bot]) -> int:
    """Take what is old out of its chat; how many messages went.

    Each message is tried once in a round, so that those that stay keep no others waiting.
    """
    now, round_ = clock.now(), Round("tidy")
    by_number = {number_of(bot): bot for bot in bots}
    ages = (now - DELETABLE, now - KEPT, now - KEPT_OPEN, now - KEPT_OF_STRANGERS)
    gone, seen = 0, (now - DELETABLE, UUID(int=0))
    while by_number:
        old = await fetch_at_once(_OLD, *ages, list(by_number), BATCH, *seen)
        gone += await _take_away(old, by_number, round_)
        if len(old) < BATCH:
            break
        seen = old[-1]["sent_at"], old[-1]["id"]
    round_.end()
    return gone


async def _take_away(old: Sequence[Any], by_number: dict[str, Bot], round_: Round) -> int:
    """How many went; a bot that the service wants to hear nothing of is left out from then on."""
    chats: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for row in old:
        with round_.one():
            chats[row["bot"], address(row["id"], row["of_stranger"], row)].append(row)
    gone, calls = 0, count(1)
    for (number, chat), rows in chats.items():
        for at in range(0, len(rows), MOST_AT_ONCE):
            if number not in by_number:
                break
            some = rows[at : at + MOST_AT_ONCE]
            with round_.one():
                numbers = [row["provider_id"] for row in some]
                result = await telegram.take_away(by_number[number], chat, numbers)
                if result in _NOT_NOW:
                    del by_number[number]
                if result in _DONE:
                    await in_fresh_context(partial(_note, some))
                    gone += len(numbers)
            if next(calls) % CALLS_A_SECOND == 0:  # what is to be said meanwhile goes before it
                await asyncio.sleep(1)
    return gone


async def _note(rows: Sequence[Any]) -> None:
    async with transaction():
        await connection().execute(_GONE, [row["id"] for row in rows], clock.now())
