"""The round: every mutant is generated, judged, and counted; first the program as it is."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import asyncpg

from backend import embedded
from tests import conftest
from tests.mutation.code import of_code
from tests.mutation.database import of_database
from tests.mutation.equivalents import EQUIVALENT
from tests.mutation.inside import goes_inside
from tests.mutation.killers import Killers, judges, judging
from tests.mutation.mutants import Mutant, named_apart
from tests.mutation.records import Records, Seen
from tests.mutation.tables import of_matrix, of_operations
from tests.mutation.workers import Worker, a_bare_worker, a_collected_worker

KILLED, SURVIVED, BROKEN = "killed", "SURVIVED", "BROKEN"
# What takes longest comes last.
KINDS = ("rule", "guard", "function", "policy", "statement", "operation", "matrix")
NEVER = Seen("", "it was not run yet", 0, shared=False)
Say = Callable[[str], None]
T = TypeVar("T")


@dataclass
class Round:
    """What came of it. `broken` judged nothing: its tests came to no end, or none ran."""

    unfit: list[str] = field(default_factory=list)  # tests that fail on the unmutated program
    gone: list[str] = field(default_factory=list)  # reviewed, and not generated any more
    generated: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    equivalent: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    survived: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        if self.unfit:
            yield f"mutation: nothing was judged, for {len(self.unfit)} tests fail unmutated:"
            yield from self.unfit
            return
        for name in self.gone:
            yield f"reviewed as equivalent, and not there any more: {name}"
        for kind, count in sorted(self.generated.items()):
            said = f"{self.killed[kind]:5} killed{self.equivalent[kind]:4} equivalent"
            yield f"{kind:<10}{count:5} generated{said}{self.left[kind]:4} survived"
        yield (
            f"mutation: {self.generated.total()} generated, {self.killed.total()} killed,"
            f" {self.equivalent.total()} equivalent, {len(self.survived)} survived,"
            f" {len(self.broken)} broken"
        )


def of_program() -> list[Mutant]:
    return list(named_apart([*of_code(), *of_operations(), *of_matrix()]))


async def of_server(server: embedded.Server) -> list[Mutant]:
    held = await asyncpg.connect(server.url())
    try:
        return list(named_apart([one async for one in of_database(held)]))
    finally:
        await held.close()


@dataclass
class Judge:
    """`jobs` at once, each on a server of its own; `seconds` of tests at most for a mutant."""

    records: Records
    jobs: int
    seconds: float
    say: Say

    def judged(self, pick: Callable[[Mutant], bool]) -> Round:
        with ExitStack() as held:
            servers = [
                held.enter_context(conftest.a_server(durable=False)) for _ in range(self.jobs)
            ]
            for server in servers:
                asyncio.run(conftest._migrated(server))
            every = [*of_program(), *asyncio.run(of_server(servers[0]))]
            done = Round(gone=sorted(EQUIVALENT.keys() - {one.name for one in every}))
            mutants = list(self._to_judge([one for one in every if pick(one)], done))
            if not mutants:
                return done
            mutants.sort(key=lambda one: KINDS.index(one.kind))
            inside = [one for one in mutants if goes_inside(one)]
            others = [one for one in mutants if not goes_inside(one)]
            workers: list[Worker] = []
            files = judging(mutants)
            if inside or self._missing(files):
                workers = [held.enter_context(a_collected_worker(server)) for server in servers]
            seen = self._baseline(files, workers)
            done.unfit = [f"{one.test}: {one.why}" for one in seen if one.why]
            if done.unfit:
                return done
            killers = Killers(seen)
            self._shared_out(inside, workers, lambda one, by: self._judge(one, by, killers, done))
            bare = [held.enter_context(a_bare_worker(server)) for server in servers]
            self._shared_out(others, bare, lambda one, by: self._judge(one, by, killers, done))
            return done

    def _to_judge(self, mutants: Sequence[Mutant], done: Round) -> Iterator[Mutant]:
        before = self.records.killed()
        for one in mutants:
            done.generated[one.kind] += 1
            if one.name in EQUIVALENT:
                done.equivalent[one.kind] += 1
            elif one.name in before:
                done.killed[one.kind] += 1
            else:
                yield one

    def _missing(self, files: Sequence[str]) -> list[str]:
        known = self.records.seen()
        return [file for file in files if any(one.why for one in known.get(file, [NEVER]))]

    def _baseline(self, files: Sequence[str], workers: Sequence[Worker]) -> list[Seen]:
        known = self.records.seen()

        def look(file: str, worker: Worker) -> None:
            tests = [one for one in worker.tests or () if judges(one, file)]
            answer = worker.ask(None, tests, 1200)
            found = [Seen(**one) for one in answer["seen"]]
            if len(found) < len(tests):  # the fork did not come to its end
                found.append(Seen(file, answer["why"] or "no end", 0, shared=False))
            known[file] = found
            self.records.saw(file, found)
            took = answer["seconds"]
            self.say(f"unmutated{took:6.1f} s  {file}: {len(tests)} tests")

        self._shared_out(self._missing(files), workers, look)
        return [one for file in files for one in known[file]]

    def _shared_out(
        self, things: Sequence[T], workers: Sequence[Worker], act: Callable[[T, Worker], None]
    ) -> None:
        queue: SimpleQueue[T] = SimpleQueue()
        for one in things:
            queue.put(one)
        failed: list[BaseException] = []

        def work(worker: Worker) -> None:
            try:
                worker.ready()
                while not failed:
                    act(queue.get_nowait(), worker)
            except Empty:
                return
            except BaseException as error:  # noqa: BLE001 - told by the thread that waits
                failed.append(error)

        threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]

    def _judge(self, one: Mutant, worker: Worker, killers: Killers, done: Round) -> None:
        tests = killers.of(one, self.seconds)
        answer: dict[str, Any] = {"code": 0, "test": "", "why": "no test comes by", "seconds": 0.0}
        if tests:
            answer = worker.ask(asdict(one), tests, 60 + 5 * killers.seconds(tests))
        verdict = {0: SURVIVED, 1: KILLED}.get(answer["code"], BROKEN)
        if verdict == KILLED:
            done.killed[one.kind] += 1
            killers.has_killed(one, answer["test"])
            self.records.kills(one.name, answer["test"], answer["why"])
        else:
            done.left[one.kind] += 1
            (done.survived if verdict == SURVIVED else done.broken).append(one.name)
        why = answer["test"].rpartition("::")[2] or answer["why"]
        asked = f"{answer['seconds']:6.1f} s {len(tests):4} tests"
        self.say(f"{verdict:<9}{asked}  {one.kind:<10}{one.name}  ({why})")
