import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from backend import embedded, embedded_programs
from backend.settings import ROOT

HOLDER = """
import sys
from pathlib import Path
from backend import embedded
server = embedded.start(Path(sys.argv[1]), durable=False)
print("holds", flush=True)
sys.stdin.read()
embedded.stop(server)
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server has another account")


@pytest.fixture(scope="module")
def open_place() -> Iterator[Path]:
    """A folder that the account of root's server may enter."""
    place = Path(tempfile.mkdtemp(prefix="throughcare tests "))
    place.chmod(0o755)
    yield place
    end_servers_below(place)
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="module")
def made(open_place: Path) -> Path:
    """Data made once, by a first start: making it takes longer than all the rest."""
    root = open_place / "made"
    embedded.stop(embedded.start(root, durable=False))
    return root


@pytest.fixture
def root(made: Path) -> Iterator[Path]:
    """Data whose server does not run, whatever the test before has done."""
    yield made
    end_servers_below(made)


@pytest.fixture
def long_root(root: Path) -> Iterator[Path]:
    long = root.with_name("x" * 100)
    root.rename(long)
    yield long
    long.rename(root)


def end_servers_below(place: Path) -> None:
    for pid_file in place.rglob("postmaster.pid"):
        with suppress(ValueError, psutil.Error, OSError):
            process = psutil.Process(int(pid_file.read_text().split()[0]))
            if Path(process.cwd()) == pid_file.parent:
                process.send_signal(signal.SIGQUIT)
                process.wait(5)


async def ask(server: embedded.Server, sql: str) -> object:
    connection = await asyncpg.connect(server.url())
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def runs(data: Path) -> bool:
    return (data / "postmaster.pid").exists()


def process_id(server: embedded.Server) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def hold(root: Path) -> "subprocess.Popen[str]":
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    assert holder.stdout.readline() == "holds\n"
    return holder


