"""An agency moves to another chat bot: from then on that one invites, and stands on the papers."""

from uuid import UUID

import pytest

from backend.access import Actor
from backend.founding import ChatBot, let_bot_speak
from backend.pages.reading import office_of
from tests.world import World


@pytest.mark.parametrize(("before", "after"), [("7001", "7002"), ("999", "10000"), ("81", "9000")])
async def test_whoever_is_invited_is_led_to_the_bot_that_came_last(
    world: World, before: str, after: str
) -> None:
    worker = await world.somebody("SW")
    assert world.agency is not None
    await world.sql("UPDATE bot SET number = $1, username = 'the_old_one'", before)
    await let_bot_speak(world.agency, ChatBot(after, "the_new_one"))
    invited = await worker.post("/invitations", {})
    assert invited.status_code == 201, invited.text
    [row] = await world.sql(
        "SELECT b.number FROM link l JOIN bot b ON b.id = l.bot WHERE l.id = $1",
        UUID(invited.json()["id"]),
    )
    assert row["number"] == after
    assert worker.id is not None
    office = await office_of(Actor(worker.id, "staff", "SW", world.agency))
    assert office.bot == "the_new_one"
