"""A hundred thousand strange requests against a real API process: refused or carried out.

Goals: no 5xx, no error in its log, and no connection dropped that it did not have to close. A
request that is whole gets its answer on a connection that stays; one whose end cannot be known
may wait for the rest, and is hung up on by us.
"""

import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backend import database
from backend.database import Role
from benchmarks.ground import Ground, ground, speaking_as
from benchmarks.process import an_api
from benchmarks.strangers import Crowd, a_crowd, learn
from tests.backend.wires import Sent
from tests.world import Behind, World

AT_ONCE = 16
POOL = "20"  # no fewer connections than are asked for: it is not load that is tried here
OF_A_CROWD = 5_000
PATIENCE, FOR_THE_REST = 30.0, 0.3
SHOWN = 10
ROLES: tuple[Role, ...] = ("app", "worker")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]

    @property
    def closes(self) -> bool:
        return self.headers.get("connection", "").lower() == "close"


@dataclass
class Tally:
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    offenders: list[str] = field(default_factory=list)

    def note(self, number: int, sent: Sent, fault: str) -> None:
        self.faults[fault] += 1
        if len(self.offenders) < SHOWN:
            start = sent.data[:1500]
            self.offenders.append(f"request {number}, {sent.amiss}: {fault}\n    {start!r}")


class Connection:
    """A kept connection, opened anew whenever it has been closed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, sent: Sent) -> tuple[Answer | None, str | None]:
        """The answer, and what was wrong with it. Without both it was right that none came."""
        if not sent.sure:
            self.hang_up()
        reader, writer = self.streams = self.streams or await self._open()
        writer.write(sent.data)
        try:
            async with asyncio.timeout(PATIENCE if sent.sure else FOR_THE_REST):
                answer = await _read(reader, sent.method)
                for _ in range(sent.answers - 1):
                    answer = await _read(reader, sent.method)
        except TimeoutError:
            self.hang_up()
            return None, "no answer" if sent.sure else None
        except ConnectionResetError:
            self.hang_up()  # what it had not read of bytes that it could not read
            return None, "dropped" if sent.sure else None
        except (EOFError, OSError):
            self.hang_up()
            return None, "dropped"
        except ValueError:
            self.hang_up()
            return None, "an answer that is none"
        if answer.closes or not sent.sure:
            self.hang_up()
        return answer, "closed" if sent.sure and answer.closes else None

    def hang_up(self) -> None:
        if self.streams:
            self.streams[1].close()
        self.streams = None

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)


async def _read(reader: asyncio.StreamReader, method: str) -> Answer:
    """One answer, whole. Raises EOFError where it ends before that."""
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        if status >= 200:  # noqa: PLR2004 - "go on" comes before the answer
            break
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if method != "HEAD" and status not in {204, 304}:
        await reader.readexactly(int(headers["content-length"]))
    return Answer(status, headers)


async def run(seed: int, many: int, first: int = 0) -> tuple[list[dict[str, float]], list[str]]:
    """Counts by class of status and the rate; and what was found, the first offenders in full."""
    tally, spent = Tally(), 0.0
    with tempfile.TemporaryDirectory(prefix="throughcare-bench-") as folder:
        lines = Path(folder) / "log"
        async with (
            ground(synchronous_commit="off") as place,  # nothing here outlives a crash
            an_api(place, lines=lines, BEHIND_PROXY="on", DATABASE_POOL=POOL) as api,
        ):
            async with _a_world(place) as world:
                for start in range(first - first % OF_A_CROWD, first + many, OF_A_CROWD):
                    crowd = await a_crowd(world)
                    numbers = range(max(start, first), min(start + OF_A_CROWD, first + many))
                    began = time.monotonic()
                    await _all_of(crowd, seed, numbers, api.port, tally)
                    spent += time.monotonic() - began
                    said = dict(tally.counts), sum(tally.faults.values())
                    print(f"{numbers.stop} in {spent:.0f} s: {said}", file=sys.stderr, flush=True)
            lives = api.process.poll() is None
        tally.faults["log: an error"] = len(wrong := list(_errors(lines)))
    figures = {"sent": many, **dict(sorted(tally.counts.items())), "a second": many / spent}
    missed = [f"{fault}: {count}" for fault, count in tally.faults.items() if count]
    missed += [] if lives else ["the process ended"]
    return [figures], [*missed, *tally.offenders, *wrong[:SHOWN]]


async def _all_of(crowd: Crowd, seed: int, numbers: range, port: int, tally: Tally) -> None:
    waiting = iter(numbers)

    async def one_after_the_other() -> None:
        connection = Connection(port)
        for number in waiting:
            chance = random.Random(f"{seed}:{number}")
            sent, act = crowd.asks(chance, number % OF_A_CROWD / OF_A_CROWD)
            answer, fault = await connection.ask(sent)
            kind = f"{answer.status // 100}xx" if answer else "without an answer"
            tally.counts[kind] += 1
            if answer and answer.status >= 500:  # noqa: PLR2004
                fault = f"{answer.status} {answer.headers.get('x-request-id')}"
            if answer and answer.status < 300:  # noqa: PLR2004
                learn(crowd, act, answer.headers.get("etag", ""))
            if fault:
                tally.note(number, sent, fault)
        connection.hang_up()

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(one_after_the_other())


def _errors(lines: Path) -> Iterator[str]:
    """What the process itself called an error, also where nobody heard its answer."""
    for line in lines.read_text("utf-8").splitlines():
        told = json.loads(line)
        if told["level"] in {"error", "critical"}:
            yield line


@asynccontextmanager
async def _a_world(place: Ground) -> AsyncIterator[World]:
    """The database of the ground as tests see it: its people are made by the product's actions."""
    behind = Behind(place.server.url(database=place.name))
    for role in ROLES:
        await database.connect(role, place.url(role), size=4, only=role == "app")
    try:
        async with speaking_as(place, "operator", size=2):  # what is set up at the terminal
            yield World(place.server, place.name, behind)
    finally:
        behind.close()
        for role in ROLES:
            await database.disconnect(role)
