"""A tap is an act like any other: it leaves its row in the record."""

from datetime import timedelta
from uuid import UUID

from tests.chats import Chats, at
from tests.releases import a_release, on_weekday
from tests.world import World

WEDNESDAY = 3


async def test_a_tap_is_in_the_record_with_who_and_on_what(world: World, chats: Chats) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], gate="first")
    at(day - timedelta(days=7), 10)
    await chats.round()
    (asked,) = await world.sql("SELECT id FROM message WHERE key = 'GATE-7'")
    taps = "SELECT actor, role, plan, object FROM audit WHERE operation = 'tap'"
    assert await world.sql(taps) == []
    await chats.tap(mentor.phone, "Yes")
    assert await world.sql(taps) == [
        {
            "actor": UUID(mentor.actor),
            "role": "ME",
            "plan": UUID(plan["id"]),
            "object": asked["id"],
        }
    ]
