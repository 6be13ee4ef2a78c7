"""STOP is a withdrawn yes, and it counts for every plan that speaks in the chat."""

from datetime import timedelta
from typing import Any

from tests.chats import Chats, Member, at
from tests.releases import a_release, on_weekday, said
from tests.world import Caller, World

WEDNESDAY = 3


async def _also(
    chats: Chats, worker: Caller, plan: dict[str, Any], phone: Member, **values: Any
) -> None:
    """The same account is asked to help on another plan."""
    one = await chats.a_member(worker, plan["id"], **values)
    yes = {"plan": plan["id"], "subject": one.actor}
    invited = (await worker.post("/invitations", yes)).json()
    await chats.open(phone.phone, invited)
    await chats.confirm(worker, invited["id"])


async def test_one_word_stops_every_plan_of_the_chat(world: World, chats: Chats) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    other = await world.a_plan(worker, release_date=day.isoformat(), certainty="confirmed")
    await _also(chats, worker, other, mentor, gate="first")
    assert "Messages are stopped" in await chats.say(mentor.phone, "arrêt")
    before = len(await said(chats, mentor))
    at(day - timedelta(days=7), 10)
    await chats.round()
    assert len(await said(chats, mentor)) == before
    active = "SELECT 1 FROM link WHERE state = 'active'"
    assert await world.sql(active) == []


async def test_a_stop_takes_the_yes_to_messages_back(world: World, chats: Chats) -> None:
    worker, plan = await a_release(world, on_weekday(WEDNESDAY))
    mentor = await chats.a_member(worker, plan["id"])
    standing = "SELECT 1 FROM channel_consent WHERE withdrawn_at IS NULL"
    assert len(await world.sql(standing)) == 1
    await chats.say(mentor.phone, "Stop.")
    assert await world.sql(standing) == []
