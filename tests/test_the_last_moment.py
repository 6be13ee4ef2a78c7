"""A message that waits is judged when it is sent: what was taken back meanwhile counts.

Taking back also cancels what waits. Here that has not happened, as if the two had come at once.
"""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.chats import Chats, Member, at
from tests.releases import a_release, change, on_weekday, said
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


CLOSE = """
UPDATE milestone SET state = $1::text, cause = CASE $1::text WHEN 'not_possible' THEN 'other' END,
       done_on = CASE $1::text WHEN 'done' THEN due_on END
 WHERE code = 'MEN-04'
"""


@pytest.mark.parametrize("state", ["done", "declined", "not_needed", "not_possible", "cancelled"])
async def test_a_row_that_was_closed_while_its_question_was_under_way_holds_it(
    world: World, chats: Chats, state: str
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"])
    due = day - timedelta(days=10)
    await change(world, worker, plan, "MEN-04", state="planned")
    await change(world, worker, plan, "MEN-04", due_on=due.isoformat())
    at(due - timedelta(days=7), 9)
    await chats.round()
    before = len(await said(chats, mentor))
    await world.sql(CLOSE, state)
    at(due - timedelta(days=7), 10)
    await chats.round()
    assert len(await said(chats, mentor)) == before
    found = await world.sql("SELECT state, reason FROM message WHERE key = 'MEN-TASK'")
    assert found == [{"state": "cancelled", "reason": "settled"}]


@pytest.mark.parametrize(("state", "held"), [("cancelled_by_person", True), ("scheduled", False)])
async def test_a_date_that_is_off_is_not_reminded_of(
    world: World, chats: Chats, state: str, *, held: bool
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    person = await chats.a_member(worker, plan["id"], "PE", facts=())
    on = day - timedelta(days=8)
    date_ = {"role": "SW", "held_on": on.isoformat(), "held_at": "15:00:00"}
    assert (await worker.post(f"/plans/{plan['id']}/appointments", date_)).status_code == 201
    at(on - timedelta(days=7), 8)
    await chats.round()
    before = len(await said(chats, person))
    await world.sql("UPDATE appointment SET state = $1", state)
    at(on - timedelta(days=7), 10)
    await chats.round()
    assert len(await said(chats, person)) == before + (not held)
