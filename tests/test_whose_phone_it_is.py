"""A phone may be somebody else's by now: what it can begin, end and answer, and what not."""

from datetime import timedelta
from typing import Any

import pytest

from bots.phones.wire import Phone
from tests.chats import Chats, Member, at
from tests.releases import a_release, kinds, leave, on_weekday, said
from tests.world import Caller, World

WEDNESDAY = 3


async def _links(world: World) -> list[str]:
    return sorted(row["state"] for row in await world.sql("SELECT state FROM link"))


async def _standing(world: World) -> int:
    return len(await world.sql("SELECT 1 FROM channel_consent WHERE withdrawn_at IS NULL"))


async def _asked(worker: Caller, plan: str, actor: str) -> dict[str, Any]:
    """They say yes once more, and are invited."""
    yes = {"kind": "channel", "subject": actor, "channel": "telegram", "language": "en"}
    assert (await worker.post(f"/plans/{plan}/consents", yes)).status_code == 201
    answer = await worker.post("/invitations", {"plan": plan, "subject": actor})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _a_mentor(world: World, chats: Chats) -> tuple[Caller, str, Member]:
    worker, plan = await a_release(world, on_weekday(WEDNESDAY))
    return worker, plan["id"], await chats.a_member(worker, plan["id"])


async def test_an_old_phone_begins_nothing_again_once_another_was_confirmed(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor = await _a_mentor(world, chats)
    await chats.say(mentor.phone, "STOP")
    invited = await _asked(worker, plan, mentor.actor)
    new = await chats.phones.phone("new")
    await chats.open(new, invited)
    await chats.confirm(worker, invited["id"])
    assert await _links(world) == ["active", "ended"]
    await chats.say(new, "STOP")
    assert "not connected" in await chats.say(mentor.phone, "START")
    assert await _links(world) == ["ended", "stopped"]
    assert await _standing(world) == 0
    await chats.say(new, "START")
    assert await _links(world) == ["active", "ended"]


async def test_what_was_taken_back_by_voice_begins_again_by_voice(
    world: World, chats: Chats
) -> None:
    worker, _, mentor = await _a_mentor(world, chats)
    [given] = await world.sql("SELECT id::text FROM channel_consent")
    answer = await worker.post(f"/consents/{given['id']}/withdraw", {})
    assert answer.status_code == 200, answer.text
    assert "not connected" in await chats.say(mentor.phone, "START")
    assert await _links(world) == ["ended"]
    assert await _standing(world) == 0


async def test_a_chat_that_was_stopped_can_be_cut(world: World, chats: Chats) -> None:
    worker, _, mentor = await _a_mentor(world, chats)
    await chats.say(mentor.phone, "STOP")
    [link] = await world.sql("SELECT id::text, version FROM link")
    path = f"/links/{link['id']}/cut"
    assert (await worker.post(path, version=link["version"])).status_code == 200
    await chats.say(mentor.phone, "START")
    assert await _links(world) == ["ended"]
    again = await worker.post(path, version=link["version"] + 1)
    assert again.status_code == 409


async def test_who_found_a_paper_does_not_speak_for_whose_chat_is_confirmed(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor = await _a_mentor(world, chats)
    invited = await _asked(worker, plan, mentor.actor)
    finder = await chats.phones.phone("finder")
    before = await _standing(world)
    await chats.say(finder, f"/start {invited['payload']}")
    await chats.say(finder, "STOP")
    assert await _links(world) == ["active", "ended"]
    assert await _standing(world) == before
    assert "link-stopped" in await kinds(worker)


async def test_who_found_the_only_paper_takes_no_yes_back(world: World, chats: Chats) -> None:
    worker, plan, mentor = await _a_mentor(world, chats)
    [link] = await world.sql("SELECT id::text, version FROM link")
    cut = await worker.post(f"/links/{link['id']}/cut", version=link["version"])
    assert cut.status_code == 200, cut.text
    invited = await _asked(worker, plan, mentor.actor)
    before = await _standing(world)
    finder = await chats.phones.phone("finder")
    await chats.say(finder, f"/start {invited['payload']}")
    assert "Messages are stopped" in await chats.say(finder, "STOP")
    assert await _links(world) == ["ended", "ended"]
    assert await _standing(world) == before > 0
    assert "link-stopped" in await kinds(worker)


async def test_who_stops_ends_an_invitation_that_waits_for_them_elsewhere(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor = await _a_mentor(world, chats)
    await _asked(worker, plan, mentor.actor)
    await chats.say(mentor.phone, "STOP")
    assert await _links(world) == ["ended", "stopped"]
    assert await _standing(world) == 0


async def test_whose_mandate_has_ended_begins_nothing_again_that_very_second(
    world: World, chats: Chats
) -> None:
    _, _, mentor = await _a_mentor(world, chats)
    await chats.say(mentor.phone, "STOP")
    ends = "UPDATE mandate SET ends = starts WHERE id = $1::uuid"
    await world.sql(ends, mentor.mandate)
    await chats.phones.say(mentor.phone.id, "START")
    await chats.round()
    assert await _standing(world) == 0
    assert "START-OK" not in {row["key"] for row in await world.sql("SELECT key FROM message")}


async def test_to_end_a_mandate_ends_a_chat_that_was_stopped(world: World, chats: Chats) -> None:
    worker, _, mentor = await _a_mentor(world, chats)
    await chats.say(mentor.phone, "STOP")
    answer = await worker.post(f"/mandates/{mentor.mandate}/end", version=1)
    assert answer.status_code == 200, answer.text
    assert await _links(world) == ["ended"]


@pytest.mark.parametrize(
    ("sql", "status"),
    [
        ("UPDATE channel_consent SET withdrawn_at = now()", 422),
        ("UPDATE mandate SET ends = starts WHERE role = 'ME'", 409),
        ("UPDATE mandate SET starts = now() + interval '9 years' WHERE role = 'ME'", 409),
        (
            (
                "UPDATE mandate SET plan = (SELECT p.id FROM plan p WHERE p.id <> mandate.plan)"
                " WHERE role = 'ME'"
            ),
            409,
        ),
        ("UPDATE mandate SET actor = granted_by WHERE role = 'ME'", 409),
        ("UPDATE plan SET version = version", 200),
    ],
)
async def test_nobody_is_confirmed_whose_yes_or_mandate_has_ended(
    world: World, chats: Chats, sql: str, status: int
) -> None:
    worker, plan = await a_release(world, on_weekday(WEDNESDAY))
    await world.a_plan(worker)
    added = await worker.post(
        f"/plans/{plan['id']}/circle", {"role": "ME", "language": "en", "name": "Mentor"}
    )
    circle = (await worker.get(f"/plans/{plan['id']}")).json()["circle"]
    actor = next(one["actor"] for one in circle if one["mandate"] == added.json()["id"])
    invited = await _asked(worker, plan["id"], actor)
    await chats.open(await chats.phones.phone("mentor"), invited)
    await world.sql(sql)
    [link] = await world.sql("SELECT version FROM link")
    answer = await worker.post(f"/links/{invited['id']}/confirm", version=link["version"])
    assert answer.status_code == status, answer.text


async def test_in_a_chat_that_is_used_words_are_no_wrong_number(world: World, chats: Chats) -> None:
    worker, plan, mentor = await _a_mentor(world, chats)
    invited = await _asked(worker, plan, mentor.actor)
    await chats.say(mentor.phone, f"/start {invited['payload']}")
    await chats.say(mentor.phone, "help")
    assert "need-help" in await kinds(worker)
    await chats.say(mentor.phone, "I will call you")
    assert "free-text" in await kinds(worker)
    tries = "SELECT max(tries) AS tries FROM link"
    assert await world.sql(tries) == [{"tries": 0}]
    n = 1
    for words in (
        "not 1",
        "he is here, call 06 12 34",
        "12345",
        "1234567",
        "lot 123456",
        "\u00b2" * 6,
    ):
        await chats.say(mentor.phone, words)
        kept = await world.sql("SELECT count(*) AS n FROM incoming")
        assert (await world.sql(tries), kept) == ([{"tries": 0}], [{"n": (n := n + 1)}]), words
    for number in ("000000", "000-000.", " 000\u00a0000\u200f ", "\u0660" * 6):
        assert "not the number" in await chats.say(mentor.phone, number), number
    assert await world.sql("SELECT count(*) AS n FROM incoming") == [{"n": n}]
    await chats.say(mentor.phone, f" {invited['pin'][:3]}-{invited['pin'][3:]}. ")
    assert await _links(world) == ["active", "unconfirmed"]


async def test_in_a_chat_that_was_stopped_words_reach_a_human_while_a_new_number_is_asked(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor = await _a_mentor(world, chats)
    await chats.say(mentor.phone, "STOP")
    invited = await _asked(worker, plan, mentor.actor)
    await chats.say(mentor.phone, f"/start {invited['payload']}")
    assert "Messages are stopped" in await chats.say(mentor.phone, "here at 18, and now?")
    assert "free-text" in await kinds(worker)
    await chats.say(mentor.phone, invited["pin"])
    assert await _links(world) == ["stopped", "unconfirmed"]


async def test_a_number_in_other_digits_is_the_same_number(world: World, chats: Chats) -> None:
    worker, plan, mentor = await _a_mentor(world, chats)
    invited = await _asked(worker, plan, mentor.actor)
    await chats.say(mentor.phone, f"/start {invited['payload']}")
    arabic = str(invited["pin"]).translate({48 + n: 0x0660 + n for n in range(10)})
    assert "not the number" not in await chats.say(mentor.phone, arabic)
    assert "unconfirmed" in await _links(world)


async def test_in_a_chat_that_is_new_whatever_is_written_is_a_try(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor = await _a_mentor(world, chats)
    invited = await _asked(worker, plan, mentor.actor)
    new = await chats.phones.phone("new")
    await chats.say(new, f"/start {invited['payload']}")
    assert "not the number" in await chats.say(new, "not 1")
    assert "not the number" in await chats.say(new, "who is this")
    assert await world.sql("SELECT max(tries) AS tries FROM link") == [{"tries": 2}]


async def test_a_number_opens_the_invitation_whose_it_is(world: World, chats: Chats) -> None:
    phone = await chats.phones.phone("shared")
    invited, day = [], on_weekday(WEDNESDAY)
    for _ in range(2):
        worker, plan = await a_release(world, day)
        added = await worker.post(
            f"/plans/{plan['id']}/circle", {"role": "FA", "language": "en", "name": "Relative"}
        )
        circle = (await worker.get(f"/plans/{plan['id']}")).json()["circle"]
        actor = next(one["actor"] for one in circle if one["mandate"] == added.json()["id"])
        invited.append(await _asked(worker, plan["id"], actor))
        await chats.say(phone, f"/start {invited[-1]['payload']}")
    for one in reversed(invited):
        await chats.say(phone, one["pin"])
    assert (
        await world.sql("SELECT state, tries FROM link")
        == [{"state": "unconfirmed", "tries": 0}] * 2
    )


async def test_a_phone_that_can_begin_nothing_is_answered_like_a_strangers(
    world: World, chats: Chats
) -> None:
    _, _, mentor = await _a_mentor(world, chats)
    await world.sql("UPDATE link SET state = 'inactive'")
    stranger = await chats.phones.phone("stranger")
    told = {await chats.say(phone, "START") for phone in (mentor.phone, stranger)}
    assert len(told) == 1


async def _forge(chats: Chats, phone: Phone, action: str) -> None:
    """The data of a button of the newest message, with another action behind it."""
    said_ = await chats.texts(phone)
    newest = next(one for one in reversed(said_) if one.buttons)
    key, _, _ = newest.buttons[0][0]["callback_data"].partition(":")
    await chats.phones.tap(phone.id, message=newest.id, data=f"{key}:{action}")
    await chats.round()


@pytest.mark.parametrize("action", ["why", "stop", "need_help_now", "met", "day-3", "x" * 24, ""])
async def test_a_button_that_the_text_did_not_have_does_nothing(
    world: World, chats: Chats, action: str
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"])
    at(day, 9)
    await leave(world, worker, plan)
    at(day + timedelta(days=1), 18, 5)
    await chats.round()
    tasks = await kinds(worker)
    before = len(await said(chats, mentor))
    await _forge(chats, mentor.phone, action)
    assert len(await said(chats, mentor)) == before
    assert await kinds(worker) == tasks
    assert await world.sql("SELECT 1 FROM message WHERE answered_at IS NOT NULL") == []
    assert await world.sql("SELECT state FROM link") == [{"state": "active"}]


async def test_a_language_that_there_is_not_is_not_set(world: World, chats: Chats) -> None:
    _, _, mentor = await _a_mentor(world, chats)
    await chats.say(mentor.phone, "help")
    await chats.tap(mentor.phone, "Language")
    await _forge(chats, mentor.phone, "xx")
    assert await world.sql("SELECT language FROM link") == [{"language": "en"}]
    await _forge(chats, mentor.phone, "fr")
    assert await world.sql("SELECT language FROM link") == [{"language": "fr"}]


async def test_whose_mandate_has_ended_sets_nothing_by_a_button(world: World, chats: Chats) -> None:
    _, _, mentor = await _a_mentor(world, chats)
    await chats.say(mentor.phone, "help")
    before = len(await said(chats, mentor))
    await world.sql("UPDATE mandate SET ends = starts WHERE id = $1::uuid", mentor.mandate)
    await chats.phones.tap(mentor.phone.id, "Stop")
    await chats.round()
    assert len(await said(chats, mentor)) == before
    assert await _standing(world) == 1
