"""The bot gets a new token: the old one is refused at once, and nothing is lost or said twice.

Where the token is refused nothing is known of any recipient, so what is to be said waits.
"""

from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from telegram import Bot
from telegram.error import InvalidToken
from telegram.request import HTTPXRequest

from backend import clock, database
from backend.messages import outbox
from backend.messages.outbox import Occurrence
from bots.channels.telegram import STAND_IN_TOKEN, opened
from bots.intake import take_in, work_off
from tests.chats import Chats
from tests.reliability.asked import Line, a_line
from tests.world import World, a_day
from workflows.sender.dispatch import send_due

ANOTHER = "2000:a-token-that-is-good-for-a-bot-of-somebody-else"
NEW = "1000:the-token-that-is-good-from-now-on"
MENTORS, EACH = 2, 3
A_WHILE = timedelta(hours=2)


async def _asked(world: World, chats: Chats) -> Line:
    transport = chats.stand_in.transport()
    line = await a_line(
        world, chats.phones, "http://phones.test", mentors=MENTORS, each=EACH, transport=transport
    )
    await world.sql(
        "INSERT INTO channel_consent (id, agency, plan, version, subject, channel, language,"
        " recorded_by, given_at) SELECT gen_random_uuid(), agency, plan, 1, subject, 'telegram',"
        " 'en', subject, now() FROM link"
    )
    return line


async def _queue(chats: Chats, *, late: timedelta = outbox.LATE, key: str = "WELCOME-M") -> None:
    """To each mentor, on each of three matters; stale after `late`."""

    async def work() -> None:
        async with database.transaction() as held:
            for link in await held.fetch("SELECT * FROM link WHERE state = 'active'"):
                for number in range(EACH):
                    matter = Occurrence("test", str(number), link["id"], a_day())
                    ends = clock.now() + late
                    await outbox.queue(link, key, matter, urgent=True, expires_at=ends)

    await chats.job(work)


def _is_changed(chats: Chats) -> None:
    """At the chat service: from now on the token of before gets 401."""
    chats.stand_in.exchange.bots[1000].token = NEW


def _a_bot(chats: Chats, token: str) -> Bot:
    def request() -> HTTPXRequest:
        return HTTPXRequest(httpx_kwargs={"transport": chats.stand_in.transport()})

    base = "http://phones.test/bot"
    return Bot(token, base_url=base, request=request(), get_updates_request=request())


async def _round(chats: Chats, bot: Bot, at: datetime) -> None:
    """What bot and worker do at an instant, whatever the chat service says."""

    async def work() -> None:
        with suppress(InvalidToken):  # as `poll` does
            chats.offset = await take_in(bot, chats.offset, wait=0)
        await work_off([bot])
        await send_due([bot])

    clock.travel(lambda: at)
    await chats.job(work)


async def test_what_comes_and_what_is_due_while_the_token_is_refused_comes_once_with_the_new_one(
    world: World, chats: Chats
) -> None:
    line, begun = await _asked(world, chats), clock.now()
    await _queue(chats)
    before = (await chats.phones.sent())[-1].seq
    await line.tap(line.asked[0])
    await chats.job(lambda: take_in(chats.bot, 0, wait=0))  # it is kept, and not yet worked off
    _is_changed(chats)
    async with opened(_a_bot(chats, STAND_IN_TOKEN)) as [restarted]:
        for at, one in enumerate(line.asked[1:]):
            await line.tap(one)
            await line.write(one.phone)
            for bot in (chats.bot, restarted):
                await _round(chats, bot, begun + A_WHILE * at / len(line.asked))
    assert await _states(world) == {"queued": MENTORS * EACH}
    assert await world.sql("SELECT 1 FROM link WHERE state <> 'active'") == []
    async with opened(_a_bot(chats, NEW)) as [bot]:
        for minute in range(3):
            await _round(chats, bot, begun + A_WHILE + timedelta(minutes=minute))
    assert await line.found() == line.once(line.updates, line.updates)
    assert await line.pending() == 0
    assert await _states(world) == {"sent": MENTORS * EACH}
    sent = Counter(one.chat for one in await chats.phones.sent(since=before, method="sendMessage"))
    assert sum(sent.values()) == MENTORS * EACH + len(line.updates)
    assert len(sent) == MENTORS


