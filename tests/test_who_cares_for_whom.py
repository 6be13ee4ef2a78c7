"""How many people somebody carries is told by name; each has one human whom they may call."""

from datetime import timedelta
from typing import Any

from tests.backend.pages.browser import at_the_desk, plain
from tests.chats import Chats, at
from tests.releases import a_release, change, kinds, on_weekday
from tests.world import Caller, World


async def test_numbers_stand_by_name_and_never_by_size(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    other = await world.somebody("SW")
    await world.sql("UPDATE staff SET alias = 'Zoe' WHERE id = $1", other.id)
    plans = [(await world.a_plan(worker))["id"] for _ in range(2)]
    ended = await world.a_plan(worker)
    closed = await worker.post(f"/plans/{ended['id']}/silent-end", version=ended["version"])
    assert closed.status_code == 200, closed.text
    joined = await worker.post(f"/plans/{plans[0]}/circle", {"role": "ME", "name": "Ada"})
    assert joined.status_code == 201
    await world.a_mentor(plans[0], "Bo")
    found = (await head.get("/support")).json()
    names = [one["alias"] for one in found["staff"]]
    assert names == sorted(names)
    carried = {one["id"]: one["people"] for one in found["staff"]}
    assert (carried[str(worker.id)], carried[str(other.id)], carried[str(head.id)]) == (2, 0, 0)
    assert [(one["alias"], one["people"]) for one in found["mentors"]] == [("Ada", 1), ("Bo", 0)]
    keys = {"id", "alias", "people", "role"}
    assert {frozenset(one) for one in found["staff"]} == {frozenset(keys)}
    for role in ("SW", "AD", "AU"):
        assert (await (await world.somebody(role)).get("/support")).status_code == 403
    away = await world.an_agency(name="Elsewhere")
    theirs = (await (await world.somebody("CO", agency=away)).get("/support")).json()
    assert [one["people"] for one in theirs["staff"]] == [0]
    assert theirs["mentors"] == []


async def test_a_coordinator_names_one_human_and_whoever_it_is_for_reads_it(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    await world.sql("UPDATE staff SET alias = 'Robin' WHERE id = $1", head.id)
    assert (await worker.get("/account/support")).json() == {"human": None}
    path = f"/support/{worker.id}"
    assert (await head.send("PUT", path, {"human": str(worker.id)})).status_code == 422
    away = await world.an_agency(name="Elsewhere")
    stranger = await world.somebody("SW", agency=away)
    assert (await head.send("PUT", path, {"human": str(stranger.id)})).status_code == 404
    elsewhere = f"/support/{stranger.id}"
    assert (await head.send("PUT", elsewhere, {"human": str(head.id)})).status_code == 404
    assert (await worker.send("PUT", path, {"human": str(head.id)})).status_code == 403
    assert (await head.send("PUT", path, {"human": str(head.id)})).status_code == 200
    assert (await worker.get("/account/support")).json() == {"human": "Robin"}
    browser = await at_the_desk(world, worker)
    assert "call Robin" in plain(await browser.open("/desk/account")).words


async def test_the_desk_shows_care_to_a_coordinator_and_saves_whom_to_call(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    browser = await at_the_desk(world, head)
    page = plain(await browser.open("/desk/support"))
    saved = await browser.send(page, f"/desk/support/{worker.id}", human=str(head.id))
    assert "They know now whom they may call" in saved.words
    rows = await world.sql("SELECT human FROM support WHERE id = $1", worker.id)
    assert rows == [{"human": head.id}]
    page = plain(await browser.open("/desk/support"))
    await browser.send(page, f"/desk/support/{worker.id}", human="")
    assert await world.sql("SELECT human FROM support WHERE id = $1", worker.id) == [
        {"human": None}
    ]
    assert (await worker.get("/account/support")).json() == {"human": None}


async def _asked_how_it_is(
    world: World, chats: Chats, *, walled: bool = False
) -> tuple[Any, Caller, Caller]:
    """A mentor, another coordinator, and their human, who may be behind a wall."""
    worker, plan = await a_release(world, on_weekday(3))
    mentor = await chats.a_member(worker, plan["id"])
    head, human = await world.somebody("CO"), await world.somebody("CO")
    await world.sql("UPDATE staff SET alias = 'Robin' WHERE id = $1", human.id)
    for one in (head, human):
        joins = {"role": "CO", "login": one.login}
        assert (await worker.post(f"/plans/{plan['id']}/circle", joins)).status_code == 201
    (profile,) = await world.sql("SELECT mentor FROM member WHERE role = 'ME'")
    named = await head.send("PUT", f"/support/{profile['mentor']}", {"human": str(human.id)})
    assert named.status_code == 200, named.text
    if walled:
        wall = {"kind": "excluded", "login": human.login}
        made = await head.post(f"/plans/{plan['id']}/walls", wall)
        assert made.status_code == 201, made.text
    due = on_weekday(3) + timedelta(days=14)
    await change(world, worker, await world.plan(worker, plan["id"]), "MEN-13", state="planned")
    await world.sql("UPDATE plan SET left_custody_at = now(), state = 'active_outside'")
    await world.sql("UPDATE milestone SET due_on = $1 WHERE code = 'MEN-13'", due)
    at(due, 17, 5)
    await chats.round()
    return mentor, head, human


async def test_nobody_behind_a_wall_is_named_or_asked_to_call(world: World, chats: Chats) -> None:
    mentor, head, human = await _asked_how_it_is(world, chats, walled=True)
    assert "Robin" not in await chats.tap(mentor.phone, "Call me")
    assert "mentor-care-call" not in await kinds(human)
    assert "mentor-care-call" in await kinds(head)


async def test_a_mentor_hears_the_name_of_their_human_who_alone_is_asked_to_call(
    world: World, chats: Chats
) -> None:
    mentor, head, human = await _asked_how_it_is(world, chats)
    assert "Robin has been told" in await chats.tap(mentor.phone, "Call me")
    assert "mentor-care-call" in await kinds(human)
    assert "mentor-care-call" not in await kinds(head)
    # what is known of them is theirs to read: until when it holds, and whom to call
    await chats.say(mentor.phone, "HELP")
    read = await chats.tap(mentor.phone, "Why these messages")
    assert "holds until" in read
    assert "call Robin" in read
    assert await chats.unfit() == []
