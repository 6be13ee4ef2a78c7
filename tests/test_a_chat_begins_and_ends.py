"""A chat opens by token, PIN and a call; it ends at a word, and nothing is lost by that."""

from typing import Any
from uuid import uuid4

import pytest

from backend.access import Actor
from backend.messages.incoming import mark_read
from bots.phones.wire import Phone
from tests.chats import Chats
from tests.releases import a_phone_of, a_release, kinds, on_weekday
from tests.world import Caller, World

WEDNESDAY = 3
STOPS = {
    "en": "Stop messages",
    "fr": "Arrêt",
    "ar": "توقف",
    "ru": "стоп",
    "kk": "Тоқта",
    "sw": "acha",
    "lg": "komya",
    "bm": "jɔ",
    "id": "berhenti",
    "bs": "zaustavi",
    "hr": "Zaustavi poruke",
    "sr": "заустави",
    "sq": "ndalo",
    "mk": "запри",
    "nl": "stop berichten",
    "nb": "Stopp!",
}


async def _invited(
    world: World, chats: Chats
) -> tuple[Caller, dict[str, Any], dict[str, Any], Phone]:
    """A worker, a plan, an invitation of its mentor, and the mentor's phone."""
    worker, plan = await a_release(world, on_weekday(WEDNESDAY))
    added = await worker.post(
        f"/plans/{plan['id']}/circle", {"role": "ME", "language": "en", "name": "Mentor"}
    )
    circle = (await worker.get(f"/plans/{plan['id']}")).json()["circle"]
    actor = next(one["actor"] for one in circle if one["mandate"] == added.json()["id"])
    yes = {"kind": "channel", "subject": actor, "channel": "telegram", "language": "en"}
    await worker.post(f"/plans/{plan['id']}/consents", yes)
    asked = {"plan": plan["id"], "subject": actor}
    invitation = (await worker.post("/invitations", asked)).json()
    return worker, plan, invitation, await chats.phones.phone("mentor")


async def _state(world: World) -> str:
    return str((await world.sql("SELECT state FROM link"))[0]["state"])


async def _invited_again(world: World, worker: Caller, plan: dict[str, Any]) -> dict[str, Any]:
    """The same mentor says yes once more and is invited once more."""
    actor = str((await world.sql("SELECT subject FROM link LIMIT 1"))[0]["subject"])
    yes = {"kind": "channel", "subject": actor, "channel": "telegram", "language": "en"}
    assert (await worker.post(f"/plans/{plan['id']}/consents", yes)).status_code == 201
    answer = await worker.post("/invitations", {"plan": plan["id"], "subject": actor})
    invitation: dict[str, Any] = answer.json()
    return invitation


async def _link(world: World, invitation: dict[str, Any]) -> dict[str, Any]:
    """What became of an invitation, and how much of what was queued on it still waits."""
    found = await world.sql(
        "SELECT l.state, l.tries, (SELECT count(*) FROM message m WHERE m.link = l.id"
        " AND m.state IN ('queued', 'claimed')) AS waiting FROM link l WHERE l.id = $1::uuid",
        invitation["id"],
    )
    return found[0]


async def test_a_stop_before_the_call_ends_the_invitation_for_good(
    world: World, chats: Chats
) -> None:
    worker, _, invitation, phone = await _invited(world, chats)
    await chats.open(phone, invitation)
    assert await _state(world) == "unconfirmed"
    assert "Messages are stopped" in await chats.say(phone, "STOP")
    assert await _state(world) == "ended"
    assert "link-stopped" in await kinds(worker)
    assert "not connected" in await chats.say(phone, "START")
    assert await _state(world) == "ended"


async def test_a_stop_instead_of_the_pin_is_a_stop_and_no_wrong_pin(
    world: World, chats: Chats
) -> None:
    _, _, invitation, phone = await _invited(world, chats)
    await chats.say(phone, f"/start {invitation['payload']}")
    assert "Messages are stopped" in await chats.say(phone, "стоп")
    assert (await world.sql("SELECT state, tries FROM link"))[0] == {"state": "ended", "tries": 0}


@pytest.mark.parametrize("state", ["invited", "unconfirmed"])
async def test_a_stop_in_any_language_ends_what_is_not_confirmed_and_is_no_try(
    world: World, chats: Chats, state: str
) -> None:
    worker, plan, invitation, phone = await _invited(world, chats)
    for stops, word in enumerate(STOPS.values(), 1):
        if stops > 1:  # the stop ended the invitation, so a human asks anew
            invitation = await _invited_again(world, worker, plan)
        await chats.say(phone, f"/start {invitation['payload']}")
        if state == "unconfirmed":
            await chats.say(phone, invitation["pin"])
        assert await _link(world, invitation) == {"state": state, "tries": 0, "waiting": 0}, word
        assert "Messages are stopped" in await chats.say(phone, word), word
        assert await _link(world, invitation) == {"state": "ended", "tries": 0, "waiting": 0}, word
        said = [one.text for one in await chats.texts(phone)]
        assert sum("Messages are stopped" in text for text in said) == stops, word
        assert (await kinds(worker)).count("link-stopped") == stops, word
    # who was never called may be anybody: they speak for their chat, and not for the yes
    assert await world.sql("SELECT id FROM channel_consent WHERE withdrawn_at IS NOT NULL") == []
    assert await world.sql("SELECT id FROM incoming") == []