async def test_what_is_too_late_when_the_token_is_good_again_is_a_humans(
    world: World, chats: Chats
) -> None:
    await _asked(world, chats)
    begun = clock.now()
    await _queue(chats, late=A_WHILE)
    _is_changed(chats)
    for at in range(12):
        await _round(chats, chats.bot, begun + A_WHILE * at / 10)
    assert await _states(world) == {"expired": MENTORS * EACH}
    kinds = await world.sql("SELECT DISTINCT kind FROM task")
    assert kinds == [{"kind": "late-message"}]


async def test_a_token_of_another_bot_ends_no_chat_and_what_was_to_be_said_waits(
    world: World, chats: Chats, caplog: pytest.LogCaptureFixture
) -> None:
    await _asked(world, chats)
    begun = clock.now()
    await _queue(chats)
    before = (await chats.phones.sent())[-1].seq
    async with opened(_a_bot(chats, ANOTHER)) as [wrong]:
        for at in range(8):
            await _round(chats, wrong, begun + A_WHILE * at / 8)
    assert await chats.phones.sent(since=before) == []
    assert await world.sql("SELECT 1 FROM link WHERE state <> 'active'") == []
    assert await _states(world) == {"queued": MENTORS * EACH}
    named = [one for one in caplog.records if "no token of the bot" in str(one.msg)]
    assert 0 < len(named) <= 8  # at most one for each round
    for minute in range(3):
        await _round(chats, chats.bot, begun + A_WHILE + timedelta(minutes=minute))
    assert await _states(world) == {"sent": MENTORS * EACH}


@pytest.mark.parametrize("wrong", [ANOTHER, None])
async def test_an_answer_waits_for_a_good_token_and_not_for_ever(
    world: World, chats: Chats, wrong: str | None
) -> None:
    await _asked(world, chats)
    begun = clock.now()
    await _queue(chats, late=A_WHILE, key="STOP-OK")
    if wrong is None:
        _is_changed(chats)
    async with opened(_a_bot(chats, wrong or STAND_IN_TOKEN)) as [bot]:
        for at in range(12):
            await _round(chats, bot, begun + A_WHILE * at / 10)
    assert await _states(world) == {"expired": MENTORS * EACH}


async def test_a_stranger_is_not_answered_by_another_bot(world: World, chats: Chats) -> None:
    await _asked(world, chats)
    stranger = await chats.phones.phone("Stranger")
    await chats.phones.say(stranger.id, "who are you?", bot=1000)
    await chats.job(lambda: take_in(chats.bot, 0, wait=0))
    await chats.job(lambda: work_off([chats.bot]))
    async with opened(_a_bot(chats, ANOTHER)) as [wrong]:
        await _round(chats, wrong, clock.now())
    assert [row["state"] for row in await _unlinked(world)] == ["queued"]
    await _round(chats, chats.bot, clock.now() + timedelta(minutes=6))
    assert [row["state"] for row in await _unlinked(world)] == ["sent"]


async def test_what_waits_for_another_bot_keeps_nothing_else_waiting(
    world: World, chats: Chats
) -> None:
    await _asked(world, chats)
    await _queue(chats)
    own, foreign = await world.sql("SELECT id FROM link WHERE state = 'active' ORDER BY id")
    await world.sql(
        "WITH other AS (INSERT INTO bot (id, agency, number, username)"
        " SELECT gen_random_uuid(), agency, '2000', 'another' FROM bot RETURNING id)"
        " UPDATE message m SET bot = other.id, due_at = m.due_at - interval '1 minute'"
        " FROM other WHERE m.link = $1 AND m.rule = 'test'",
        foreign["id"],
    )
    await _round(chats, chats.bot, clock.now())
    rows = await world.sql("SELECT link, state FROM message WHERE rule = 'test'")
    assert {(row["link"], row["state"]) for row in rows} == {
        (own["id"], "sent"),
        (foreign["id"], "queued"),
    }


async def _unlinked(world: World) -> list[dict[str, object]]:
    return await world.sql("SELECT state FROM message WHERE link IS NULL")


async def _states(world: World) -> dict[str, int]:
    sql = "SELECT state, count(*) FROM message WHERE rule = 'test' GROUP BY 1"
    return {row["state"]: row["count"] for row in await world.sql(sql)}
