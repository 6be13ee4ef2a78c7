"""What the chat service may answer to a message, and what becomes of it and of those behind it.

Each line of the table in docs/decisions/0042: what was surely not delivered is said again, what
may have been is said once more or not at all, and one chat's trouble is no other's.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend import clock
from backend.messages.judging import MOST_ATTEMPTS
from backend.messages.sending import BACK_OFF, BATCH
from backend.settings import read
from bots.channels.telegram import make_bot
from tests.chats import Chats, Member
from tests.processes import free_port
from tests.queued import queue
from tests.releases import kinds
from tests.world import Caller, World
from workflows.sender.dispatch import send_due

BEGINS = datetime(2027, 3, 3, 9, tzinfo=UTC)  # a Wednesday
SENT = "sendMessage"


def _after(seconds: float) -> None:
    clock.travel(lambda: BEGINS + timedelta(seconds=seconds))


async def _two(world: World, chats: Chats) -> tuple[Caller, Member, Member]:
    """A worker, and two mentors of one plan each with a chat of their own."""
    _after(-3600)
    worker = await world.somebody("SW")
    one = await chats.a_member(worker, (await world.a_plan(worker))["id"])
    other = await chats.a_member(worker, (await world.a_plan(worker))["id"])
    _after(0)
    await chats.round()
    return worker, one, other


async def _rows(world: World, who: Member) -> list[Any]:
    return list(
        await world.sql(
            "SELECT step, state, reason, attempt, ambiguous, sent_at, provider_id FROM message"
            " WHERE rule = 'test' AND recipient = $1 ORDER BY due_at, step",
            UUID(who.actor),
        )
    )


async def _states(world: World, who: Member) -> list[str]:
    return [row["state"] for row in await _rows(world, who)]


async def _tries(chats: Chats, who: Member) -> int:
    """How often it was tried to say something in this chat since the test began."""
    calls = [one for one in await chats.phones.calls() if one.method == SENT]
    return sum(str(one.params.get("chat_id")) == str(who.phone.id) for one in calls)


async def test_a_chat_that_is_told_to_wait_waits_so_long_and_no_other_does(
    world: World, chats: Chats
) -> None:
    _, one, other = await _two(world, chats)
    before = await _tries(chats, one)
    await chats.phones.fault(SENT, chat=one.phone.id, code=429, retry_after=7)
    await queue(world, one, 3)
    await queue(world, other, 3)
    await chats.round()
    assert await _tries(chats, one) == before + 1
    assert await _states(world, other) == ["sent"] * 3
    _after(5)
    await queue(world, one, name="later")  # what comes in the meantime waits behind it
    _after(6.9)
    await chats.round()
    assert await _tries(chats, one) == before + 1
    _after(7)
    await chats.round()
    rows = await _rows(world, one)
    assert [(row["step"], row["state"], row["attempt"]) for row in rows] == [
        *((f"a{n}", "sent", 1) for n in (1, 2, 3)),
        ("later1", "sent", 1),
    ]
    said = [row["provider_id"] for row in rows]
    assert said == sorted(said)


@pytest.mark.parametrize("code", [500, 502, 503, 504])
async def test_a_service_in_trouble_is_asked_again_more_and_more_rarely(
    world: World, chats: Chats, code: int
) -> None:
    _, one, other = await _two(world, chats)
    before = await _tries(chats, one)
    await chats.phones.fault(SENT, chat=one.phone.id, code=code, times=3)
    await queue(world, one, 2)
    waited = 0.0
    for tries, pause in enumerate(BACK_OFF[:3], start=1):
        await chats.round()
        assert await _tries(chats, one) == before + tries
        _after(waited + pause.total_seconds() - 0.1)
        await chats.round()
        assert await _tries(chats, one) == before + tries
        waited += pause.total_seconds()
        _after(waited)
    await queue(world, other)
    await chats.round()
    assert await _states(world, one) == ["sent"] * 2
    assert [row["ambiguous"] for row in await _rows(world, one)] == [False, False]
    assert await _states(world, other) == ["sent"]


async def test_what_never_left_is_said_again_and_is_no_doubt(world: World, chats: Chats) -> None:
    """No line to the service at all: a critical message too is safe to be said again."""
    worker, one, _ = await _two(world, chats)
    await queue(world, one, critical=True)

    cut_off = make_bot(replace(read({}), telegram_api=f"http://127.0.0.1:{free_port()}"))
    await chats.job(lambda: send_due([cut_off]))
    await cut_off.request.shutdown()
    [row] = await _rows(world, one)
    assert (row["state"], row["attempt"], row["ambiguous"]) == ("queued", 1, False)
    _after(BACK_OFF[0].total_seconds())
    await chats.round()
    assert await _states(world, one) == ["sent"]
    assert "undeliverable" not in await kinds(worker)


Lost = Callable[[Chats, Member], Awaitable[Any]]
LOST: dict[str, Lost] = {
    "the line was cut after it": lambda chats, who: chats.phones.fault(
        SENT, chat=who.phone.id, drop=True, effect=True
    ),
    "the line was cut before it": lambda chats, who: chats.phones.fault(
        SENT, chat=who.phone.id, drop=True
    ),
    "what came back is no answer": lambda chats, who: chats.phones.fault(
        SENT, chat=who.phone.id, garbage="<html>", effect=True
    ),
}


@pytest.mark.parametrize("how", LOST)
async def test_a_reminder_that_may_have_arrived_is_said_once_more_and_what_follows_waits(
    world: World, chats: Chats, how: str
) -> None:
    worker, one, _ = await _two(world, chats)
    before = await _tries(chats, one)
    await LOST[how](chats, one)
    await queue(world, one, 2)
    await chats.round()
    assert await _tries(chats, one) == before + 1
    assert await _states(world, one) == ["queued"] * 2
    _after(BACK_OFF[0].total_seconds())
    await chats.round()
    assert await _tries(chats, one) == before + 3
    assert await _states(world, one) == ["sent"] * 2
    assert [row["ambiguous"] for row in await _rows(world, one)] == [True, False]
    assert "undeliverable" not in await kinds(worker)


@pytest.mark.parametrize("how", LOST)
async def test_what_may_have_arrived_twice_in_doubt_goes_to_a_human(
    world: World, chats: Chats, how: str
) -> None:
    worker, one, _ = await _two(world, chats)
    before = await _tries(chats, one)
    await LOST[how](chats, one)
    await LOST[how](chats, one)
    await queue(world, one)
    await chats.round()
    _after(BACK_OFF[0].total_seconds())
    await chats.round()
    _after(3600)
    await chats.round()
    assert await _tries(chats, one) == before + 2
    assert await _states(world, one) == ["unknown"]
    assert "undeliverable" in await kinds(worker)


@pytest.mark.parametrize("how", LOST)
async def test_what_cannot_wait_is_not_said_twice_in_doubt_but_by_a_human(
    world: World, chats: Chats, how: str
) -> None:
    worker, one, _ = await _two(world, chats)
    before = await _tries(chats, one)
    await LOST[how](chats, one)
    await queue(world, one, critical=True)
    await queue(world, one, name="b")
    await chats.round()
    assert await _tries(chats, one) == before + 2
    assert await _states(world, one) == ["unknown", "sent"]
    assert "undeliverable" in await kinds(worker)


@pytest.mark.parametrize("why", ["message is too long", "can't parse entities"])
async def test_a_message_that_the_service_will_never_take_stops_nobody_and_a_human_hears_of_it(
    world: World, chats: Chats, why: str
) -> None:
    worker, one, other = await _two(world, chats)
    before = await _tries(chats, one)
    await chats.phones.fault(
        SENT, chat=one.phone.id, code=400, description=f"Bad Request: {why}", times=1
    )
    await queue(world, one, 2)
    await queue(world, other)
    await chats.round()
    assert await _states(world, one) == ["failed", "sent"]
    assert await _states(world, other) == ["sent"]
    assert await _tries(chats, one) == before + 2
    assert "undeliverable" in await kinds(worker)


GONE: dict[str, dict[str, Any]] = {
    "blocked": {"code": 403, "description": "Forbidden: bot was blocked by the user"},
    "no account any more": {"code": 403, "description": "Forbidden: user is deactivated"},
    "no chat any more": {"code": 400, "description": "Bad Request: chat not found"},
    "a group now": {"code": 400, "migrate_to_chat": -1005},
}


@pytest.mark.parametrize("how", GONE)
async def test_a_chat_that_is_gone_is_written_to_no_more_and_a_human_hears_of_it(
    world: World, chats: Chats, how: str
) -> None:
    worker, one, other = await _two(world, chats)
    before = await _tries(chats, one)
    await chats.phones.fault(SENT, chat=one.phone.id, **GONE[how])
    await queue(world, one, 3)
    await queue(world, other)
    await chats.round()
    _after(3600)
    await chats.round()
    assert await _tries(chats, one) == before + 1
    assert {*await _states(world, one)} <= {"failed", "cancelled"}
    [link] = await world.sql(
        "SELECT state FROM link WHERE subject = $1 AND chat_index IS NOT NULL", UUID(one.actor)
    )
    assert link["state"] == "inactive"
    assert "link-inactive" in await kinds(worker)
    assert await _states(world, other) == ["sent"]


@pytest.mark.parametrize("code", [401, 404, 409])
async def test_a_token_that_is_refused_stops_everything_and_loses_nothing(
    world: World, chats: Chats, code: int
) -> None:
    worker, one, other = await _two(world, chats)
    before = await _tries(chats, one) + await _tries(chats, other)
    await chats.phones.fault(SENT, code=code, times=100)
    await queue(world, one, 2)
    await queue(world, other, BATCH + 2)
    await chats.round()
    rows = [*await _rows(world, one), *await _rows(world, other)]
    assert {(row["state"], row["attempt"]) for row in rows} == {("queued", 0)}
    # of what was being said when the answer came no more than a chat's next
    assert await _tries(chats, one) + await _tries(chats, other) <= before + 2
    await chats.phones.no_faults()
    _after(30)
    await chats.round()
    rows = [*await _rows(world, one), *await _rows(world, other)]
    assert {(row["state"], row["attempt"]) for row in rows} == {("sent", 1)}
    assert "undeliverable" not in await kinds(worker)


async def test_a_message_that_always_fails_is_given_up_in_the_end_and_a_human_hears_of_it(
    world: World, chats: Chats
) -> None:
    worker, one, _ = await _two(world, chats)
    before = await _tries(chats, one)
    await chats.phones.fault(SENT, chat=one.phone.id, code=502, times=MOST_ATTEMPTS)
    await queue(world, one, 2)
    for minutes in range(12):
        _after(60 * minutes)
        await chats.round()
    assert await _states(world, one) == ["failed", "sent"]
    assert await _tries(chats, one) == before + MOST_ATTEMPTS + 1
    assert "undeliverable" in await kinds(worker)


ANSWERS: dict[str, dict[str, Any]] = {
    "as usual": {},
    "too many": {"code": 429, "retry_after": 3},
    "in trouble": {"code": 502},
    "cut": {"drop": True},
    "taken and cut": {"drop": True, "effect": True},
    "no answer": {"garbage": "?"},
    "too long": {"code": 400, "description": "Bad Request: message is too long"},
    "token": {"code": 401},
}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.lists(st.tuples(st.integers(0, 1), st.sampled_from(sorted(ANSWERS))), max_size=10)
)
async def test_whatever_is_answered_nothing_is_lost_and_each_chat_keeps_its_order(
    world: World, chats: Chats, answers: list[tuple[int, str]]
) -> None:
    """Sent, or in the hands of a human; twice at most, and only where it may have arrived."""
    known = getattr(chats, "two", None) or await _two(world, chats)
    chats.two = known  # type: ignore[attr-defined]
    both = known[1:]
    await world.sql("DELETE FROM task")
    await world.sql("DELETE FROM message WHERE rule = 'test'")
    await chats.phones.no_faults()
    _after(0)
    for which, answer in answers:
        if ANSWERS[answer]:
            await chats.phones.fault(SENT, chat=both[which].phone.id, **ANSWERS[answer])
    for one in both:
        await queue(world, one, 4)
    for minutes in range(20):
        _after(60 * minutes)
        await chats.round()
    for one in both:
        rows = await _rows(world, one)
        assert {row["state"] for row in rows} <= {"sent", "failed", "unknown"}
        said = [row["provider_id"] for row in rows if row["state"] == "sent"]
        assert said == sorted(said)
