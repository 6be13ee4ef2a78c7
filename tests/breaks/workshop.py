"""Copies of the tree: one stays whole, and in each of the others one rule is missing."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.settings import ROOT
from tests.breaks.listed import Break
from tests.breaks.witness import LINES

SECONDS = 300  # more than any of this takes, also beside other work
# What the story says where a step does not hold, or where the API refuses what it took for
# granted. A job that fell over, and an answer of 500, say something else.
STEP = re.compile(r"^A step does not hold\. (W-\d\d|72 h|): ", re.MULTILINE)
REFUSED = re.compile(r"^A step does not hold\. \w+: [A-Z]+ /.*: 4\d\d ", re.MULTILINE)
NOTICED, MISSED, BROKEN = "noticed", "NOT NOTICED", "BROKEN"


@dataclass(frozen=True)
class Tried:
    """What came of a break; `story` is the step at which the year noticed, "" where it did not."""

    verdict: str
    why: str
    seconds: float
    story: str | None = None


@dataclass(frozen=True)
class Ending:
    """How a test ended: passed, failed, fell over or skipped."""

    test: str
    how: str
    why: str


class CannotTellError(Exception):
    """What ran came to no end that says anything about a rule."""


def copied(source: Path, place: Path) -> Path:
    """Copy a tree with what git does not know yet, but for what tools and runs left there."""
    shutil.copytree(source, place, ignore=shutil.ignore_patterns(".*"))
    return place


def whole(place: Path) -> Path:
    """The copy in which nothing is missing, and from which the others are made."""
    return copied(ROOT, place / "whole")


def check_whole(tree: Path, breaks: Sequence[Break], *, story: bool) -> int:
    """Run everything that should notice where there is nothing to notice; how many tests.

    Raises CannotTellError.
    """
    tests = sorted({test for one in breaks for test in one.tests})
    red = [one for one in _run_tests(tree, tests) if one.how != "passed"]
    if red:
        raise CannotTellError("\n".join(f"{one.test} {one.how}: {one.why}" for one in red))
    if story and (step := _run_story(tree)):
        raise CannotTellError(f"the story does not hold: {step}")
    return len(tests)


def try_break(tree: Path, place: Path, one: Break, *, story: bool) -> Tried:
    """Take the rule away in a copy of its own and see who notices."""
    started, seen = time.monotonic(), None
    try:
        copied(tree, place)
        file = place / one.file
        file.write_text(one.applied(file.read_text(encoding="utf-8")), encoding="utf-8")
        verdict, why = _judged(one, _run_tests(place, one.tests))
        if story:
            seen = _run_story(place)
            if one.story and not seen:
                verdict, why = MISSED, "the story, which should"
    except (CannotTellError, ValueError, SyntaxError, OSError) as error:
        verdict, why = BROKEN, str(error)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return Tried(verdict, why, time.monotonic() - started, seen)


def _judged(one: Break, endings: Sequence[Ending]) -> tuple[str, str]:
    """Every named test has to fail, each by what it asserts."""
    if fell := [end for end in endings if end.how in {"fell over", "skipped"}]:
        return BROKEN, f"{fell[0].test} {fell[0].how}: {fell[0].why}"
    failed = {end.test for end in endings if end.how == "failed"}
    if passed := [test for test in one.tests if test not in failed]:
        return MISSED, ", ".join(passed)
    return NOTICED, ", ".join(test.rpartition("::")[2] for test in one.tests)


def _run_tests(tree: Path, tests: Sequence[str]) -> list[Ending]:
    lines = tree / "witness.jsonl"
    lines.unlink(missing_ok=True)
    plugins = ("-p", "tests.breaks.witness", "-p", "no:cacheprovider")
    done = _run(tree, "-m", "pytest", *plugins, *tests, **{LINES: str(lines)})
    if not lines.exists():
        raise CannotTellError(f"no test ran: {_last_line(done)}")
    found = [Ending(**json.loads(line)) for line in lines.read_text("utf-8").splitlines()]
    if missing := set(tests) - {one.test for one in found}:
        raise CannotTellError(f"{', '.join(sorted(missing))} did not run: {_last_line(done)}")
    return found


def _run_story(tree: Path) -> str:
    """The step at which the story ended, or "" where it holds."""
    done = _run(tree, "throughcare.py", "story", "--plain")
    if done.returncode == 0:
        return ""
    if found := STEP.search(done.stderr):
        return found[1] or "between steps"
    if REFUSED.search(done.stderr):
        return "a refusal"
    raise CannotTellError(f"the story fell over: {_last_line(done)}")


def _run(tree: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if "DATABASE" not in k and "PYTEST" not in k}
    try:
        return subprocess.run(
            [sys.executable, *words],
            cwd=tree,
            env={**kept, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotTellError(f"{words[-1]} took longer than {SECONDS} s") from error


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return said[-1] if said else f"it ended with {done.returncode} and said nothing"
