"""No more messages in a second than the chat service takes, however many workers send them.

The stand-in refuses what is over the limits that the service documents: 30 a second of a bot, one
a second of a chat, in sliding windows and without the bursts that the service lets pass.
"""

import asyncio
from collections import Counter
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from backend import clock
from backend.database import in_fresh_context
from backend.messages import sending
from tests.chats import Chats, Member
from tests.world import World
from workflows.sender.dispatch import send_due

PACE = 25
MOST = 27  # in a second and the time of an answer

# So many chats of one and the same recipient: what is looked at is the row and its chat alone.
_CHATS = """
INSERT INTO link (id, agency, plan, version, bot, subject, state, level, language, zone, opens,
                  closes, chat_index, chat, invited_by, confirmed_at)
SELECT gen_random_uuid(), agency, plan, 1, bot, subject, 'unconfirmed', level, language, zone,
       opens, closes, decode(md5(n::text) || md5(n::text), 'hex'), chat, invited_by, confirmed_at
  FROM link, generate_series(1, $2::int) n WHERE subject = $1 AND state = 'active'
RETURNING id
"""
_QUEUE = """
INSERT INTO message (id, agency, plan, version, bot, link, recipient, rule, step, subject,
                     local_due, key, urgent, due_at, expires_at, created_at, state)
SELECT gen_random_uuid(), l.agency, l.plan, 1, l.bot, l.id, l.subject, 'test', n::text, l.id,
       $2::timestamptz::date, 'START-OK', true, $2::timestamptz - (99 - n) * interval '1 ms',
       $2::timestamptz + interval '12 hours', $2, 'queued'
  FROM link l, generate_series(1, $3::int) n WHERE l.id = ANY ($1)
"""

_ON_THEIR_WAY = "SELECT id FROM message WHERE state = 'claimed'"


async def _a_mentor(world: World, chats: Chats) -> Member:
    worker = await world.somebody("SW")
    return await chats.a_member(worker, (await world.a_plan(worker))["id"])


async def _claimed(chats: Chats, pace: int) -> sending.Claimed:
    taken: sending.Claimed = await chats.job(lambda: sending.claim("a worker", pace))
    return taken


async def test_of_a_bot_no_more_are_taken_up_in_a_second_than_its_pace(
    world: World, chats: Chats
) -> None:
    mentor = await _a_mentor(world, chats)
    await asyncio.sleep(1.2)  # what was said to make them is no part of it
    links = [row["id"] for row in await world.sql(_CHATS, UUID(mentor.actor), PACE + 15)]
    await world.sql(_QUEUE, links, clock.now(), 2)
    taken: list[Any] = []

    async def all_at_once() -> None:
        work = [in_fresh_context(partial(sending.claim, f"w{n}", PACE)) for n in range(6)]
        for one in await asyncio.gather(*work):
            taken.extend(one.messages)
            assert one.soon

    await chats.job(all_at_once)
    assert len(taken) == MOST
    assert set(Counter(row["line"] for row in taken).values()) == {1}
    # they have been said, and a second is not over
    await world.sql(
        "UPDATE message SET state = 'sent', lease = NULL, tried_at = clock_timestamp()"
        " WHERE state = 'claimed'"
    )
    again = await _claimed(chats, PACE)
    assert (len(again.messages), again.soon) == (0, True)
    await world.sql("UPDATE message SET tried_at = tried_at - interval '2 s'")
    assert len((await _claimed(chats, PACE)).messages) == sending.BATCH


async def test_a_second_is_counted_from_the_answer_on(world: World, chats: Chats) -> None:
    """Whatever was long on its way: the service may have counted it at the very end."""
    mentor = await _a_mentor(world, chats)
    await world.sql(_QUEUE, await _links(world, mentor), clock.now(), 1)
    await chats.phones.fault("sendMessage", chat=mentor.phone.id, delay=0.4, effect=True)
    await chats.round()
    [row] = await world.sql(
        "SELECT tried_at - sending_at AS later FROM message WHERE rule = 'test'"
    )
    assert row["later"] > timedelta(seconds=0.39)


async def test_a_try_that_failed_counts_too(world: World, chats: Chats) -> None:
    mentor = await _a_mentor(world, chats)
    await world.sql(_QUEUE, await _links(world, mentor), clock.now(), 1)
    await chats.phones.fault("sendMessage", chat=mentor.phone.id, code=502)
    await chats.round()
    [row] = await world.sql("SELECT state, sending_at, tried_at FROM message WHERE rule = 'test'")
    assert (row["state"], row["sending_at"]) == ("queued", None)
    assert row["tried_at"] is not None


