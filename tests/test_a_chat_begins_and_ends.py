"""A chat opens by token, PIN and a call; it ends at a word, and nothing is lost by that."""

from typing import Any

from bots.phones.wire import Phone
from tests.chats import Chats
from tests.releases import a_phone_of, a_release, kinds, on_weekday
from tests.world import Caller, World

WEDNESDAY = 3


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


async def test_the_call_settles_the_task_that_asked_for_it(world: World, chats: Chats) -> None:
    worker, _, invitation, phone = await _invited(world, chats)
    await chats.open(phone, invitation)
    assert "confirm-link" in await kinds(worker)
    await chats.confirm(worker, invitation["id"])
    assert "confirm-link" not in await kinds(worker)


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
