"""Seven, three and one day ahead: the gate is asked about on its days and on no other."""

from datetime import timedelta

from tests.chats import Chats, at
from tests.releases import a_release, on_weekday
from tests.world import World

WEDNESDAY = 3
ASKED = """
SELECT rule, step, local_due FROM message
 WHERE rule LIKE 'GATE-%' AND sent_at IS NOT NULL ORDER BY sent_at
"""


async def test_the_gate_is_asked_about_on_its_days_and_on_no_other(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    await chats.a_member(worker, plan["id"], gate="first")
    for days in range(9, 0, -1):
        at(day - timedelta(days=days), 10)
        await chats.round()
    asked = [
        (one["rule"], one["step"], (day - one["local_due"]).days) for one in await world.sql(ASKED)
    ]
    assert asked == [
        ("GATE-7", "ask", 7),
        ("GATE-7", "repeat", 6),
        ("GATE-3", "ask", 3),
        ("GATE-1", "ask", 1),
    ]
