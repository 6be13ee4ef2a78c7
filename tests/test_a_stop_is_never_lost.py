"""What came in and cannot take effect: a stop holds all the same, and of all else a human hears."""

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from backend import clock, database
from backend.errors import DatabaseBusy
from backend.messages.inbox import MOST_ATTEMPTS
from bots import intake
from bots.conversations import lost, words
from bots.conversations.dates import chosen_day
from bots.conversations.lost import Said, read
from tests.chats import Chats, Member
from tests.releases import a_release, kinds, on_weekday
from tests.world import Caller, World
from workflows.retain import carry_out
from workflows.terms import RULES

WEDNESDAY = 3
NOWHERE = "Africa/TUNIS"
SECRET = "He told me that he sleeps at the mosque since Tuesday"


async def _a_mentor(world: World, chats: Chats) -> tuple[Caller, Member]:
    worker, plan = await a_release(world, on_weekday(WEDNESDAY))
    return worker, await chats.a_member(worker, plan["id"])


async def _comes(chats: Chats, member: Member, text: str, *, rounds: int = MOST_ATTEMPTS) -> None:
    await chats.phones.say(member.phone.id, text)

    async def take_in() -> None:
        chats.offset = await intake.take_in(chats.bot, chats.offset, wait=0)

    await chats.job(take_in)
    for _ in range(rounds):
        await chats.job(partial(intake.work_off, [chats.bot]))


async def _last(world: World) -> dict[str, Any]:
    [found] = await world.sql(
        "SELECT attempts, failed_at IS NOT NULL AS failed, sealed IS NOT NULL AS kept"
        " FROM incoming_update ORDER BY number DESC LIMIT 1"
    )
    return dict(found)


async def _chat(world: World) -> tuple[str, int]:
    """How the chat stands, and how many yeses to messages."""
    [link] = await world.sql("SELECT state FROM link")
    standing = await world.sql("SELECT 1 FROM channel_consent WHERE withdrawn_at IS NULL")
    return link["state"], len(standing)


async def _fails(*_: object) -> None:
    raise ValueError("whatever it was")


GIVEN_UP = {"attempts": MOST_ATTEMPTS, "failed": True, "kept": False}


@pytest.mark.parametrize(
    "action",
    ["day-0", "day-8", "day-01", "day-0000000000000000000000000001", "day-\u0663", "day-", "day1"],
)
def test_a_day_that_was_not_offered_is_none(action: str) -> None:
    assert chosen_day(action, date(2031, 1, 1)) is None


def test_a_day_that_was_offered_is_that_day() -> None:
    found = [chosen_day(f"day-{n}", date(2031, 1, 1)) for n in range(1, 8)]
    assert found == [date(2031, 1, 1) + timedelta(days=n) for n in range(1, 8)]


async def test_a_stop_in_a_chat_where_no_clock_goes_holds(world: World, chats: Chats) -> None:
    worker, mentor = await _a_mentor(world, chats)
    await world.sql("UPDATE link SET zone = $1", NOWHERE)
    await _comes(chats, mentor, "STOP")
    assert await _last(world) == GIVEN_UP
    assert await _chat(world) == ("stopped", 0)
    assert await kinds(worker) == ["link-stopped"]
    assert len(await world.sql("SELECT 1 FROM message WHERE key = 'STOP-OK'")) == 1


