"""Every guard and every line of policy is taken away in turn, and some test has to notice.

MUTATION_SHARD=2/8 judges every eighth mutant beginning with the second, MUTATION_KINDS=policy
those of some kinds, MUTATION_NAMES those whose names a pattern finds, MUTATION_JOBS so many at
once. MUTATION_FOLDER keeps what is known, so that a round that was stopped goes on;
MUTATION_SECONDS is how much of tests a mutant has to live through to have survived, and with
MUTATION_TESTS those files alone judge that a pattern finds: what they kill is killed, what survives
them waits for the others.
"""

import os
import re
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.mutation.judge import Judge
from tests.mutation.mutants import Mutant
from tests.mutation.records import Records

pytestmark = pytest.mark.mutation


def _picked() -> Callable[[Mutant], bool]:
    part, _, parts = os.environ.get("MUTATION_SHARD", "1/1").partition("/")
    kinds = set(filter(None, os.environ.get("MUTATION_KINDS", "").split(",")))
    pattern = re.compile(os.environ.get("MUTATION_NAMES", ""))

    def pick(one: Mutant) -> bool:
        here = zlib.crc32(one.name.encode()) % int(parts) == int(part) - 1
        return here and (not kinds or one.kind in kinds) and bool(pattern.search(one.name))

    return pick


def _folder(held: ExitStack) -> Path:
    given = os.environ.get("MUTATION_FOLDER")
    return Path(given or held.enter_context(TemporaryDirectory(prefix="throughcare-round-")))


def test_whatever_guard_is_taken_away_a_test_notices(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled(), ExitStack() as held:
        print()  # noqa: T201 - the counts are what was asked for
        judge = Judge(
            Records(_folder(held)),
            jobs=int(os.environ.get("MUTATION_JOBS", "2")),
            seconds=float(os.environ.get("MUTATION_SECONDS", "60")),
            say=lambda line: print(line, flush=True),  # noqa: T201
        )
        done = judge.judged(_picked())
        for line in done.lines():
            print(line)  # noqa: T201
    assert not done.unfit
    assert not done.gone
    assert not done.broken
    assert not done.survived
    # a worker that went away judged nothing more, and what was not judged is not killed
    assert done.killed.total() + done.equivalent.total() == done.generated.total() > 0
