"""What was said goes out of its chat again: early where it may, else as late as it can."""

from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from backend import clock
from tests.chats import Chats, Member
from tests.world import World
from workflows.tidy import tidy

BEGINS = datetime(2027, 3, 3, 9, tzinfo=UTC)  # a Wednesday


async def _a_mentor(world: World, chats: Chats) -> Member:
    """With what it takes to link a chat said to them, and one question that waits for a tap."""
    clock.travel(lambda: BEGINS)
    worker = await world.somebody("SW")
    return await chats.a_member(worker, (await world.a_plan(worker))["id"])


async def _asked(world: World, *, answered: bool) -> None:
    """A question with buttons is what was said last."""
    await world.sql(
        "UPDATE message SET tap = '\\x01', answered_at = CASE WHEN $1 THEN sent_at END"
        " WHERE id = (SELECT max(id::text)::uuid FROM message WHERE state = 'sent')",
        answered,
    )


async def _after(chats: Chats, hours: float) -> int:
    clock.travel(lambda: BEGINS + timedelta(hours=hours))
    gone: int = await chats.job(partial(tidy, [chats.bot]))
    return gone


async def test_what_asks_nothing_goes_after_a_day(world: World, chats: Chats) -> None:
    mentor = await _a_mentor(world, chats)
    said = len(await chats.texts(mentor.phone))
    await world.sql("UPDATE message SET tap = NULL")
    assert said > 2
    assert await _after(chats, 23.9) == 0
    assert len(await chats.texts(mentor.phone)) == said
    assert await _after(chats, 24.1) == said
    assert await chats.texts(mentor.phone) == []
    assert await _after(chats, 24.2) == 0


@pytest.mark.parametrize(("answered", "hours"), [(True, 24.1), (False, 46.1)])
async def test_what_waits_for_a_tap_stays_as_long_as_it_can(
    world: World, chats: Chats, *, answered: bool, hours: float
) -> None:
    mentor = await _a_mentor(world, chats)
    await world.sql("UPDATE message SET tap = NULL")
    await _asked(world, answered=answered)
    await _after(chats, hours - 0.2)
    assert await chats.texts(mentor.phone)
    await _after(chats, hours)
    assert await chats.texts(mentor.phone) == []


async def test_what_can_be_deleted_no_more_is_not_tried(world: World, chats: Chats) -> None:
    await _a_mentor(world, chats)
    before = len(await chats.phones.calls())
    assert await _after(chats, 48.1) == 0
    assert len(await chats.phones.calls()) == before


async def test_a_chat_that_is_closed_is_tried_once_and_no_other_suffers(
    world: World, chats: Chats
) -> None:
    first, second = await _a_mentor(world, chats), await _a_mentor(world, chats)
    await world.sql("UPDATE message SET tap = NULL")
    await chats.phones.fault("deleteMessages", code=403, chat=first.phone.id)
    await _after(chats, 24.1)
    assert await chats.texts(first.phone)
    assert await chats.texts(second.phone) == []
    assert await _after(chats, 24.2) == 0


async def test_where_the_service_asks_for_patience_it_is_done_the_next_time(
    world: World, chats: Chats
) -> None:
    mentor = await _a_mentor(world, chats)
    await world.sql("UPDATE message SET tap = NULL")
    await chats.phones.fault("deleteMessages", code=429, retry_after=9)
    assert await _after(chats, 24.1) == 0
    assert await chats.texts(mentor.phone)
    assert await _after(chats, 24.4) > 0
    assert await chats.texts(mentor.phone) == []


async def test_what_a_stranger_was_answered_goes_too(world: World, chats: Chats) -> None:
    clock.travel(lambda: BEGINS)
    await world.an_agency()
    stranger = await chats.phones.phone("Stranger")
    await chats.phones.say(stranger.id, "who are you?")
    await chats.round()
    assert await chats.texts(stranger)
    await _after(chats, 20.1)
    assert await chats.texts(stranger) == []


async def test_a_chat_that_has_ended_is_in_nobodys_way(world: World, chats: Chats) -> None:
    first, second = await _a_mentor(world, chats), await _a_mentor(world, chats)
    await world.sql("UPDATE message SET tap = NULL")
    await world.sql("UPDATE link SET chat = NULL WHERE subject = $1", UUID(first.actor))
    await _after(chats, 24.1)
    assert await chats.texts(second.phone) == []


async def test_what_was_said_in_a_chat_that_ends_with_its_mandate_goes_too(
    world: World, chats: Chats
) -> None:
    mentor = await _a_mentor(world, chats)
    await world.sql("UPDATE message SET tap = NULL")
    await world.sql("UPDATE mandate SET ends = starts WHERE id = $1", UUID(mentor.mandate))
    await chats.round()
    assert await chats.texts(mentor.phone)
    await _after(chats, 24.1)
    assert await chats.texts(mentor.phone) == []


async def test_what_stays_keeps_no_others_waiting(
    world: World, chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest are of a chat for which the service fails, and are more than are looked at."""
    first = await _a_mentor(world, chats)
    await world.sql("UPDATE message SET sent_at = sent_at - interval '1 min'")
    second = await _a_mentor(world, chats)
    await world.sql("UPDATE message SET tap = NULL")
    monkeypatch.setattr("workflows.tidy.BATCH", 2)
    await chats.phones.fault("deleteMessages", code=502, chat=first.phone.id, times=100)
    await _after(chats, 24.1)
    assert await chats.texts(first.phone)
    assert await chats.texts(second.phone) == []


async def test_more_than_go_in_one_call_go_in_one_round(
    world: World, chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    mentor = await _a_mentor(world, chats)
    await world.sql("UPDATE message SET tap = NULL")
    monkeypatch.setattr("workflows.tidy.MOST_AT_ONCE", 2)
    await _after(chats, 24.1)
    assert await chats.texts(mentor.phone) == []