async def test_a_chat_gets_one_a_second_and_none_is_refused(world: World, chats: Chats) -> None:
    """In real time: three messages to one chat take two seconds, and keep their order."""
    mentor = await _a_mentor(world, chats)
    await asyncio.sleep(1.2)
    await world.sql(_QUEUE, await _links(world, mentor), clock.now(), 3)
    since = (await chats.phones.sent())[-1].seq
    await chats.phones.limits(on=True)
    await chats.job(lambda: send_due([chats.bot], pace=PACE))
    sent = await chats.phones.sent(since=since)
    assert len(sent) == 3
    gaps = [later.moment - one.moment for one, later in pairwise(sent)]
    assert min(gaps) >= 1
    calls = [one for one in await chats.phones.calls() if one.status == 429]
    assert calls == []
    rows = await world.sql(
        "SELECT step, attempt FROM message WHERE rule = 'test' ORDER BY provider_id"
    )
    assert [(row["step"], row["attempt"]) for row in rows] == [("1", 1), ("2", 1), ("3", 1)]


async def test_what_waits_for_one_that_just_went_out_is_not_left(
    world: World, chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was to be taken, for the one before it was on its way; it went while we looked."""
    mentor = await _a_mentor(world, chats)
    await asyncio.sleep(1.2)
    await world.sql(_QUEUE, await _links(world, mentor), clock.now(), 2)
    looked = sending.claim

    async def slowly(*args: Any) -> sending.Claimed:
        claimed = await looked(*args)
        while not claimed.messages and await world.sql(_ON_THEIR_WAY):  # noqa: ASYNC110 - a row
            await asyncio.sleep(0.01)
        return claimed

    monkeypatch.setattr(sending, "claim", slowly)
    await chats.phones.fault("sendMessage", chat=mentor.phone.id, delay=0.3, effect=True)
    await chats.job(lambda: send_due([chats.bot], pace=PACE))
    states = await world.sql("SELECT state FROM message WHERE rule = 'test'")
    assert [row["state"] for row in states] == ["sent", "sent"]


async def test_what_is_held_for_long_ends_the_round(world: World, chats: Chats) -> None:
    """Only what the pace keeps for a moment is waited for."""
    mentor = await _a_mentor(world, chats)
    await world.sql(_QUEUE, await _links(world, mentor), clock.now(), 2)
    await chats.phones.fault("sendMessage", chat=mentor.phone.id, code=429, retry_after=600)
    async with asyncio.timeout(5):
        await chats.job(lambda: send_due([chats.bot], pace=PACE))
    states = await world.sql("SELECT state FROM message WHERE rule = 'test'")
    assert [row["state"] for row in states] == ["queued", "queued"]


async def _links(world: World, who: Member) -> list[UUID]:
    rows = await world.sql(
        "SELECT id FROM link WHERE subject = $1 AND state = 'active'", UUID(who.actor)
    )
    return [row["id"] for row in rows]


@pytest.mark.parametrize("pace", [sending.NO_PACE, PACE])
async def test_what_is_cancelled_while_it_is_taken_up_is_not_taken(
    world: World, chats: Chats, pace: int
) -> None:
    """A STOP while a claim goes through a thousand messages: one of them has each, never both."""
    mentor = await _a_mentor(world, chats)
    links = [row["id"] for row in await world.sql(_CHATS, UUID(mentor.actor), 1000)]
    await world.sql(_QUEUE, links, clock.now(), 1)
    rest = "UPDATE message SET state = 'queued', lease = NULL, tried_at = NULL WHERE rule = 'test'"
    # of the first ones, each by itself: what it holds is let go within the claim
    stop = "UPDATE message SET state = 'cancelled' WHERE id = $1 AND state = 'queued' RETURNING id"
    first = await world.sql("SELECT id FROM message WHERE rule = 'test' ORDER BY due_at, id")
    for _ in range(20):
        await world.sql(rest)
        claimed = asyncio.create_task(_claimed(chats, pace))
        stopped = set[UUID]()
        for row in first[: sending.BATCH]:
            stopped |= {one["id"] for one in await world.sql(stop, row["id"])}
            await asyncio.sleep(0)
        assert not stopped & {row["id"] for row in (await claimed).messages}