async def test_a_stop_of_which_every_part_fails_still_turns_the_chat_off(
    world: World, chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, mentor = await _a_mentor(world, chats)
    monkeypatch.setattr(words, "_takes_back", _fails)
    await _comes(chats, mentor, "STOP", rounds=MOST_ATTEMPTS - 1)
    assert await _chat(world) == ("active", 1)
    await _comes(chats, mentor, "hello", rounds=1)
    assert (await _chat(world))[0] == "stopped"
    assert "not-read" in await kinds(worker)


@pytest.mark.parametrize("how", ["tapped", "written"])
async def test_a_stop_that_nobody_can_parse_is_one(
    world: World, chats: Chats, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    _, mentor = await _a_mentor(world, chats)
    await chats.say(mentor.phone, "help")
    monkeypatch.setattr(intake, "handle", _fails)
    if how == "tapped":
        await chats.phones.tap(mentor.phone.id, "Stop")
        await _rounds(chats)
    else:
        await _comes(chats, mentor, "arrêt")
    assert await _last(world) == GIVEN_UP
    assert await _chat(world) == ("stopped", 0)


async def _rounds(chats: Chats) -> None:
    for _ in range(MOST_ATTEMPTS):
        await chats.round()


async def test_words_that_cannot_be_read_lie_nowhere_and_their_worker_calls(
    world: World, chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, mentor = await _a_mentor(world, chats)
    monkeypatch.setattr(intake, "handle", _fails)
    await _comes(chats, mentor, SECRET)
    assert await _last(world) == GIVEN_UP
    assert await kinds(worker) == ["not-read"]
    assert await _chat(world) == ("active", 1)
    await chats.round()
    assert "What you wrote was not kept" in await chats.last(mentor.phone)


async def test_where_one_of_two_matters_fails_the_worker_of_the_other_is_told(
    world: World, chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, mentor = await _a_mentor(world, chats)
    tried = []

    async def choosy(kind: str, **_: object) -> None:
        tried.append(kind)
        await _fails()

    monkeypatch.setattr(intake, "handle", _fails)
    monkeypatch.setattr(lost, "open_task", choosy)
    await _comes(chats, mentor, SECRET)
    assert tried == ["not-read"]
    assert await kinds(worker) == []
    assert await _last(world) == GIVEN_UP, "and readiness says so"


async def test_what_fails_while_the_database_is_busy_is_not_given_up(
    world: World, chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, mentor = await _a_mentor(world, chats)

    async def busy(*_: object, **__: object) -> None:
        raise DatabaseBusy

    with monkeypatch.context() as held:
        held.setattr(intake, "handle", _fails)
        held.setattr(lost, "open_task", busy)
        await _comes(chats, mentor, SECRET, rounds=9)
    assert await _last(world) == {"attempts": MOST_ATTEMPTS - 1, "failed": False, "kept": True}
    await chats.round()
    assert await kinds(worker) == ["free-text"]


_PRIVATE = {"id": 7, "type": "private"}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            {"message": {"chat": _PRIVATE, "from": {"id": 7}, "text": "stop"}},
            Said(7, stop=True, written=True),
        ),
        ({"message": {"chat": _PRIVATE, "from": {"id": 7}}}, Said(7, stop=False, written=True)),
        (
            {
                "callback_query": {
                    "from": {"id": 7},
                    "data": "x:stop",
                    "message": {"chat": _PRIVATE},
                }
            },
            Said(7, stop=True, written=False),
        ),
        (
            {"callback_query": {"from": {"id": 8}, "data": "x:y", "message": {"chat": _PRIVATE}}},
            None,
        ),
        ({"message": {"chat": _PRIVATE, "from": {"id": 8}, "text": "stop"}}, None),
        ({"message": {"chat": {"id": 7, "type": "group"}, "from": {"id": 7}}}, None),
        ({"message": {"chat": _PRIVATE, "from": {"id": 7}, "forward_origin": {}}}, None),
        ({"message": {"chat": _PRIVATE, "from": {"id": 7}, "via_bot": {}}}, None),
        ({"message": {"chat": _PRIVATE, "from": "7"}}, None),
        ({"message": "stop"}, None),
        ({"my_chat_member": {"chat": _PRIVATE}}, None),
        ({}, None),
    ],
)
def test_only_what_somebody_said_in_their_own_chat_is_theirs(
    raw: dict[str, Any], said: Said | None
) -> None:
    assert read(raw) == said


async def _nightly(chats: Chats) -> int:
    rules = [rule for rule in RULES if rule.code == "updates"]

    async def night() -> dict[str, int]:
        async with database.transaction():
            return await carry_out(clock.now(), rules)

    found: dict[str, int] = await chats.job(night)
    return found["updates"]


async def test_of_what_came_in_nothing_is_left_a_week_later_but_what_waits(
    world: World, chats: Chats
) -> None:
    _, mentor = await _a_mentor(world, chats)
    await _comes(chats, mentor, "hello", rounds=1)
    [number] = await world.sql("SELECT count(*) AS n FROM incoming_update")
    await world.sql(
        "UPDATE incoming_update SET handled_at = NULL, failed_at = handled_at WHERE number ="
        " (SELECT max(number) FROM incoming_update)"
    )
    await world.sql(
        "UPDATE incoming_update SET handled_at = NULL WHERE number ="
        " (SELECT min(number) FROM incoming_update)"
    )
    now = clock.now()
    for days, gone in ((6, 0), (8, number["n"] - 1), (8, 0)):
        clock.travel(lambda days=days: now + timedelta(days=days))  # type: ignore[misc]
        assert await _nightly(chats) == gone


async def _reasons() -> list[str]:
    reasons: list[str] = (await Caller().get("/health/ready")).json()["reasons"]
    return [one for one in reasons if "update" in one]


async def test_readiness_says_what_waits_and_what_could_not_be_read(
    world: World, chats: Chats
) -> None:
    _, mentor = await _a_mentor(world, chats)
    began = clock.now()
    clock.travel(lambda: began)
    await _comes(chats, mentor, "hello", rounds=0)
    assert await _reasons() == []
    later = began + timedelta(minutes=11)
    clock.travel(lambda: later)
    assert await _reasons() == [f"an update of the bot waits since {began.isoformat()}"]
    await world.sql("UPDATE incoming_update SET failed_at = $1 WHERE handled_at IS NULL", later)
    assert await _reasons() == [f"an update of the bot could not be read: {later.isoformat()}"]


async def test_the_application_sees_of_updates_no_more_than_when(world: World) -> None:
    granted = await world.sql(
        "SELECT column_name FROM information_schema.column_privileges WHERE grantee ="
        " 'throughcare_app' AND table_name = 'incoming_update' ORDER BY 1"
    )
    assert [row["column_name"] for row in granted] == ["failed_at", "handled_at", "received_at"]
