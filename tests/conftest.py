"""A real Postgres with the real migrations, and a fresh copy of it for every test that asks."""

import asyncio
import gc
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import uvloop
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from backend import clock, embedded, migrate
from backend.actors.actions import use_vault
from backend.audit.seals import use_sealing_key
from backend.keyring import Keyring
from backend.staff import passwords
from backend.vault import Vault
from tests.browsers import chromium  # noqa: F401 - a fixture
from tests.chats import Chats
from tests.databases import connected
from tests.deep import is_deep
from tests.standing import Standing
from tests.world import World

# How long an example takes is the machine's: speed is measured, and no property hangs on it.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")
# Many tests on few rows: planning a statement costs more than carrying it out.
PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan"}
ROOM = 2 * 1024**3
# How many new objects there are before it is looked for lost rings: a request alone makes 700.
gc.set_threshold(50_000, 20, 20)
FIRST_TYPE_OF_OURS = 16_384


def _memory() -> str | None:
    """A folder in memory, where there is room: a copy of the database takes a tenth of the time."""
    shared = "/dev/shm"  # noqa: S108 - the folder below it is made by mkdtemp
    roomy = os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > ROOM
    return shared if roomy else None


@pytest.fixture(scope="session")
def _asyncio_loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """The loop on which the API is served, which takes less of a test than the language's own.

    The plugin's hook for it leaves out whatever is made for a test that waits for nothing, and
    between such a test and another makes all anew that is there for the whole run.
    """
    return uvloop.new_event_loop


@contextmanager
def a_server(*, durable: bool) -> Iterator[embedded.Server]:
    """A server in a folder of its own, with a migrated database to copy from."""
    place = Path(tempfile.mkdtemp(prefix="throughcare-tests-", dir=None if durable else _memory()))
    place.chmod(0o755)  # as root the server runs under an account of its own and must get in
    started = embedded.start(place, durable=durable, options=PLANNED_ONCE)
    try:
        yield started
    finally:
        embedded.stop(started)
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.Server]:
    """One server for the run, without fsync: quick, and forgetful when it is killed."""
    with a_server(durable=False) as started:
        asyncio.run(_migrated(started))
        yield started


@pytest.fixture
async def durable_world() -> AsyncIterator[World]:
    """A world on a server that keeps what it committed, for tests that kill it."""
    with a_server(durable=True) as started:
        await _migrated(started)
        async with connected(started, embedded.DATABASE) as made:
            yield made


async def _migrated(server: embedded.Server) -> None:
    await migrate.prepare(server.url())
    await migrate.migrate(server.url(migrate.role_name("owner")))


@pytest.fixture(scope="session")
async def standing(server: embedded.Server) -> AsyncIterator[Standing]:
    """The database that the tests of this process use one after the other."""
    made = Standing(server)
    yield made
    await made.give_up()


@pytest.fixture
async def world(standing: Standing) -> AsyncIterator[World]:
    """An agency with its people, seen through the application's own role and the jobs' role."""
    async with standing.lent() as made:
        yield made


@pytest.fixture
async def chats(world: World) -> AsyncIterator[Chats]:
    """The bot, the jobs and the phones, in the time of this process."""
    async with Chats(world) as made:
        yield made
        # whatever the test was about: nothing that left for a phone held what it must not
        assert await made.unfit() == []


# Folders and files that take long, the longest first.
LONG = (
    *("story", "reliability", "authz", "deploy", "test_run.py"),
    *("test_jobs_wait_in_no_ring.py", "test_in_a_browser.py", "test_other_sites.py"),
)
# What is made once for a process: an installed program, a browser, a plan and what is beside it.
INSTALLED, IN_A_BROWSER, BESIDE = "tests/deploy/", "_browser.py", "tests.backend.beside"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that nobody waits for it at the end."""
    items.sort(key=_begins)
    if not is_deep(config):
        away = [item for item in items if item.get_closest_marker("deep")]
        config.hook.pytest_deselected(items=away)
        items[:] = [item for item in items if item not in set(away)]


def pytest_collection_finish() -> None:
    """The collected tests stay to the end: no search for lost rings has to walk through them."""
    gc.collect()
    gc.freeze()


def _begins(item: pytest.Item) -> int:
    return next((at for at, part in enumerate(LONG) if part in item.path.parts), len(LONG))


class _ByFile(LoadFileScheduling):  # type: ignore[misc]
    """The tests of a file run in one process, and so do files that share what is made once."""

    def _split_scope(self, nodeid: str) -> str:
        return _together(nodeid.partition("::")[0])


@cache
def _together(file: str) -> str:
    if file.startswith(INSTALLED):
        return INSTALLED
    if file.endswith(IN_A_BROWSER):
        return IN_A_BROWSER
    return BESIDE if f"{BESIDE} import" in Path(file).read_text() else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    return _ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(autouse=True, scope="session")
def _own_key_and_quick_hashes() -> None:
    own_key_and_quick_hashes()


def own_key_and_quick_hashes() -> None:
    use_vault(Vault(Keyring.single(bytes(range(32)))))
    use_sealing_key(bytes(range(32, 64)))
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._nobody = passwords._hasher.hash("nobody at all")


@pytest.fixture(autouse=True, scope="session")
def _types_asked_for_once() -> None:
    """The driver asks each new connection what the arrays of Postgres itself are made of.

    They are the same in every database, and a fresh database for each test asks thousands of times.
    """
    driver: Any = asyncpg.Connection
    ask = driver._introspect_types
    known: dict[tuple[int, ...], Any] = {}

    async def asked_once(held: Any, types: Collection[int], *more: Any) -> Any:
        if max(types) >= FIRST_TYPE_OF_OURS:
            return await ask(held, types, *more)
        key = tuple(sorted(types))
        if key not in known:
            known[key] = await ask(held, types, *more)
        return known[key]

    driver._introspect_types = asked_once


class _Plainly(logging.Handler):
    """Shows what a log line says beside its message; pytest shows only that."""

    def emit(self, record: logging.LogRecord) -> None:
        if error := getattr(record, "error", None):
            print(f"{record.name}: {record.msg}: {error}", file=sys.stderr)  # noqa: T201


@pytest.fixture(autouse=True, scope="session")
def _plain_errors() -> None:
    logging.getLogger().addHandler(_Plainly())


@pytest.fixture(autouse=True)
def _machine_time() -> Iterator[None]:
    yield
    clock.travel(None)
