"""kill -9 of the bot between any two steps: no tap is lost, and none has its effect twice.

The bot is the real one, in a process of its own. A trigger that only the test's database has
makes it wait at a step, or the stand-in of the chat service kills it by an answer.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import asyncpg
import pytest

from tests.forks import Fork
from tests.processes import environment, free_port, stand_in_on_a_port, start
from tests.reliability.asked import Line, a_line
from tests.world import World

PATIENCE = 40.0
MENTORS, EACH, KILLS = 12, 10, 10
SEED = 20311109

Bot = Fork
Run = Callable[[], Awaitable[Bot]]
Start = Callable[[dict[str, str]], Bot]

_WAIT_HERE = """
CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$
"""
_WAITING = """
SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database
 WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()
"""
_GONE = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)"
_PROGRESS = "SELECT count(*) + count(handled_at) FROM incoming_update"


@dataclass(frozen=True)
class Stopped:
    """The bot waits for the database, before a row is written or at the COMMIT, and is killed.

    The database finds that it is gone, or with `commits` ends what it was told to do.
    """

    event: str
    when: str = "true"
    at_commit: bool = False
    commits: bool = False

    def trigger(self, first: int) -> str:
        kind, moment, how = "", "BEFORE", ""
        if self.at_commit:
            kind, moment, how = "CONSTRAINT", "AFTER", "DEFERRABLE INITIALLY DEFERRED"
        return (
            f"CREATE {kind} TRIGGER here {moment} {self.event} {how} FOR EACH ROW"
            f" WHEN ({self.when.format(first=first)}) EXECUTE FUNCTION wait_here()"
        )

    async def kill(self, line: Line, run: Run) -> None:
        async with _eyes(line.world) as eyes, _eyes(line.world) as gate:
            await gate.execute(_WAIT_HERE)
            await gate.execute(self.trigger(line.updates[0]))
            await gate.execute("SELECT pg_advisory_lock(1)")
            bot = await run()
            waiting = (await _until(lambda: gate.fetch(_WAITING)))[0]["pid"]
            _kill(bot)
            if not self.commits:
                await gate.execute(f"SELECT pg_terminate_backend({waiting})")
            await gate.execute("SELECT pg_advisory_unlock(1)")
            await _until(lambda: eyes.fetchval(_GONE, waiting))


@dataclass(frozen=True)
class Answered:
    """The bot dies by a call to the chat service: before the call counts, or at its answer.

    The first `skip` calls of this method go well.
    """

    method: str
    when: Literal["before", "after"]
    skip: int = 0

    async def kill(self, line: Line, run: Run) -> None:
        bot = await run()
        await line.phones.fault(self.method, kill=bot.pid, when=self.when, skip=self.skip)
        assert await asyncio.to_thread(bot.wait, PATIENCE) == -9


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Start]:
    """Starts a bot; none outlives the test."""
    begun: list[Bot] = []

    def begin(env: dict[str, str]) -> Bot:
        begun.append(start("bot", env, tmp_path / "log"))
        return begun[-1]

    yield begin
    for bot in begun:
        _kill(bot)


_THE_TAP = "NEW.number > {first}"
_KEPT = "INSERT ON incoming_update"
_MARKED = "UPDATE OF handled_at ON incoming_update"
# Two updates come, a text and then a tap: how many of them are kept, and have had their effect,
# when the bot is dead.
STEPS: dict[str, tuple[Stopped | Answered, int, int]] = {
    "when the updates were answered and nobody has read them": (
        Answered("getUpdates", "after"),
        0,
        0,
    ),
    "before the tap is written to the inbox": (Stopped(_KEPT, _THE_TAP), 1, 0),
    "when the tap is written and not committed": (Stopped(_KEPT, _THE_TAP, at_commit=True), 1, 0),
    "when the tap is committed and nobody has heard so": (
        Stopped(_KEPT, _THE_TAP, at_commit=True, commits=True),
        2,
        0,
    ),
    "before the first row of the tap's effect": (
        Stopped("UPDATE ON message", "NEW.answered_at IS NOT NULL"),
        2,
        1,
    ),
    "in the middle of the tap's effect, at its claim": (Stopped("INSERT ON claim"), 2, 1),
    "in the middle of the tap's effect, at its audit row": (
        Stopped("INSERT ON audit", "NEW.operation = 'tap'"),
        2,
        1,
    ),
    "when the effect is written and the tap not marked": (Stopped(_MARKED, _THE_TAP), 2, 1),
    "when the effect is written and not committed": (
        Stopped(_MARKED, _THE_TAP, at_commit=True),
        2,
        1,
    ),
    "when the effect is committed and nobody has heard so": (
        Stopped(_MARKED, _THE_TAP, at_commit=True, commits=True),
        2,
        2,
    ),
    "before the courtesy": (Answered("answerCallbackQuery", "before"), 2, 2),
    "after the courtesy": (Answered("answerCallbackQuery", "after"), 2, 2),
    "before the next offset is told": (Answered("getUpdates", "before", skip=1), 2, 2),
}


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
async def test_a_polling_bot_is_killed(world: World, begin: Start, step: str) -> None:
    death, kept, done = STEPS[step]
    async with stand_in_on_a_port() as (phones, address):
        line = await a_line(world, phones, address)
        env = environment(world, address)
        await line.write(line.asked[0].phone)
        await line.tap(line.asked[0])

        async def run() -> Bot:
            return begin(env)

        await death.kill(line, run)
        assert await line.found() == line.once(line.updates[:kept], line.updates[:done])
        assert await line.pending() == len(line.updates)  # the offset is told last of all
        await _all_is_made_good(line, begin(env))


@pytest.mark.slow
@pytest.mark.parametrize("commits", [False, True], ids=["and kept nothing", "and kept it"])
async def test_a_bot_behind_a_webhook_is_killed_at_the_commit_and_has_not_said_200(
    world: World, begin: Start, *, commits: bool
) -> None:
    async with stand_in_on_a_port() as (phones, address):
        line = await a_line(world, phones, address)
        port = free_port()
        more = {
            "WEBHOOK_URL": f"http://127.0.0.1:{port}",
            "WEBHOOK_PORT": str(port),
            "WEBHOOK_SECRET": "a-secret-of-the-webhook",
        }
        env = environment(world, address, **more)
        await line.write(line.asked[0].phone)

        async def run() -> Bot:
            bot = begin(env)
            await _until(lambda: _is(line, line.once(line.texts, line.texts)))
            await line.tap(line.asked[0])
            return bot

        death = Stopped(_KEPT, _THE_TAP, at_commit=True, commits=commits)
        await death.kill(line, run)
        kept = line.updates if commits else line.texts
        assert await line.found() == line.once(kept, line.texts)
        assert await line.pending() == 1
        await _all_is_made_good(line, begin(env))


@pytest.mark.slow
@pytest.mark.deep
async def test_a_bot_that_is_killed_at_ten_moments_of_chance_loses_no_tap_and_doubles_none(
    world: World, begin: Start
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - when the bot falls, not a secret
    async with stand_in_on_a_port() as (phones, address), _eyes(world) as eyes:
        line = await a_line(world, phones, address, mentors=MENTORS, each=EACH)
        env = environment(world, address)
        waiting = chance.sample(line.asked, len(line.asked))

        async def send(count: int) -> None:
            for _ in range(count):
                one = waiting.pop()
                await line.tap(one)
                if chance.random() < 0.3:
                    await line.write(one.phone)

        for _ in range(KILLS):
            bot = begin(env)
            aim = await eyes.fetchval(_PROGRESS) + chance.randint(1, 2 * MENTORS)
            sending = asyncio.create_task(send(MENTORS))
            await _until(partial(_reached, eyes, aim))
            await asyncio.sleep(chance.uniform(0, 0.01))
            _kill(bot)
            await sending
        await _all_is_made_good(line, begin(env))
        assert len(line.taps) == MENTORS * EACH
        courtesies = len(await phones.sent(method="answerCallbackQuery"))
    taps, texts = len(line.taps), len(line.texts)
    print(f"seed {SEED}: {taps} taps, {texts} texts, {courtesies} courtesies, {KILLS} kills")  # noqa: T201
    assert courtesies <= taps


async def _all_is_made_good(line: Line, bot: Bot) -> None:
    """The next bot leaves everything kept once and done once, and the chat service at rest."""
    await _until(lambda: _settled(line))
    assert await line.found() == line.once(line.updates, line.updates)
    _kill(bot)


async def _settled(line: Line) -> bool:
    return await line.done() >= len(line.updates) and await line.pending() == 0


async def _is(line: Line, wanted: dict[str, Any]) -> bool:
    return await line.found() == wanted


async def _reached(eyes: "asyncpg.Connection[asyncpg.Record]", aim: int) -> bool:
    return bool(await eyes.fetchval(_PROGRESS) >= aim)


async def _until(what: Callable[[], Awaitable[Any]]) -> Any:
    """What it returns, as soon as that is true."""
    deadline = time.monotonic() + PATIENCE
    while not (found := await what()):
        assert time.monotonic() < deadline, "it did not come"
        await asyncio.sleep(0.005)
    return found


def _kill(bot: Bot) -> None:
    bot.kill()
    bot.wait()


@asynccontextmanager
async def _eyes(world: World) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A superuser's connection beside the bot's."""
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        yield held
    finally:
        await held.close()
