"""The Postgres that comes along: one server for a data folder, shared by all who need it.

Two locks that the kernel frees, however a process ends, stand beside the data: `lock` is
held while a server is started or stopped, `lease` is shared by all who use it. Who gives
the lease back last stops the server; a server that a killed process left behind is adopted
by the next one. docs/decisions/0002-embedded-postgres.md says why it is so.
"""

import fcntl
import os
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO
from urllib.parse import quote

import psutil

from backend.embedded_programs import (
    PORT,
    EmbeddedError,
    Programs,
    ours,
    place_for,
    programs_for,
    short_name,
)

__all__ = ["EmbeddedError", "Server", "start", "stop"]

DATABASE = "throughcare"
OLDEST = 17  # the first release that knows the builtin locale
SHORT_PLACE = Path("/tmp")  # noqa: S108 - `ours` refuses a folder that others made
LONGEST_SOCKET_FOLDER = 85  # bytes; with the socket's own name it has to stay below 104
PLAIN = re.compile(r"[\w/.+ @:=~-]+", re.ASCII)  # urls and settings take a comma for a list
START_SECONDS = 120  # a start after a crash replays the log first
STOP_SECONDS = 60
NO_PROCESS = 2**31 - 1  # no kernel gives out this id

SETTINGS = {
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "log_checkpoints": "off",
    # A failed statement and its details may hold a person's name: they stay out of the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",  # such a server lives for minutes
}


@dataclass(frozen=True)
class Server:
    """A running server and this process's lease on it."""

    socket: Path
    data: Path
    lease: IO[bytes] = field(repr=False, compare=False)

    def url(self, user: str = "postgres", database: str = DATABASE) -> str:
        """The port is named so that PGPORT in somebody's environment changes nothing."""
        return (
            f"postgresql://{user}@/{database}?host={quote(str(self.socket), safe='')}&port={PORT}"
        )


def start(
    root: Path, *, durable: bool = True, options: Mapping[str, str] = MappingProxyType({})
) -> Server:
    """Start or adopt the server whose data lies below `root`, and hold a lease on it.

    The database "throughcare" is there afterwards. `options` are settings of a server that
    is started here; one that already runs keeps its own. Without `durable` a power cut may
    lose everything, which suits tests. Raises EmbeddedError.
    """
    with _plainly(root):
        place = place_for(root.resolve())
        data = place / "data"
        with _locked(place) as lock:
            programs = programs_for(data)
            socket = _adopt(programs, data)
            if socket is None:
                _require_release(programs, data)
                if not data.exists():
                    _initialise(programs, data, lock, durable=durable)
                if not data.is_relative_to(root.resolve()):
                    _tell_place(programs, data, root)
                more = {} if durable else FORGETFUL
                _launch(programs, data, {**SETTINGS, **more, **options})
                socket = _adopt(programs, data)
            if socket is None:
                raise EmbeddedError(f"Postgres ended at once; see {place / 'server.log'}")
            _prepare(programs, socket, durable=durable)
            lease = _open(place / "lease")
            fcntl.flock(lease, fcntl.LOCK_SH)
    return Server(socket, data, lease)


def stop(server: Server) -> None:
    """Give the lease back; the last one out stops the server. Raises EmbeddedError."""
    server.lease.close()
    data, place = server.data, server.data.parent
    with _plainly(place), _locked(place), _open(place / "lease") as lease:
        try:
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        programs = programs_for(data)
        if _running(programs, data):
            with _open(place / "server.log") as log:
                programs.control(data, log, "-m", "fast", "-t", str(STOP_SECONDS), "stop")
        if server.socket != data:
            with suppress(OSError):
                server.socket.rmdir()


def _require_release(programs: Programs, data: Path) -> None:
    major = re.findall(r"\d+", programs.run("postgres", "--version"))[0]
    if int(major) < OLDEST:
        raise EmbeddedError(f"PG_BIN holds Postgres {major}; {OLDEST} or newer is needed")
    if data.exists() and (theirs := (data / "PG_VERSION").read_text().strip()) != major:
        raise EmbeddedError(
            f"{data} was made by Postgres {theirs}, which Postgres {major} cannot read:"
            f" point PG_BIN at the programs of {theirs}, or dump and restore"
        )


