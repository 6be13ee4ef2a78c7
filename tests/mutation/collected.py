"""Loaded into a pytest that has collected every killer: it runs those asked for, in forks.

A line of JSON comes in by stdin for each mutant, and one goes out. A fork has the product and the
tests loaded, so that it only has to run them, the likeliest first, until one fails.
"""

import asyncio
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from backend import embedded
from tests import conftest
from tests.backend.kept import keep
from tests.mutation.forks import KEPT, forked, keep_whole, noticed_twice, sweep, with_database
from tests.mutation.house import ENDING, SOCKET
from tests.mutation.inside import put_in
from tests.mutation.lines import SEEN
from tests.mutation.lines import seen as lines_seen
from tests.mutation.mutants import Mutant

ANSWERS = "MUTATION_ANSWERS"  # the descriptor for what goes out


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    if session.testsfailed:
        raise session.Interrupted("a killer cannot be collected")
    items = {item.nodeid: item for item in session.items}
    conftest.own_key_and_quick_hashes()
    place = Path(os.environ[SOCKET])
    with Path(os.devnull).open("rb") as lease:
        asyncio.run(keep(embedded.Server(place, place, lease), KEPT))  # before any mutant
    gc.freeze()  # what was loaded stays shared with the forks
    asyncio.run(keep_whole(os.environ[SOCKET]))
    with (
        tempfile.TemporaryDirectory(prefix="throughcare-mutants-") as folder,
        os.fdopen(int(os.environ[ANSWERS]), "w") as answers,
    ):
        answers.write(json.dumps({"tests": list(items)}) + "\n")
        answers.flush()
        for line in sys.stdin:
            answers.write(json.dumps(_answer(json.loads(line), items, Path(folder))) + "\n")
            answers.flush()
    return True


def _answer(asked: dict[str, Any], items: dict[str, pytest.Item], folder: Path) -> dict[str, Any]:
    started = time.monotonic()
    mutant = Mutant(**asked["mutant"]) if asked["mutant"] else None
    ending, said, seen = folder / "ending", folder / "said", folder / "seen"
    ending.unlink(missing_ok=True)
    said.write_text("", encoding="utf-8")  # nothing runs where the mutant is no SQL
    seen.write_text("", encoding="utf-8")
    os.environ[ENDING] = str(ending)

    def run(tests: Sequence[str]) -> int:
        chosen = [items[test] for test in tests]

        def act() -> int:
            if mutant is None:
                return _observed(chosen, seen)
            if mutant.file:
                put_in(mutant)
            return _until_one_fails(chosen, ending)

        return forked(act, said, float(asked["seconds"]))

    sql, socket = mutant.sql if mutant else "", os.environ[SOCKET]
    code = with_database(
        socket,
        sql,
        lambda: noticed_twice(asked["tests"], run, ending, lambda: sweep(socket)),
    )
    found = json.loads(ending.read_text(encoding="utf-8")) if ending.exists() else {}
    lines = said.read_text(encoding="utf-8", errors="replace").splitlines()
    return {
        "code": code,
        "test": found.get("test", ""),
        "why": found.get("why") or "; ".join(lines[-3:]),
        "seconds": time.monotonic() - started,
        "seen": [json.loads(line) for line in seen.read_text(encoding="utf-8").splitlines()],
    }


def _until_one_fails(chosen: Sequence[pytest.Item], ending: Path) -> int:
    for at, item in enumerate(chosen):
        _run(item, chosen[at + 1] if at + 1 < len(chosen) else None)
        if ending.exists():
            return 1
    return 0


def _run(item: pytest.Item, following: pytest.Item | None) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _observed(chosen: Sequence[pytest.Item], seen: Path) -> int:
    """Which lines of the product each test runs, how long it takes, and whether it passes."""
    ending = Path(os.environ[ENDING])
    with seen.open("w", encoding="utf-8") as out:
        for at, item in enumerate(chosen):
            started = time.monotonic()
            SEEN.clear()
            _run(item, chosen[at + 1] if at + 1 < len(chosen) else None)
            why = json.loads(ending.read_text(encoding="utf-8"))["why"] if ending.exists() else ""
            ending.unlink(missing_ok=True)
            took = time.monotonic() - started
            shared = _shares(item)
            one = {"test": item.nodeid, "why": why, "seconds": took, "shared": shared}
            out.write(json.dumps({**one, "lines": lines_seen()}) + "\n")
    return 0


def _shares(item: pytest.Item) -> bool:
    """Whether a fixture of its file has run lines before it."""
    defined = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009 - pytest's own
    every = [one for held in defined.values() for one in held]
    return any(one.scope in {"module", "class", "package"} for one in every)
