"""`python -m tests.mutation.worker SOCKET [loaded]`: judges one mutant after the other in forks.

A bare one loads what takes long and is no part of the product: its fork imports that mutated. A
loaded one has imported the product whole: its fork changes one function, or one statement in SQL.
A line of JSON comes in for each mutant, and one goes out.
"""

import asyncio
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest

from tests.mutation.inside import put_in
from tests.mutation.mutants import ROOT, Mutant

SECONDS = 300
TEMPLATE, WHOLE = "throughcare", "throughcare_whole"
HEAVY = (
    *("litestar", "litestar.testing", "litestar.openapi", "piccolo.table", "piccolo.columns"),
    *("piccolo.engine.postgres", "telegram", "telegram.ext", "httpx", "hypothesis", "jinja2"),
    *("argon2", "pyrage", "babel", "fluent.runtime", "joserfc.jwt", "zxcvbn", "segno"),
    *("cryptography.hazmat.primitives.ciphers.aead", "xdist", "apscheduler", "psutil"),
)
LOADED = ("tests.mutation.house", "tests.world", "tests.backend.acts", "tests.chats")


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):  # type: ignore[misc]
    """Gives out one module with the mutant's text, and leaves all others to Python."""

    def __init__(self, mutant: Mutant) -> None:
        self.name = mutant.file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        self.path = str(ROOT / mutant.file)
        self.text = mutant.source.encode()

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def get_filename(self, _fullname: str) -> str:
        return self.path

    def get_data(self, _path: str) -> bytes:
        return self.text

    def path_stats(self, _path: str) -> Any:
        raise OSError("what was compiled before is not this")


def main(socket: str, *, loaded: bool) -> None:
    os.environ["MUTATION_SOCKET"] = socket
    for name in (*HEAVY, *(LOADED if loaded else ())):
        importlib.import_module(name)
    assert loaded is ("backend" in sys.modules)
    asyncio.run(_keep_whole(socket))
    with tempfile.TemporaryDirectory(prefix="throughcare-mutants-") as folder:
        for line in sys.stdin:
            asked = json.loads(line)
            mutant = Mutant(**asked["mutant"]) if asked["mutant"] else None
            answer = _judge(socket, Path(folder), mutant, asked["tests"])
            print(json.dumps(answer), flush=True)  # noqa: T201 - whoever started this reads it


def _judge(
    socket: str, folder: Path, mutant: Mutant | None, tests: Sequence[str]
) -> dict[str, Any]:
    started = time.monotonic()
    sql = mutant.sql if mutant else ""
    if sql:
        asyncio.run(_as_admin(socket, TEMPLATE, sql))
    ending, said = folder / "ending", folder / "said"
    ending.unlink(missing_ok=True)
    os.environ["MUTATION_ENDING"] = str(ending)
    code = _forked(mutant, tests, said)
    asyncio.run(_swept(socket, anew=bool(sql)))
    found = json.loads(ending.read_text(encoding="utf-8")) if ending.exists() else {}
    lines = said.read_text(encoding="utf-8", errors="replace").splitlines()
    return {
        "code": code,
        "test": found.get("test", ""),
        "why": found.get("why") or "; ".join(lines[-3:]),
        "seconds": time.monotonic() - started,
    }


def _forked(mutant: Mutant | None, tests: Sequence[str], said: Path) -> int:
    """How pytest ended: 0 all passed, 1 a test failed, -1 it took too long."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.setpgrp()
            out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(out, 1)
            os.dup2(out, 2)
            if mutant and mutant.file and "backend" in sys.modules:
                put_in(mutant)
            elif mutant and mutant.file:
                sys.meta_path.insert(0, _Mutated(mutant))
            quiet = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
            plugins = ("-p", "tests.mutation.house", "-p", "no:cacheprovider")
            code = int(pytest.main(["-x", "--tb=line", "--no-header", *quiet, *plugins, *tests]))
        except BaseException:  # noqa: BLE001 - nothing may run on in the place of the parent
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


async def _as_admin(socket: str, database: str, *statements: str) -> None:
    held = await asyncpg.connect(_url(socket, database))
    try:
        for sql in statements:
            await held.execute(sql)
    finally:
        await held.close()


def _url(socket: str, database: str) -> str:
    return f"postgresql://postgres@/{database}?host={quote(socket, safe='')}&port=5432"


async def _keep_whole(socket: str) -> None:
    """Whichever worker of this server comes first; the other finds it there."""
    with suppress(asyncpg.DuplicateDatabaseError):
        await _as_admin(socket, "postgres", f"CREATE DATABASE {WHOLE} TEMPLATE {TEMPLATE}")


async def _swept(socket: str, *, anew: bool) -> None:
    """Drop what a killed test left; `anew` gives the next mutant an unmutated database."""
    held = await asyncpg.connect(_url(socket, "postgres"))
    try:
        left = await held.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'")
        names = [row["datname"] for row in left]
        for name in [*names, TEMPLATE] if anew else names:
            await held.execute(f"DROP DATABASE {name} WITH (FORCE)")
        if anew:
            await held.execute(
                f"CREATE DATABASE {TEMPLATE} TEMPLATE {WHOLE}"
                " OWNER throughcare_owner STRATEGY FILE_COPY"
            )
    finally:
        await held.close()


if __name__ == "__main__":
    main(sys.argv[1], loaded="loaded" in sys.argv)
