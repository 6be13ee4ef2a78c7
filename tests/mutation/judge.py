"""The round: every mutant is generated, judged, and counted."""

import asyncio
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

import asyncpg

from backend import embedded
from tests import conftest
from tests.mutation.code import of_code
from tests.mutation.database import of_database
from tests.mutation.equivalents import EQUIVALENT
from tests.mutation.inside import goes_inside
from tests.mutation.killers import killers_of
from tests.mutation.mutants import ROOT, Mutant, named_apart
from tests.mutation.tables import of_matrix, of_operations

KILLED, SURVIVED, BROKEN = "killed", "SURVIVED", "BROKEN"
Say = Callable[[str], None]


@dataclass
class Round:
    """What came of it. `broken` judged nothing: its tests came to no end, or none ran."""

    generated: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    equivalent: Counter[str] = field(default_factory=Counter)
    survived: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    by: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        for kind, count in sorted(self.generated.items()):
            killed, same = self.killed[kind], self.equivalent[kind]
            yield f"{kind:<10}{count:5} generated{killed:5} killed{same:4} equivalent"
        left = len(self.survived)
        yield (
            f"mutation: {self.generated.total()} generated, {self.killed.total()} killed,"
            f" {self.equivalent.total()} equivalent, {left} survived, {len(self.broken)} broken"
        )


def of_program() -> list[Mutant]:
    return list(named_apart([*of_code(), *of_operations(), *of_matrix()]))


async def of_server(server: embedded.Server) -> list[Mutant]:
    held = await asyncpg.connect(server.url())
    try:
        return list(named_apart([one async for one in of_database(held)]))
    finally:
        await held.close()


def judged(pick: Callable[[Mutant], bool], *, jobs: int, say: Say) -> Round:
    """Judge whatever is picked, `jobs` at once, each on a server of its own."""
    with ExitStack() as held:
        servers = [held.enter_context(conftest.a_server(durable=False)) for _ in range(jobs)]
        for server in servers:
            asyncio.run(conftest._migrated(server))
        every = [*of_program(), *asyncio.run(of_server(servers[0]))]
        mutants = [one for one in every if pick(one)]
        done = Round(generated=Counter(one.kind for one in mutants))
        queue: SimpleQueue[Mutant] = SimpleQueue()
        for one in mutants:
            if one.name in EQUIVALENT:
                done.equivalent[one.kind] += 1
            else:
                queue.put(one)
        threads = [
            threading.Thread(target=_work, args=(server, queue, done, say)) for server in servers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return done


def _work(server: embedded.Server, queue: SimpleQueue[Mutant], done: Round, say: Say) -> None:
    with ExitStack() as held:
        workers: dict[bool, Any] = {}
        while True:
            try:
                one = queue.get_nowait()
            except Empty:
                return
            loaded = goes_inside(one)
            if loaded not in workers:
                workers[loaded] = held.enter_context(_worker(server, loaded=loaded))
            tests = _first_those_that_bite(killers_of(one), done)
            _count(one, _asked(workers[loaded], one, tests), done, say)


def _worker(server: embedded.Server, *, loaded: bool) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.mutation.worker", str(server.socket)),
            *(["loaded"] if loaded else []),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _first_those_that_bite(tests: Sequence[str], done: Round) -> Sequence[str]:
    """What has noticed most so far is asked first, where it is one of these."""
    often = [test for test, count in done.by.most_common() if count > 1]
    here = [one for one in often if any(one.startswith(test) for test in tests)]
    return [*here[:2], *[test for test in tests if test not in here[:2]]]


def _asked(worker: Any, one: Mutant, tests: Sequence[str]) -> dict[str, Any]:
    worker.stdin.write(json.dumps({"mutant": asdict(one), "tests": list(tests)}) + "\n")
    worker.stdin.flush()
    line = worker.stdout.readline()
    if not line:
        raise RuntimeError("the worker has gone")
    answer: dict[str, Any] = json.loads(line)
    return answer


def _count(one: Mutant, answer: dict[str, Any], done: Round, say: Say) -> None:
    verdict = {0: SURVIVED, 1: KILLED}.get(answer["code"], BROKEN)
    if verdict == KILLED:
        done.killed[one.kind] += 1
        done.by[answer["test"].partition("[")[0]] += 1
    else:
        (done.survived if verdict == SURVIVED else done.broken).append(one.name)
    why = answer["test"].rpartition("::")[2] or answer["why"]
    say(f"{verdict:<9}{answer['seconds']:6.1f} s  {one.kind:<10}{one.name}  ({why})")
