"""A message that waits is judged when it is sent: what was taken back meanwhile counts.

Taking back also cancels what waits. Here that has not happened, as if the two had come at once.
"""

from datetime import date, timedelta
from typing import Any

from tests.chats import Chats, Member, at
from tests.releases import a_release, on_weekday, said
from tests.world import Caller, World

WEDNESDAY = 3


async def _waiting(world: World, chats: Chats) -> tuple[Caller, dict[str, Any], Member, date]:
    """A mentor with a question that waits for ten o'clock; the day of that question."""
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    asked = day - timedelta(days=7)
    at(asked, 8)
    await chats.round()
    assert await world.sql("SELECT key FROM message WHERE state = 'queued'") == [{"key": "GATE-7"}]
    return worker, plan, mentor, asked


async def _becomes(world: World, chats: Chats, mentor: Member, asked: date) -> str:
    """Let its hour come; the reason why nothing was said."""
    before = len(await said(chats, mentor))
    at(asked, 10)
    await chats.round()
    assert len(await said(chats, mentor)) == before
    found = await world.sql("SELECT reason FROM message WHERE key = 'GATE-7'")
    return str(found[0]["reason"])


async def test_it_is_said_where_nothing_was_taken_back(world: World, chats: Chats) -> None:
    _, _, mentor, asked = await _waiting(world, chats)
    at(asked, 10)
    await chats.round()
    assert "Is that still possible" in await chats.last(mentor.phone)


async def test_a_yes_to_messages_that_was_taken_back_holds_it(world: World, chats: Chats) -> None:
    _, _, mentor, asked = await _waiting(world, chats)
    await world.sql("UPDATE channel_consent SET withdrawn_at = now()")
    assert await _becomes(world, chats, mentor, asked) == "no-consent"


async def test_a_fact_that_may_be_told_no_more_holds_it(world: World, chats: Chats) -> None:
    _, _, mentor, asked = await _waiting(world, chats)
    await world.sql("UPDATE disclosure SET withdrawn_at = now()")
    assert await _becomes(world, chats, mentor, asked) == "not-released"


async def test_a_fact_that_might_be_told_until_yesterday_holds_it(
    world: World, chats: Chats
) -> None:
    _, _, mentor, asked = await _waiting(world, chats)
    await world.sql("UPDATE disclosure SET until = $1", asked - timedelta(days=1))
    assert await _becomes(world, chats, mentor, asked) == "not-released"


async def test_a_mandate_that_has_ended_since_it_was_made_holds_it(
    world: World, chats: Chats
) -> None:
    _, _, mentor, asked = await _waiting(world, chats)
    await world.sql("UPDATE mandate SET ends = starts WHERE role = 'ME'")
    assert await _becomes(world, chats, mentor, asked) == "ended"


async def test_a_chat_that_was_stopped_holds_it(world: World, chats: Chats) -> None:
    _, _, mentor, asked = await _waiting(world, chats)
    await world.sql("UPDATE link SET state = 'stopped'")
    assert await _becomes(world, chats, mentor, asked) == "link-stopped"


async def test_for_a_chat_that_was_stopped_nothing_is_even_made(world: World, chats: Chats) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    await chats.a_member(worker, plan["id"], gate="first")
    await world.sql("UPDATE link SET state = 'stopped'")
    at(day - timedelta(days=7), 10)
    await chats.round()
    assert await world.sql("SELECT 1 FROM message WHERE key = 'GATE-7'") == []
