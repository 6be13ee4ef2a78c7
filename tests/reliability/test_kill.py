"""kill -9 of workers loses nothing and doubles nothing but what was on its way."""

import asyncio
import random
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

import pytest

from backend import clock, database
from backend.actors.actions import make_actor, seal
from backend.messages import addresses
from backend.operating import at_terminal
from bots.channels.telegram import CONNECTIONS
from bots.phones.client import Phones
from tests.processes import end, environment, stand_in_on_a_port, start
from tests.world import World

CHATS, EACH, KILLS = 50, 10, 10
_IN_DOUBT = "state = 'unknown' AND reason = 'delivery-unknown' AND attempt >= 3"
_LEFT = f"SELECT state, reason, attempt FROM message WHERE state <> 'sent' AND NOT ({_IN_DOUBT})"
_GIVEN_UP = """
SELECT m.id, l.id AS link, l.subject AS link_subject, l.chat, k.wrapped
  FROM message m JOIN link l ON l.id = m.link JOIN subject_key k ON k.id = l.subject
 WHERE m.state = 'unknown'
"""
SEED = 20311109


async def _due(world: World, phones: Phones, number: int = CHATS, each: int = EACH) -> list[int]:
    """So many people of the staff with a chat, and so many messages due on every one of them."""
    agency = await world.an_agency()
    chats = []
    for _ in range(number):
        phone = await phones.phone("phone")
        chats.append(phone.id)
        await phones.say(phone.id, "/start")
    bot = (await world.sql("SELECT id FROM bot"))[0]["id"]

    people = [uuid4() for _ in chats]
    async with at_terminal():
        for one in people:
            await make_actor(one, "staff", agency)

    async def write() -> None:
        database.act_as("worker")
        async with database.transaction():
            for one, chat in zip(people, chats, strict=True):
                await _one_chat(agency, bot, one, chat, each)

    await database.in_fresh_context(write)
    return chats


async def _one_chat(agency: UUID, bot: UUID, actor: UUID, chat: int, each: int) -> None:
    held, link = database.connection(), uuid4()
    sealed = await seal(actor, f"link.chat:{link}", str(chat))
    await held.execute(
        "INSERT INTO link (id, agency, version, bot, subject, state, level, language, zone, opens,"
        " closes, quiet, chat, invited_by, tries) VALUES ($1, $2, 1, $3, $4, 'active', 'P1', 'en',"
        " 'Africa/Tunis', '00:00', '23:59', '[]', $5, $4, 0)",
        link,
        agency,
        bot,
        actor,
        sealed,
    )
    await held.execute(
        "INSERT INTO message (id, agency, version, bot, link, recipient, rule, step, subject,"
        " local_due, key, urgent, due_at, expires_at, created_at, state)"
        " SELECT gen_random_uuid(), $1, 1, $2, $3, $4, 'test', n::text, $3, $5::timestamptz::date,"
        " 'START-OK', true, $5, $5 + interval '12 hours', $5, 'queued'"
        " FROM generate_series(1, $6::int) n",
        agency,
        bot,
        link,
        actor,
        clock.now() - timedelta(seconds=1),
        each,
    )


async def _until(world: World, where: str) -> None:
    for _ in range(300):
        if await world.sql(f"SELECT 1 FROM message WHERE {where}"):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(await world.sql("SELECT state, reason FROM message"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("when", "critical", "copies", "ends"),
    [
        ("before", False, 1, "sent"),
        ("after", False, 2, "sent"),
        ("before", True, 0, "unknown"),
        ("after", True, 1, "unknown"),
    ],
)
async def test_a_worker_is_killed_at_its_request(
    world: World,
    tmp_path: Path,
    when: Literal["before", "after"],
    *,
    critical: bool,
    copies: int,
    ends: str,
) -> None:
    """Before it counts, or at its answer: the next worker cannot tell which of the two it was."""
    async with stand_in_on_a_port() as (phones, address):
        await _due(world, phones, 1, 1)
        await world.sql(
            "UPDATE message SET critical = $1, due_at = $2, urgent = true",
            critical,
            clock.now() + timedelta(days=1),
        )
        env = environment(world, address)
        first = start("worker", env, tmp_path / "log")
        await phones.fault("sendMessage", kill=first.pid, when=when, effect=when == "after")
        await world.sql("UPDATE message SET due_at = $1", clock.now())
        assert await asyncio.to_thread(first.wait, 40) == -9
        await _until(world, "sending_at IS NOT NULL AND state = 'claimed'")
        await world.sql("UPDATE message SET lease = clock_timestamp()")
        second = start("worker", env, tmp_path / "log")
        try:
            await _until(world, f"state = '{ends}'")
        finally:
            end(second)
        assert len(await phones.sent(method="sendMessage")) == copies


@pytest.mark.slow
@pytest.mark.deep
async def test_ten_kills_of_two_workers_lose_nothing_and_double_only_what_was_on_its_way(
    world: World, tmp_path: Path
) -> None:
    """What was on its way at two kills is not said a third time: a human is told of it instead."""
    chance = random.Random(SEED)  # noqa: S311 - which worker falls, not a secret
    async with stand_in_on_a_port() as (phones, address):
        chats = await _due(world, phones)
        await phones.fault("sendMessage", times=100_000, delay=0.02, effect=True)
        env = environment(world, address)
        workers = [start("worker", env, tmp_path / "log") for _ in range(2)]
        try:
            seen = 0
            for _ in range(KILLS):
                # in the middle of the work: some have gone out since the last kill
                await phones.sent(since=seen, wait=chance.randint(20, 40), timeout=15)
                seen = (await phones.sent())[-1].seq
                victim = chance.randrange(2)
                workers[victim].kill()
                workers[victim].wait()
                workers[victim] = start("worker", env, tmp_path / "log")
            waited = time.monotonic()
            while time.monotonic() - waited < 90:
                left = await world.sql(_LEFT)
                if not left:
                    break
                await asyncio.sleep(0.5)
            assert not left, (left, (tmp_path / "log").read_text()[-3000:])
        finally:
            for worker in workers:
                end(worker)
        sent = await phones.sent(method="sendMessage")
    told = Counter(addresses.address(row["id"], b"", row) for row in await world.sql(_GIVEN_UP))
    per_chat = {chat: sum(one.chat == chat for one in sent) for chat in chats}
    lost = sum(max(0, EACH - told[chat] - count) for chat, count in per_chat.items())
    doubled = sum(max(0, count - EACH) for count in per_chat.values())
    print(  # noqa: T201
        f"seed {SEED}: {len(sent)} sent, {lost} lost, {doubled} doubled, {told.total()} told"
        f" to a human, {KILLS} kills"
    )
    assert lost == 0
    assert doubled <= KILLS * CONNECTIONS