def _initialise(programs: Programs, data: Path, lock: IO[bytes], *, durable: bool) -> None:
    """Make the data folder aside and move it into place whole: a killed start leaves none.

    The child keeps the lock, so that nobody starts anew while it still writes.
    """
    for unfinished in data.parent.glob("unfinished-*"):
        shutil.rmtree(unfinished)
    fresh = Path(tempfile.mkdtemp(prefix="unfinished-", dir=data.parent))
    if programs.account:
        os.chown(fresh, programs.account["user"], programs.account["group"])
    locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    words = ["-U", "postgres", "-A", "trust", "-E", "UTF8", *locale]
    if not durable:
        words.append("--no-sync")
    programs.run("initdb", "-D", str(fresh), *words, pass_fds=[lock.fileno()])
    fresh.rename(data)


def _tell_place(programs: Programs, data: Path, root: Path) -> None:
    sys.stderr.write(
        f"Postgres keeps its data in {data}, because account {programs.uid} may not enter {root};"
        " set THROUGHCARE_DATA to choose a place\n"
    )


def _launch(programs: Programs, data: Path, settings: Mapping[str, str]) -> None:
    socket = _socket_folder(programs, data)
    for file in (data / "postmaster.pid", socket / f".s.PGSQL.{PORT}.lock"):
        _disown(file)
    settings = {**settings, "unix_socket_directories": str(socket)}
    words = " ".join(shlex.quote(f"--{name}={value}") for name, value in settings.items())
    with _open(data.parent / "server.log") as log:
        programs.control(data, log, "-t", str(START_SECONDS), "-o", words, "start")


def _adopt(programs: Programs, data: Path) -> Path | None:
    """Where the running server listens, once it answers; None when none runs."""
    deadline = time.monotonic() + START_SECONDS
    refused = "no reason given"
    while _running(programs, data):
        try:
            socket = Path((data / "postmaster.pid").read_text().splitlines()[4])
            programs.ask(socket, "select 1")
        except (IndexError, FileNotFoundError):
            pass  # it is not that far yet, or it has just ended
        except EmbeddedError as error:
            refused = str(error)
        else:
            return socket
        if time.monotonic() > deadline:
            raise EmbeddedError(f"Postgres runs on {data} but does not answer: {refused}")
        time.sleep(0.05)
    return None


def _running(programs: Programs, data: Path) -> bool:
    """Whether a server runs on this folder.

    Its number alone proves nothing after a reboot or in a restarted container.
    """
    with suppress(OSError, ValueError, IndexError):
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        return programs.stands_in(pid, data)
    return False


def _disown(file: Path) -> None:
    """Take a stranger's process id out of a lock file of a server that has gone.

    Postgres would take that process for a running server. The file itself stays: its other
    lines let Postgres find backends that have outlived their server.
    """
    with suppress(FileNotFoundError, ValueError):
        number = os.open(file, os.O_RDWR | os.O_NOFOLLOW)
        with os.fdopen(number, "r+") as text:
            pid, *rest = text.read().split("\n")
            if psutil.pid_exists(int(pid)):
                text.seek(0)
                text.write("\n".join([str(NO_PROCESS), *rest]))
                text.truncate()


def _socket_folder(programs: Programs, data: Path) -> Path:
    """The data folder itself, or a short one where its name cannot be a socket's."""
    if len(os.fsencode(data)) <= LONGEST_SOCKET_FOLDER and PLAIN.fullmatch(str(data)):
        return data
    return ours(SHORT_PLACE / f"throughcare-{short_name(data)}", programs.uid, 0o700)


def _prepare(programs: Programs, socket: Path, *, durable: bool) -> None:
    sql = f"select current_setting('fsync'), count(*) from pg_database where datname = '{DATABASE}'"
    fsync, there = programs.ask(socket, sql).split("|")
    if durable and fsync == "off":
        raise EmbeddedError("this Postgres runs without fsync, for tests: let them end first")
    if there == "0":
        programs.ask(socket, f"create database {DATABASE}")


@contextmanager
def _plainly(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EmbeddedError(
            f"{error.filename or folder}: {error.strerror or error};"
            " start as the account that owns it, or set THROUGHCARE_DATA to another folder"
        ) from error


@contextmanager
def _locked(place: Path) -> Iterator[IO[bytes]]:
    with _open(place / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def _open(path: Path) -> IO[bytes]:
    """A file of ours beside the data. Root follows no link, and the folder's owner gets it."""
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        os.fchown(number, path.parent.stat().st_uid, -1)
    return os.fdopen(number, "ab+")