async def test_a_server_is_durable_private_and_indifferent_to_the_environment(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGHOST": "nowhere", "LC_ALL": "xx_YY"}.items():
        monkeypatch.setenv(name, value)
    server = embedded.start(root)
    try:
        assert await ask(server, "show fsync") == "on"
        assert await ask(server, "show listen_addresses") == ""
        assert await ask(server, "show timezone") == "UTC"
        assert await ask(server, "select lower('ÉЖ')") == "éж"
        assert await ask(server, "select current_database()") == "throughcare"
        assert server.data.stat().st_mode & 0o777 == 0o700
    finally:
        embedded.stop(server)
    assert not runs(server.data)


async def test_data_is_there_after_the_last_one_has_left(root: Path) -> None:
    server = embedded.start(root)
    await ask(server, "create table kept (of int)")
    embedded.stop(server)

    server = embedded.start(root)
    try:
        assert await ask(server, "select count(*) from kept") == 0
    finally:
        embedded.stop(server)


async def test_a_failed_statement_leaves_no_words_in_the_log(root: Path) -> None:
    server = embedded.start(root)
    try:
        with pytest.raises(asyncpg.PostgresError):
            await ask(server, "select 'canary-in-a-statement'::int")
        await ask(server, "create table t (name text primary key)")
        with pytest.raises(asyncpg.UniqueViolationError):
            await ask(server, "insert into t values ('canary-in-a-row'), ('canary-in-a-row')")
    finally:
        embedded.stop(server)
    log = (server.data.parent / "server.log").read_text()
    assert "unique constraint" in log
    assert "canary-in-a-row" not in log
    assert "select 'canary" not in log


def test_starters_at_the_same_time_share_one_server_and_the_last_stops_it(
    open_place: Path,
) -> None:
    root = open_place / "nothing yet"
    leaving = HOLDER.replace("sys.stdin.read()", "")
    starters = [
        subprocess.Popen([sys.executable, "-c", leaving, str(root)], cwd=ROOT) for _ in range(4)
    ]
    assert [starter.wait(60) for starter in starters] == [0, 0, 0, 0]
    assert not runs(root / "postgres" / "data")
    assert [path.name for path in (root / "postgres").glob("unfinished-*")] == []


def test_a_folder_made_by_many_at_once_is_open_to_each_of_them(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def make(folder: Path) -> int:
        together.wait()
        embedded_programs._make_passable(folder)
        return folder.stat().st_mode & 0o777

    with ThreadPoolExecutor(8) as starters:
        for number in range(100):
            folder = tmp_path / "data of many" / str(number)
            assert {*starters.map(make, [folder] * 8)} == {0o711}
    assert {path.name for path in folder.parent.iterdir()} == {str(number) for number in range(100)}


def test_a_server_outlives_one_of_two_holders(root: Path) -> None:
    first, second = embedded.start(root), embedded.start(root)
    embedded.stop(first)
    assert runs(second.data)
    embedded.stop(second)
    assert not runs(second.data)


def test_a_server_left_by_a_killed_holder_is_adopted_and_stopped(root: Path) -> None:
    holder = hold(root)
    holder.kill()
    holder.communicate()
    data = root / "postgres" / "data"
    before = data.joinpath("postmaster.pid").read_text().split()[0]

    server = embedded.start(root, durable=False)
    assert process_id(server) == int(before)
    embedded.stop(server)
    assert not runs(data)


def test_a_process_that_got_the_number_of_a_dead_server_is_not_mistaken_for_it(
    root: Path,
) -> None:
    server = embedded.start(root)
    number = process_id(server)
    os.kill(number, signal.SIGKILL)
    owner = server.data.stat().st_uid
    with subprocess.Popen(
        ["sleep", "9"], user=None if owner == os.geteuid() else owner
    ) as stranger:
        for lock in (server.data / "postmaster.pid", server.socket / ".s.PGSQL.5432.lock"):
            lock.write_text(lock.read_text().replace(str(number), str(stranger.pid), 1))
        again = embedded.start(root)
        assert process_id(again) not in (number, stranger.pid)
        assert stranger.poll() is None
        stranger.kill()
    embedded.stop(again)
    embedded.stop(server)
    assert not runs(server.data)


def test_a_start_that_was_killed_while_making_the_data_leaves_nothing_behind(
    open_place: Path,
) -> None:
    root = open_place / "interrupted"
    starter = subprocess.Popen([sys.executable, "-c", HOLDER, str(root)], cwd=ROOT)
    while not list(root.glob("postgres/unfinished-*/PG_VERSION")):
        assert starter.poll() is None
        time.sleep(0.005)
    starter.kill()
    starter.wait()

    embedded.stop(embedded.start(root, durable=False))
    assert sorted(p.name for p in (root / "postgres").iterdir()) == [
        "data",
        "lease",
        "lock",
        "server.log",
    ]


async def test_a_name_too_long_for_a_socket_is_no_hindrance(long_root: Path) -> None:
    server = embedded.start(long_root)
    try:
        assert await ask(server, "select 1") == 1
        assert server.socket.stat().st_mode & 0o777 == 0o700
    finally:
        embedded.stop(server)
    assert not server.socket.exists()


async def test_tests_may_do_without_fsync_and_nothing_durable_joins_them(root: Path) -> None:
    server = embedded.start(root, durable=False, options={"max_connections": "23"})
    try:
        assert await ask(server, "show fsync") == "off"
        assert await ask(server, "show max_connections") == "23"
        with pytest.raises(embedded.EmbeddedError, match="without fsync"):
            embedded.start(root)
    finally:
        embedded.stop(server)


def test_data_of_another_release_is_left_alone(root: Path) -> None:
    version = root / "postgres" / "data" / "PG_VERSION"
    ours = version.read_text()
    version.write_text("16\n")
    try:
        with pytest.raises(embedded.EmbeddedError, match=r"made by Postgres 16.*PG_BIN"):
            embedded.start(root)
        assert version.read_text() == "16\n"
    finally:
        version.write_text(ours)


def test_a_start_that_fails_gives_the_reason_in_one_line(root: Path) -> None:
    with pytest.raises(embedded.EmbeddedError, match="no_such_setting") as caught:
        embedded.start(root, options={"no_such_setting": "1"})
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_used_is_one_line(open_place: Path) -> None:
    root = open_place / "a file"
    root.touch()
    with pytest.raises(embedded.EmbeddedError, match="set THROUGHCARE_DATA"):
        embedded.start(root)


def test_a_folder_that_somebody_else_made_for_us_is_refused(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.mkdir(mode=0o777)
    with pytest.raises(embedded.EmbeddedError, match="not made by this program"):
        embedded_programs.ours(trap, os.geteuid(), 0o700)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    with pytest.raises(embedded.EmbeddedError, match="not made by this program"):
        embedded_programs.ours(link, os.geteuid(), 0o700)


@as_root
def test_root_below_a_closed_folder_is_told_once_where_the_data_is(
    open_place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(embedded_programs, "OPEN_PLACE", open_place)
    closed = open_place / "closed"
    closed.mkdir(mode=0o700)
    server = embedded.start(closed / ".data", durable=False)
    again = embedded.start(closed / ".data", durable=False)
    embedded.stop(again)
    embedded.stop(server)
    assert closed not in server.data.parents
    assert closed.stat().st_mode & 0o777 == 0o700
    assert capsys.readouterr().err.count(str(server.data)) == 1


@as_root
def test_root_leaves_an_ordinary_users_data_to_that_user(made: Path, open_place: Path) -> None:
    root = open_place / "theirs"
    subprocess.run(["cp", "-a", str(made), str(root)], check=True)
    for path in [root, *root.rglob("*")]:
        os.chown(path, 12345, 12345, follow_symlinks=False)
    server = embedded.start(root)
    try:
        assert psutil.Process(process_id(server)).uids().real == 12345
    finally:
        embedded.stop(server)
    assert {path.stat().st_uid for path in root.rglob("*")} == {12345}
