"""A chat opens by what was handed over and said by voice: by nothing that a relative may know."""

from datetime import timedelta
from typing import Any

from backend import clock
from tests.chats import Chats
from tests.releases import a_release, on_weekday
from tests.world import Caller, World

WEDNESDAY = 3
BIRTH, FILE = "1990-04-05", "A-170405"


async def _invited(world: World) -> tuple[Caller, dict[str, Any], dict[str, Any]]:
    """A worker, the plan of somebody of whom much is known, and an invitation of their mentor."""
    known = {"birth_date": BIRTH, "file_number": FILE}
    person = {"name": "Imaginary Person", "language": "en", **known}
    worker, plan = await a_release(world, on_weekday(WEDNESDAY), person=person)
    added = await worker.post(
        f"/plans/{plan['id']}/circle", {"role": "ME", "language": "en", "name": "Mentor"}
    )
    circle = (await worker.get(f"/plans/{plan['id']}")).json()["circle"]
    actor = next(one["actor"] for one in circle if one["mandate"] == added.json()["id"])
    yes = {"kind": "channel", "subject": actor, "channel": "telegram", "language": "en"}
    assert (await worker.post(f"/plans/{plan['id']}/consents", yes)).status_code == 201
    made = await worker.post("/invitations", {"plan": plan["id"], "subject": actor})
    return worker, plan, made.json()


async def _links(world: World) -> list[dict[str, Any]]:
    return await world.sql("SELECT state, chat_index IS NULL AS unopened, tries FROM link")


UNTOUCHED = [{"state": "invited", "unopened": True, "tries": 0}]


async def test_nothing_that_a_relative_knows_begins_a_chat(world: World, chats: Chats) -> None:
    _, plan, invitation = await _invited(world)
    stranger = await chats.phones.phone("stranger")
    known = [plan["alias"], "Imaginary Person", "Imaginary", BIRTH, "19900405", FILE, "71000000"]
    known += [plan["id"], invitation["id"], invitation["pin"], "Mentor", ""]
    answers = set()
    for word in known:
        answers.add(await chats.say(stranger, f"/start {word}".strip()))
    for word in filter(None, known):
        answers.add(await chats.say(stranger, word))
    assert await _links(world) == UNTOUCHED
    assert len(answers) == 1, "nobody learns which of it was right"


async def test_nothing_that_a_relative_knows_is_the_number_that_was_said(
    world: World, chats: Chats
) -> None:
    """Whoever finds the paper, or takes the phone, and knows the family, gets no further."""
    _, plan, invitation = await _invited(world)
    thief = await chats.phones.phone("thief")
    await chats.say(thief, f"/start {invitation['payload']}")
    known = ["19900405", "050490", "710000", FILE, plan["alias"]]
    for guess in known:
        await chats.say(thief, guess)
    [link] = await _links(world)
    assert (link["state"], link["tries"]) == ("ended", 5)
    await chats.say(thief, invitation["pin"])
    assert [one["state"] for one in await _links(world)] == ["ended"]


async def test_an_invitation_works_in_one_chat_and_once(world: World, chats: Chats) -> None:
    _, _, invitation = await _invited(world)
    mentor, other = [await chats.phones.phone(name) for name in ("mentor", "other")]
    await chats.say(mentor, f"/start {invitation['payload']}")
    unknown = await chats.say(other, "/start nothing-of-the-kind")
    assert await chats.say(other, f"/start {invitation['payload']}") == unknown
    assert await chats.say(other, invitation["pin"]) == unknown
    await chats.say(mentor, invitation["pin"])
    assert [one["state"] for one in await _links(world)] == ["unconfirmed"]
    assert await chats.say(other, f"/start {invitation['payload']}") == unknown
    assert [one["state"] for one in await _links(world)] == ["unconfirmed"]


async def test_an_invitation_opens_nothing_after_its_week(world: World, chats: Chats) -> None:
    _, _, invitation = await _invited(world)
    made = clock.now()
    phone = await chats.phones.phone("late")
    unknown = await chats.say(phone, "/start nothing-of-the-kind")
    clock.travel(lambda: made + timedelta(days=7, seconds=1))
    assert await chats.say(phone, f"/start {invitation['payload']}") == unknown
    assert [one["unopened"] for one in await _links(world)] == [True]


async def test_a_number_comes_too_late_after_the_week(world: World, chats: Chats) -> None:
    _, _, invitation = await _invited(world)
    made = clock.now()
    phone = await chats.phones.phone("late")
    clock.travel(lambda: made + timedelta(days=6, hours=23))
    await chats.say(phone, f"/start {invitation['payload']}")
    assert [one["unopened"] for one in await _links(world)] == [False]
    clock.travel(lambda: made + timedelta(days=7, seconds=1))
    await chats.say(phone, invitation["pin"])
    assert "unconfirmed" not in {one["state"] for one in await _links(world)}
