"""`python -m tests.mutation.worker SOCKET`: judges mutants of what is read at import, in forks.

It loads what takes long and is no part of the product; its fork imports that mutated. A line of
JSON comes in for each mutant, and one goes out.
"""

import asyncio
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.forks import forked, keep_whole, noticed_twice, sweep, with_database
from tests.mutation.imports import Imports
from tests.mutation.mutants import Mutant

HEAVY = (
    *("litestar", "litestar.testing", "litestar.openapi", "piccolo.table", "piccolo.columns"),
    *("piccolo.engine.postgres", "telegram", "telegram.ext", "httpx", "hypothesis", "jinja2"),
    *("argon2", "pyrage", "babel", "fluent.runtime", "joserfc.jwt", "zxcvbn", "segno"),
    *("cryptography.hazmat.primitives.ciphers.aead", "xdist", "apscheduler", "psutil"),
)


class _Mutated(Imports):
    """Gives out one module with the mutant's text."""

    def __init__(self, mutant: Mutant) -> None:
        self.file, self.source = mutant.file, mutant.source.encode()

    def text(self, file: str) -> bytes | None:
        return self.source if file == self.file else None


def main(socket: str) -> None:
    os.environ["MUTATION_SOCKET"] = socket
    for name in HEAVY:
        importlib.import_module(name)
    assert "backend" not in sys.modules
    asyncio.run(keep_whole(socket))
    with tempfile.TemporaryDirectory(prefix="throughcare-mutants-") as folder:
        for line in sys.stdin:
            answer = _judged(json.loads(line), socket, Path(folder))
            print(json.dumps(answer), flush=True)  # noqa: T201 - whoever started this reads it


def _judged(asked: dict[str, Any], socket: str, folder: Path) -> dict[str, Any]:
    started = time.monotonic()
    mutant = Mutant(**asked["mutant"])
    ending, said = folder / "ending", folder / "said"
    ending.unlink(missing_ok=True)
    said.write_text("", encoding="utf-8")  # nothing runs where the mutant is no SQL
    os.environ["MUTATION_ENDING"] = str(ending)

    def run(tests: Sequence[str]) -> int:
        def act() -> int:
            sys.meta_path.insert(0, _Mutated(mutant))
            quiet = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
            plugins = ("-p", "tests.mutation.house", "-p", "no:cacheprovider")
            return int(pytest.main(["-x", "--tb=line", "--no-header", *quiet, *plugins, *tests]))

        return forked(act, said, float(asked["seconds"]))

    code = with_database(
        socket, "", lambda: noticed_twice(asked["tests"], run, ending, lambda: sweep(socket))
    )
    found = json.loads(ending.read_text(encoding="utf-8")) if ending.exists() else {}
    lines = said.read_text(encoding="utf-8", errors="replace").splitlines()
    return {
        "code": code,
        "test": found.get("test", ""),
        "why": found.get("why") or "; ".join(lines[-3:]),
        "seconds": time.monotonic() - started,
    }


if __name__ == "__main__":
    main(sys.argv[1])
