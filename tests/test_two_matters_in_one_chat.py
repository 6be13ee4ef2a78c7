"""One chat may serve two matters; what is written there reaches nobody whom it may not be about."""

from datetime import timedelta
from functools import partial
from operator import add
from uuid import UUID

import pytest

from backend import clock
from backend.messages.inbox import MOST_ATTEMPTS
from bots import intake
from bots.phones.wire import Kind, Phone
from tests.chats import Chats, Member, at
from tests.releases import a_phone_of, a_release, kinds, on_weekday
from tests.world import Caller, World
from workflows.purge import purge

WEDNESDAY = 3
SECRET = "He told me that he sleeps at the mosque since Tuesday"
UNREAD = "Nobody reads messages here, and none of them is kept. Urgent: "
SETTINGS = ["Language", "Quiet hours", "Why these messages", "Stop"]


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


async def _household(world: World, chats: Chats) -> tuple[Caller, Member]:
    """A worker with one plan; the person and their mother have one phone between them."""
    worker, plan = await a_release(world, on_weekday(WEDNESDAY))
    person = await chats.a_member(worker, plan["id"], "PE", facts=())
    await _joins(chats, worker, plan["id"], person.phone, "FA")
    return worker, person


async def _kept(world: World) -> int:
    return len(await world.sql("SELECT 1 FROM incoming"))


async def test_one_phone_has_one_cap_whatever_number_of_people_it_is_about(
    world: World, chats: Chats
) -> None:
    await _two(world, chats)
    begun = on_weekday(WEDNESDAY)
    at(begun, 9)
    await world.sql(  # two of each plan: by plan neither passes its cap
        "INSERT INTO message (id, agency, plan, version, bot, link, recipient, rule, step, subject,"
        " local_due, key, urgent, critical, due_at, expires_at, created_at, state)"
        " SELECT gen_random_uuid(), l.agency, l.plan, 1, l.bot, l.id, l.subject, 'test', n::text,"
        " l.id, $1::timestamptz::date, 'WELCOME-M', false, false, $1, $1 + interval '3 days', $1,"
        " 'queued' FROM link l, generate_series(1, 2) n",
        clock.now(),
    )
    counts = []
    for days, hour in ((0, 10), (0, 19), (1, 10), (1, 19)):
        at(begun + timedelta(days=days), hour)
        await chats.round()
        [row] = await world.sql(
            "SELECT count(*) FROM message WHERE rule = 'test' AND state = 'sent'"
        )
        counts.append(row["count"])
    assert counts == [2, 2, 4, 4]


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
    ended = "SELECT state, chat_index, chat IS NULL AS forgotten FROM link"
    kept = [{"state": "ended", "chat_index": None, "forgotten": False}]
    assert await world.sql(ended) == kept
    now = clock.now()
    for hours, forgotten in ((47, False), (49, True)):  # until then what was said can be taken away
        clock.travel(partial(add, now, timedelta(hours=hours)))
        await chats.job(purge)
        assert await world.sql(ended) == [{**kept[0], "forgotten": forgotten}]


async def test_when_one_has_ended_words_are_the_others(world: World, chats: Chats) -> None:
    (first, second), member = await _two(world, chats)
    ended = await first.post(f"/mandates/{member.mandate}/end", version=1)
    assert ended.status_code == 200, ended.text
    await chats.say(member.phone, SECRET)
    assert await _kept(world) == 1
    assert "free-text" in await kinds(second)
    assert "call-me" not in await kinds(first) + await kinds(second)


async def test_of_two_people_of_one_plan_no_word_is_kept_under_the_other(
    world: World, chats: Chats
) -> None:
    worker, person = await _household(world, chats)
    answer = await chats.say(person.phone, SECRET)
    assert answer.startswith("Thank you. What you wrote was not kept: a person will call you by")
    assert await _kept(world) == 0
    assert await kinds(worker) == ["call-me", "call-me"]
    about = {row["about"] for row in await world.sql("SELECT about FROM task")}
    assert len(about) == 2, "each of the two is called"
    assert UUID(person.actor) in about


async def test_nor_is_it_once_both_of_them_have_stopped(world: World, chats: Chats) -> None:
    worker, person = await _household(world, chats)
    await chats.say(person.phone, "STOP")
    assert "Messages are stopped" in await chats.say(person.phone, SECRET)
    assert await _kept(world) == 0
    assert sorted(await kinds(worker)) == ["call-me"] * 2 + ["link-stopped"] * 2


@pytest.mark.parametrize("stopped", [False, True])
async def test_when_one_of_them_has_left_the_circle_words_are_the_others(
    world: World, chats: Chats, *, stopped: bool
) -> None:
    """Though they were spoken to last, and before their chat has ended."""
    _, person = await _household(world, chats)
    await _speaks_last(world, "subject = (SELECT actor FROM mandate WHERE role = 'FA')")
    if stopped:
        await chats.say(person.phone, "STOP")
    await world.sql("UPDATE mandate SET ends = starts WHERE role = 'FA'")
    await chats.say(person.phone, SECRET)
    assert await world.sql("SELECT subject FROM incoming") == [{"subject": UUID(person.actor)}]


