"""What a round knows already, in a folder: it goes on where it was stopped.

What a test ran is known until the product, the test's file or what tests share has changed; that
a mutant was killed until the product has. A survivor is always judged anew.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.mutation.mutants import ROOT


@dataclass(frozen=True)
class Seen:
    """A test on the unmutated program: why it failed, if it did, and the lines that it ran."""

    test: str
    why: str
    seconds: float
    shared: bool
    lines: dict[str, list[int]] = field(default_factory=dict)


class Records:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._seen, self._killed = folder / "seen.jsonl", folder / "killed.jsonl"

    def seen(self) -> dict[str, list[Seen]]:
        """By the file of the test."""
        found: dict[str, list[Seen]] = {}
        for one in _lines(self._seen):
            if one["of"] == _of_test(one["file"]):
                found[one["file"]] = [Seen(**seen) for seen in one["seen"]]
        return found

    def saw(self, file: str, seen: Iterable[Seen]) -> None:
        line = {"file": file, "of": _of_test(file), "seen": [asdict(one) for one in seen]}
        _add(self._seen, line)

    def killed(self) -> dict[str, str]:
        """By the mutant's name, the test that noticed it."""
        here = of_product()
        return {one["mutant"]: one["test"] for one in _lines(self._killed) if one["of"] == here}

    def kills(self, mutant: str, test: str, why: str) -> None:
        _add(self._killed, {"mutant": mutant, "of": of_product(), "test": test, "why": why})


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def _add(path: Path, line: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as out:
        out.write(json.dumps(line) + "\n")


@cache
def of_product() -> str:
    files = [path for start in ("backend", "migrations", "bots") for path in _python(start)]
    return _digest(files)


def _of_test(file: str) -> str:
    return of_product() + _shared() + _digest([ROOT / file])


@cache
def _shared() -> str:
    away = ROOT / "tests" / "mutation"
    every = _python("tests")
    return _digest(
        [one for one in every if not one.name.startswith("test_") and away not in one.parents]
    )


def _python(start: str) -> list[Path]:
    return sorted((ROOT / start).rglob("*.py"))


def _digest(files: Iterable[Path]) -> str:
    made = hashlib.sha256()
    for path in files:
        made.update(path.read_bytes() if path.exists() else b"")
    return made.hexdigest()[:16]
