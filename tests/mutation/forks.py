"""A mutant lives in a fork, and its tests copy a database that is theirs alone to spoil."""

import asyncio
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import asyncpg

TEMPLATE, WHOLE = "throughcare", "throughcare_whole"
KEPT, KEPT_WHOLE = "throughcare_kept", "throughcare_kept_whole"  # with two plans in it
WHOLES = {TEMPLATE: WHOLE, KEPT: KEPT_WHOLE}


def with_database(socket: str, sql: str, act: Callable[[], int]) -> int:
    """What `act` came to, beside a database changed by `sql`, that is whole again afterwards."""
    try:
        if sql:
            for database in WHOLES:
                asyncio.run(_as_admin(socket, database, sql))
        return act()
    except asyncpg.PostgresError:  # the mutant is no SQL: it judges nothing
        return 70
    finally:
        asyncio.run(_swept(socket, anew=bool(sql)))


def noticed_twice(
    tests: Sequence[str],
    run: Callable[[Sequence[str]], int],
    ending: Path,
    sweep: Callable[[], None],
) -> int:
    """How they ended, where whoever failed has failed again alone: it may have been too slow.

    `sweep` takes away what a test that failed has left: its databases would be in the way of any.
    """
    left = list(tests)
    while left:
        if (code := run(left)) != 1:
            return code
        test = json.loads(ending.read_text(encoding="utf-8"))["test"]
        ending.unlink()
        sweep()
        if (code := run([test])) != 0:
            return code
        left = left[left.index(test) + 1 :]
    return 0


def forked(act: Callable[[], int], said: Path, seconds: float) -> int:
    """How `act` ended in a process of its own, or -1: it took too long. `said` is its output."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.setpgrp()
            out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(out, 1)
            os.dup2(out, 2)
            code = act()
        except BaseException:  # noqa: BLE001 - nothing may run on in the place of the parent
            traceback.print_exc()
        finally:
            with suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


def sweep(socket: str) -> None:
    """Drop the databases of tests that came to no end of their own."""
    asyncio.run(_swept(socket, anew=False))


async def keep_whole(socket: str) -> None:
    """Whichever worker of this server comes first; the other finds it there."""
    for name, whole in WHOLES.items():
        with suppress(asyncpg.DuplicateDatabaseError, asyncpg.InvalidCatalogNameError):
            await _as_admin(socket, "postgres", f"CREATE DATABASE {whole} TEMPLATE {name}")


async def _as_admin(socket: str, database: str, *statements: str) -> None:
    held = await asyncpg.connect(_url(socket, database))
    try:
        for sql in statements:
            await held.execute(sql)
    finally:
        await held.close()


def _url(socket: str, database: str) -> str:
    return f"postgresql://postgres@/{database}?host={quote(socket, safe='')}&port=5432"


async def _swept(socket: str, *, anew: bool) -> None:
    """Drop what a killed test left; `anew` gives the next mutant an unmutated database."""
    held = await asyncpg.connect(_url(socket, "postgres"))
    try:
        left = await held.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'")
        names = [row["datname"] for row in left]
        for name in [*names, *WHOLES] if anew else names:
            await held.execute(f"DROP DATABASE {name} WITH (FORCE)")
        for name, whole in WHOLES.items() if anew else ():
            await held.execute(
                f"CREATE DATABASE {name} TEMPLATE {whole}"
                " OWNER throughcare_owner STRATEGY FILE_COPY"
            )
    finally:
        await held.close()