async def _with_staff(world: World, chats: Chats) -> tuple[Caller, Member]:
    """A mentor who is of the staff too, with one phone for both: staff spoke last in it."""
    worker, plan = await a_release(world, on_weekday(WEDNESDAY))
    mentor = await chats.a_member(worker, plan["id"])
    invited = (await worker.post("/invitations")).json()
    await chats.open(mentor.phone, invited)
    await chats.confirm(worker, invited["id"])
    await _speaks_last(world, "plan IS NULL")
    return worker, mentor


async def _speaks_last(world: World, which: str) -> None:
    await world.sql(
        "UPDATE message SET sent_at = sent_at + interval '1 minute'"
        f" WHERE link IN (SELECT id FROM link WHERE {which})"
    )


async def test_words_in_a_chat_of_staff_and_of_a_plan_are_the_plans(
    world: World, chats: Chats
) -> None:
    worker, mentor = await _with_staff(world, chats)
    assert (await chats.say(mentor.phone, SECRET)).startswith("Thank you. A person will read this")
    assert await world.sql("SELECT subject FROM incoming") == [{"subject": UUID(mentor.actor)}]
    assert await kinds(worker) == ["free-text"]
    await chats.tap(mentor.phone, "Call me")
    assert sorted(await kinds(worker)) == ["call-me", "free-text"]


@pytest.mark.parametrize("kind", ["text", "photo"])
async def test_a_call_that_is_promised_there_is_the_plans(
    world: World, chats: Chats, kind: Kind
) -> None:
    worker, mentor = await _with_staff(world, chats)
    await chats.phones.say(mentor.phone.id, "help", kind=kind)
    await chats.round()
    if kind == "photo":
        await chats.tap(mentor.phone, "Call me")
    assert "has been told and will call you" in await chats.last(mentor.phone)
    assert await kinds(worker) == ["call-me" if kind == "photo" else "need-help"]


@pytest.mark.parametrize("words", [SECRET, "help"])
async def test_a_plan_that_was_stopped_there_has_its_words_still(
    world: World, chats: Chats, words: str
) -> None:
    worker, mentor = await _with_staff(world, chats)
    await world.sql("UPDATE link SET state = 'stopped' WHERE plan IS NOT NULL")
    assert "Messages are stopped" in await chats.say(mentor.phone, words)
    assert await kinds(worker) == ["free-text"]


async def test_a_chat_of_staff_alone_promises_nothing_that_nobody_would_do(
    world: World, chats: Chats
) -> None:
    worker, _ = await a_release(world, on_weekday(WEDNESDAY))
    own = await a_phone_of(chats, worker)
    await _says_that_nobody_reads(chats, own, "help")
    assert [line[0]["text"] for line in (await chats.texts(own.phone))[-1].buttons] == SETTINGS
    await _says_that_nobody_reads(chats, own, SECRET)
    await _says_that_nobody_reads(chats, own, "", kind="photo")
    assert await kinds(worker) == []
    assert await _kept(world) == 0


async def test_nor_does_a_button_that_an_earlier_release_left_in_it(
    world: World, chats: Chats
) -> None:
    worker, _ = await a_release(world, on_weekday(WEDNESDAY))
    own = await a_phone_of(chats, worker)
    await chats.say(own.phone, "help")
    await world.sql("UPDATE message SET key = 'NO-FILES' WHERE key = 'UNREAD'")
    newest = (await chats.texts(own.phone))[-1]
    token, _, _ = newest.buttons[0][0]["callback_data"].partition(":")
    await chats.phones.tap(own.phone.id, message=newest.id, data=f"{token}:call_me")
    await chats.round()
    assert (await chats.last(own.phone)).startswith(UNREAD)
    assert await kinds(worker) == []


async def test_nor_what_answers_an_update_that_could_not_take_effect(
    world: World, chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise ValueError("whatever it was")

    worker, _ = await a_release(world, on_weekday(WEDNESDAY))
    own = await a_phone_of(chats, worker)
    monkeypatch.setattr(intake, "handle", fails)
    await chats.phones.say(own.phone.id, SECRET)
    for _ in range(MOST_ATTEMPTS + 1):
        await chats.round()
    assert (await chats.last(own.phone)).startswith(UNREAD)


async def _says_that_nobody_reads(
    chats: Chats, member: Member, text: str, kind: Kind = "text"
) -> None:
    before = len(await chats.texts(member.phone))
    await chats.phones.say(member.phone.id, text, kind=kind)
    await chats.round()
    [answer] = (await chats.texts(member.phone))[before:]
    assert answer.text.startswith(UNREAD), answer.text
    assert "call you" not in answer.text
