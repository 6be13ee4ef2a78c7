"""What is planned comes; what took place is logged, and is no date."""

from datetime import time
from typing import Any

from backend.appointments.rules import has_passed, instant
from tests.backend.pages.browser import at_the_desk, plain
from tests.chats import Chats, at
from tests.dates import A_DAY, outside
from tests.world import World, a_day

ZONE = "Africa/Tunis"


def test_a_date_has_its_day_and_a_proposal_its_hour() -> None:
    day, hour = a_day(), time(10)
    last = instant(day + A_DAY, time(0), ZONE)
    for passed, now in ((False, instant(day, time(10), ZONE)), (True, last)):
        assert has_passed(day, hour, ZONE, now, proposed=False) is passed
    for proposed, now in ((True, instant(day, hour, ZONE)), (False, instant(day, time(9), ZONE))):
        assert has_passed(day, hour, ZONE, now, proposed=True) is proposed


async def test_a_day_that_has_passed_is_refused_where_the_plan_is(
    world: World, chats: Chats
) -> None:
    """Half past midnight there is still yesterday by universal time."""
    case = await outside(world, chats)
    today = case.day + 3 * A_DAY
    at(today, 0, 30)
    path = f"/plans/{case.plan['id']}/appointments"
    for on, proposed, status in (
        (today - A_DAY, False, 422),
        (today - A_DAY, True, 422),
        (today, False, 201),
        (today, True, 422),
    ):
        body = {"role": "PO", "held_on": str(on), "held_at": "00:10:00", "proposed": proposed}
        answer = await case.officer.post(path, body)
        assert answer.status_code == status, (on, proposed, answer.text)
        if status == 422:
            assert "logged as a contact" in answer.json()["detail"]
    assert len(await case.dates()) == 1


async def test_the_desk_says_why_and_keeps_what_was_typed(world: World) -> None:
    worker = await world.somebody("SW")
    path = f"/desk/plans/{(await world.a_plan(worker))['id']}/dates"
    desk = await at_the_desk(world, worker)
    async with desk:
        page = plain(await desk.open(path))
        typed: dict[str, Any] = {"role": "SW", "held_on": str(a_day() - A_DAY), "held_at": "10:00"}
        refused = plain(await desk.send(page, path, "held_on", **typed, place="Room 4"))
    assert "what took place is logged as a contact" in refused.words
    assert 'value="Room 4"' in refused.html
