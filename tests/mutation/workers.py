"""Processes that judge: asked and answered in lines of JSON."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from backend import embedded
from tests.mutation.collected import ANSWERS
from tests.mutation.house import SOCKET
from tests.mutation.killers import pool
from tests.mutation.mutants import ROOT


@dataclass
class Worker:
    asks: IO[str]
    answers: IO[str]
    tests: list[str] | None = field(default_factory=list)  # None: it is still collecting

    def ready(self) -> None:
        if self.tests is None:
            self.tests = self._answered()["tests"]

    def ask(
        self, mutant: dict[str, Any] | None, tests: Sequence[str], seconds: float
    ) -> dict[str, Any]:
        asked = {"mutant": mutant, "tests": list(tests), "seconds": seconds}
        self.asks.write(json.dumps(asked) + "\n")
        self.asks.flush()
        return self._answered()

    def _answered(self) -> dict[str, Any]:
        line = self.answers.readline()
        if not line:
            raise RuntimeError("the worker has gone")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def a_bare_worker(server: embedded.Server) -> Iterator[Worker]:
    words = (sys.executable, "-m", "tests.mutation.worker", str(server.socket))
    with subprocess.Popen(
        words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield Worker(process.stdin, process.stdout)
        finally:
            process.stdin.close()


@contextmanager
def a_collected_worker(server: embedded.Server) -> Iterator[Worker]:
    """A pytest that has collected the whole pool and waits."""
    reads, writes = os.pipe()
    words = (
        *(sys.executable, "-m", "pytest", "-s", "-q", "--no-header", "--tb=line"),
        *("-p", "no:cacheprovider", "-p", "tests.mutation.counted"),
        *("-p", "tests.mutation.house", "-p", "tests.mutation.collected"),
        *("-m", "not slow and not browser", *pool()),
    )
    env = {**os.environ, SOCKET: str(server.socket), ANSWERS: str(writes)}
    with (
        os.fdopen(reads) as answers,
        subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.PIPE, text=True, env=env, pass_fds=[writes]
        ) as process,
    ):
        os.close(writes)
        assert process.stdin
        made = Worker(process.stdin, answers, None)
        try:
            yield made
        finally:
            process.stdin.close()