async def test_a_stop_after_four_wrong_numbers_is_a_stop_and_not_the_fifth(
    world: World, chats: Chats
) -> None:
    worker, _, invitation, phone = await _invited(world, chats)
    await chats.say(phone, f"/start {invitation['payload']}")
    for _ in range(4):
        await chats.say(phone, "1")
    assert "Messages are stopped" in await chats.say(phone, "ndalo")
    assert await _link(world, invitation) == {"state": "ended", "tries": 4, "waiting": 0}
    waiting = await kinds(worker)
    assert "link-stopped" in waiting
    assert "pin-dead" not in waiting


async def test_one_stop_ends_the_confirmed_and_the_new_link_of_a_chat(
    world: World, chats: Chats
) -> None:
    worker, plan, invitation, phone = await _invited(world, chats)
    await chats.open(phone, invitation)
    await chats.confirm(worker, invitation["id"])
    second = await _invited_again(world, worker, plan)
    await chats.say(phone, f"/start {second['payload']}")
    assert "Messages are stopped" in await chats.say(phone, "berhenti")
    assert (await _link(world, invitation))["state"] == "stopped"
    assert await _link(world, second) == {"state": "ended", "tries": 0, "waiting": 0}
    said = [one.text for one in await chats.texts(phone)]
    assert sum("Messages are stopped" in text for text in said) == 1


async def test_who_stopped_and_writes_is_read_by_a_human(world: World, chats: Chats) -> None:
    worker, _, invitation, phone = await _invited(world, chats)
    await chats.open(phone, invitation)
    await chats.confirm(worker, invitation["id"])
    await chats.say(phone, "stop")
    assert "Messages are stopped" in await chats.say(phone, "please call after all")
    assert "free-text" in await kinds(worker)
    assert await _state(world) == "stopped"
    await chats.say(phone, "START")
    assert await _state(world) == "active"


async def test_who_has_read_a_text_has_done_the_task_of_reading_it(
    world: World, chats: Chats
) -> None:
    worker, _, invitation, phone = await _invited(world, chats)
    await chats.open(phone, invitation)
    await chats.confirm(worker, invitation["id"])
    await chats.say(phone, "please call me")
    assert "free-text" in await kinds(worker)
    [text] = await world.sql("SELECT id, version FROM incoming")
    reader = Actor(worker.id or uuid4(), "staff", "SW", world.agency)
    await mark_read(reader, text["id"], text["version"])
    assert "free-text" not in await kinds(worker)


async def test_a_second_stop_is_answered_and_is_nobodys_task(world: World, chats: Chats) -> None:
    worker, _, invitation, phone = await _invited(world, chats)
    await chats.open(phone, invitation)
    await chats.confirm(worker, invitation["id"])
    await chats.say(phone, "stop")
    before = await kinds(worker)
    assert "Messages are stopped" in await chats.say(phone, "STOP")
    assert await kinds(worker) == before
    assert await world.sql("SELECT 1 FROM incoming") == []


async def test_the_call_settles_the_task_that_asked_for_it(world: World, chats: Chats) -> None:
    worker, _, invitation, phone = await _invited(world, chats)
    await chats.open(phone, invitation)
    assert "confirm-link" in await kinds(worker)
    await chats.confirm(worker, invitation["id"])
    assert "confirm-link" not in await kinds(worker)


async def test_nobody_is_told_to_call_about_a_chat_that_has_ended(
    world: World, chats: Chats
) -> None:
    worker, plan, invitation, phone = await _invited(world, chats)
    await chats.open(phone, invitation)
    assert "confirm-link" in await kinds(worker)
    await _invited_again(world, worker, plan)  # the invitation before it is over with that
    assert "confirm-link" not in await kinds(worker)


async def test_a_stop_before_the_call_takes_the_call_away(world: World, chats: Chats) -> None:
    worker, _, invitation, phone = await _invited(world, chats)
    await chats.open(phone, invitation)
    await chats.say(phone, "stop")
    waiting = await kinds(worker)
    assert "link-stopped" in waiting
    assert "confirm-link" not in waiting


async def test_probation_and_the_release_desk_confirm_their_own_chat_only(
    world: World, chats: Chats
) -> None:
    _, _, invitation, phone = await _invited(world, chats)
    await chats.open(phone, invitation)
    for role in ("PO", "PS"):
        who = await world.somebody(role)
        await a_phone_of(chats, who)
        foreign = await who.post(f"/links/{invitation['id']}/confirm", version=3)
        assert foreign.status_code == 404
