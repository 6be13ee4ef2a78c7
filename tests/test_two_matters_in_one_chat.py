"""One chat may serve two matters; what is written there reaches nobody whom it may not be about."""

from uuid import UUID

import pytest

from bots.phones.wire import Phone
from tests.chats import Chats, Member
from tests.releases import a_release, kinds, on_weekday
from tests.world import Caller, World

WEDNESDAY = 3
SECRET = "He told me that he sleeps at the mosque since Tuesday"


async def _joins(chats: Chats, worker: Caller, plan: str, phone: Phone, role: str) -> None:
    """The holder of a phone that is linked already joins another circle."""
    body = {"role": role, "language": "en", "name": "The same one"}
    added = (await worker.post(f"/plans/{plan}/circle", body)).json()
    circle = (await worker.get(f"/plans/{plan}")).json()["circle"]
    actor = next(one["actor"] for one in circle if one["mandate"] == added["id"])
    yes = {"kind": "channel", "subject": actor, "channel": "telegram", "language": "en"}
    assert (await worker.post(f"/plans/{plan}/consents", yes)).status_code == 201
    invited = (await worker.post("/invitations", {"plan": plan, "subject": actor})).json()
    await chats.open(phone, invited)
    await chats.confirm(worker, invited["id"])


async def _two(
    world: World, chats: Chats, role: str = "ME"
) -> tuple[tuple[Caller, Caller], Member]:
    """Two workers with a plan each; one phone in both circles."""
    first, plan = await a_release(world, on_weekday(WEDNESDAY))
    second, other = await a_release(world, on_weekday(WEDNESDAY))
    member = await chats.a_member(first, plan["id"], role)
    await _joins(chats, second, other["id"], member.phone, role)
    return (first, second), member


async def _kept(world: World) -> int:
    return len(await world.sql("SELECT 1 FROM incoming"))


@pytest.mark.parametrize("role", ["ME", "FA"])
async def test_what_may_be_about_either_is_kept_for_neither_and_both_workers_call(
    world: World, chats: Chats, role: str
) -> None:
    workers, member = await _two(world, chats, role)
    answer = await chats.say(member.phone, SECRET)
    assert answer.startswith("Thank you. What you wrote was not kept: a person will call you by")
    assert await _kept(world) == 0
    for worker in workers:
        assert await kinds(worker) == ["call-me"], "as of any other who asks for a call"
    await chats.say(member.phone, SECRET)
    for worker in workers:
        assert await kinds(worker) == ["call-me"], "once is enough while nobody has called"
    [task] = (await workers[0].get("/tasks")).json()["tasks"]
    closed = await workers[0].post(f"/tasks/{task['id']}/close", {"outcome": "called"}, version=1)
    assert closed.status_code == 200, closed.text
    await chats.say(member.phone, SECRET)
    assert await kinds(workers[0]) == ["call-me"], "what is written after the call is heard too"
    [found] = await world.sql("SELECT count(*) AS n FROM incoming_update WHERE sealed IS NOT NULL")
    assert found["n"] == 0, "nor does it lie in the inbox"


async def test_of_one_matter_a_text_is_kept_as_before(world: World, chats: Chats) -> None:
    worker, plan = await a_release(world, on_weekday(WEDNESDAY))
    member = await chats.a_member(worker, plan["id"])
    await chats.say(member.phone, SECRET)
    assert await _kept(world) == 1
    assert await kinds(worker) == ["free-text"]


async def test_a_matter_that_was_stopped_is_one_still(world: World, chats: Chats) -> None:
    """Both are off, and words come: they go to neither."""
    workers, member = await _two(world, chats)
    await chats.say(member.phone, "STOP")
    await chats.say(member.phone, SECRET)
    assert await _kept(world) == 0
    for worker in workers:
        assert sorted(await kinds(worker)) == ["call-me", "link-stopped"]


async def test_a_matter_for_which_the_chat_no_longer_works_is_none(
    world: World, chats: Chats
) -> None:
    (first, second), member = await _two(world, chats)
    await world.sql(
        "UPDATE link SET state = 'inactive' WHERE subject = $1::uuid", UUID(member.actor)
    )
    await chats.say(member.phone, SECRET)
    assert (await kinds(first), await kinds(second)) == ([], ["free-text"])


async def test_a_matter_of_a_circle_that_they_left_is_none_that_very_second(
    world: World, chats: Chats
) -> None:
    (first, second), member = await _two(world, chats)
    await world.sql("UPDATE mandate SET ends = starts WHERE id = $1::uuid", member.mandate)
    await chats.say(member.phone, SECRET)
    assert "call-me" not in await kinds(first) + await kinds(second)


@pytest.mark.parametrize("state", ["active", "stopped", "inactive", "unconfirmed", "invited"])
async def test_with_a_mandate_every_chat_that_hangs_on_it_ends_and_loses_its_address(
    world: World, chats: Chats, state: str
) -> None:
    worker, plan = await a_release(world, on_weekday(WEDNESDAY))
    member = await chats.a_member(worker, plan["id"])
    await world.sql("UPDATE link SET state = $1", state)
    await world.sql("UPDATE mandate SET ends = starts WHERE id = $1::uuid", member.mandate)
    await chats.round()
    assert await world.sql("SELECT state, chat, chat_index FROM link") == [
        {"state": "ended", "chat": None, "chat_index": None}
    ]


async def test_when_one_has_ended_words_are_the_others(world: World, chats: Chats) -> None:
    (first, second), member = await _two(world, chats)
    ended = await first.post(f"/mandates/{member.mandate}/end", version=1)
    assert ended.status_code == 200, ended.text
    await chats.say(member.phone, SECRET)
    assert await _kept(world) == 1
    assert "free-text" in await kinds(second)
    assert "call-me" not in await kinds(first) + await kinds(second)
