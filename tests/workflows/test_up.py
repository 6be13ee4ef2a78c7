import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from backend import embedded
from backend.settings import ROOT, SettingsError, read
from workflows import up

SCRIPT = """
import asyncio, json, os, sys
from workflows import supervise
from workflows.supervise import Child, Door, Terminal, heed_signals

supervise.GRACE_SECONDS = 1

async def main():
    ending, terminal = heed_signals(), Terminal()
    children = {True: [], False: []}
    for given in json.loads(sys.argv[1]):
        argv = [sys.executable, "-c", given["code"]]
        door = Door("127.0.0.1", given["port"], given.get("path")) if "port" in given else None
        once = given.get("once", False)
        children[once].append(Child(given["name"], argv, dict(os.environ), door,
                                    f"{given['name']} is there", given.get("after")))
    try:
        return await supervise.supervise(
            children[False], ending, terminal, first=children[True], pause=0.01)
    finally:
        terminal.close()

sys.exit(asyncio.run(main()))
"""
LIVES = "import os, time; print('pid', os.getpid(), flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + LIVES
PARENT = "import subprocess; subprocess.Popen(['sleep', '60']); " + LIVES
SERVES = """
import http.server, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ready = self.path == "/ready" and time.monotonic() > began + 0.5
        self.send_response(200 if ready else 503)
        self.end_headers()
    def log_message(self, *words): pass
began = time.monotonic()
http.server.HTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
"""


def _heard() -> None:
    """Whoever runs the tests may ignore signals, as nohup does; what they start would too."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Run:
    """A parent with children, in a process of its own."""

    def __init__(self, *children: dict[str, object], before: str = "") -> None:
        argv = [sys.executable, "-c", SCRIPT, json.dumps(children)]
        if before:
            argv = ["/bin/sh", "-c", f'{before}; exec "$@"', "sh", *argv]
        self.parent = subprocess.Popen(
            argv,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=_heard,  # noqa: PLW1509 - no threads here
        )
        self.said = ""

    def until(self, pattern: str, times: int = 1) -> list[str]:
        """Read on until the pattern has been said so often; what it found."""
        assert self.parent.stdout
        while len(found := re.findall(pattern, self.said)) < times:
            line = self.parent.stdout.readline()
            assert line, f"ended without {pattern!r}: {self.said}"
            self.said += line
        return found

    def family(self, count: int) -> list[psutil.Process]:
        """The children, once they have said their numbers, and all below them."""
        pids = self.until(r"pid (\d+)", count)
        found = [psutil.Process(int(pid)) for pid in pids]
        return found + [below for child in found for below in child.children(recursive=True)]

    def end(self, *signals: signal.Signals) -> int:
        for number in signals:
            self.parent.send_signal(number)
        # not `communicate`, which would pass over what readline has taken in already
        assert self.parent.stdout
        self.said += self.parent.stdout.read()
        return self.parent.wait(10)


@pytest.fixture
def run() -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def start(*children: dict[str, object], before: str = "") -> Run:
        runs.append(Run(*children, before=before))
        return runs[-1]

    yield start
    for one in runs:
        with one.parent:
            one.parent.kill()


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number: int = server.getsockname()[1]
        return number


def all_gone(processes: list[psutil.Process], *, within: float = 3) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_parent_alone_ends_everything(
    run: Callable[..., Run], number: signal.Signals
) -> None:
    both = run({"name": "a", "code": LIVES}, {"name": "b", "code": PARENT})
    family = both.family(2)
    assert len(family) == 3
    assert both.end(number) == 0
    assert all_gone(family, within=1)


def test_sigint_counts_where_it_came_ignored(run: Callable[..., Run]) -> None:
    one = run({"name": "a", "code": LIVES}, before="trap '' INT")
    family = one.family(1)
    assert one.end(signal.SIGINT) == 0
    assert all_gone(family)


def test_an_ignored_hangup_stays_ignored(run: Callable[..., Run]) -> None:
    one = run({"name": "a", "code": LIVES}, before="trap '' HUP")
    family = one.family(1)
    one.parent.send_signal(signal.SIGHUP)
    assert not all_gone(family, within=0.3)
    assert one.end(signal.SIGTERM) == 0


def test_a_child_that_will_not_end_is_killed(run: Callable[..., Run]) -> None:
    one = run({"name": "a", "code": STUBBORN})
    family = one.family(1)
    began = time.monotonic()
    assert one.end(signal.SIGTERM) == 0
    assert 1 <= time.monotonic() - began < 5
    assert all_gone(family)


def test_nobody_outlives_a_killed_parent(run: Callable[..., Run]) -> None:
    both = run({"name": "a", "code": STUBBORN}, {"name": "b", "code": PARENT})
    family = both.family(2)
    assert len(family) == 3
    both.parent.kill()
    assert all_gone(family)


def test_everything_ends_with_the_one_who_watches_over_the_parent(
    run: Callable[..., Run],
) -> None:
    one = run({"name": "a", "code": LIVES})
    family = one.family(1)
    guardian = next(
        child for child in psutil.Process(one.parent.pid).children() if child.name() == "sh"
    )
    guardian.kill()
    assert one.end() == 1
    assert all_gone(family)


def test_a_child_that_ends_by_itself_is_started_again(run: Callable[..., Run]) -> None:
    both = run(
        {"name": "steady", "code": LIVES},
        {"name": "weak", "code": "import time; time.sleep(0.3); raise SystemExit(3)"},
    )
    family = both.family(1)
    both.until("weak ended with code 3; starting it again", 2)
    assert not all_gone(family, within=0.1)
    assert both.end(signal.SIGTERM) == 0


def test_a_child_that_ends_too_often_ends_everything(run: Callable[..., Run]) -> None:
    both = run(
        {"name": "steady", "code": LIVES},
        {"name": "weak", "code": "import os; os.kill(os.getpid(), 9)"},
    )
    family = both.family(1)
    assert both.end() == 1
    assert both.said.count("weak was ended by SIGKILL; starting it again") == 5
    assert "weak was ended by SIGKILL again: ending everything" in both.said
    assert all_gone(family)


def test_every_line_tells_whose_it_is(run: Callable[..., Run]) -> None:
    code = "import sys; print('one'); print('two', file=sys.stderr); print('x' * 200000, end='')"
    both = run({"name": "first", "once": True, "code": code}, {"name": "a", "code": LIVES})
    both.until("pid")
    both.end(signal.SIGTERM)
    lines = both.said.splitlines()
    assert "first   | one" in lines
    assert "first   | two" in lines
    assert sum(line.count("x") for line in lines if line.startswith("first   | x")) == 200000
    assert any(line.startswith("a       | pid ") for line in lines)


def test_a_step_that_fails_lets_nothing_start(run: Callable[..., Run]) -> None:
    both = run(
        {"name": "step", "once": True, "code": "raise SystemExit(4)"},
        {"name": "a", "code": LIVES},
    )
    assert both.end() == 1
    assert both.said == "step ended with code 4: nothing more is started\n"


def test_a_signal_counts_during_the_first_steps(run: Callable[..., Run]) -> None:
    both = run({"name": "step", "once": True, "code": LIVES}, {"name": "a", "code": LIVES})
    family = both.family(1)
    assert both.end(signal.SIGTERM) == 0
    assert all_gone(family)
    assert both.said.count("pid") == 1


def test_an_address_is_said_when_it_answers_and_not_before(
    run: Callable[..., Run], port: int
) -> None:
    serving = SERVES.replace("PORT", str(port))
    both = run(
        {"name": "door", "code": serving, "port": port, "path": "/ready"},
        {"name": "guest", "code": LIVES, "after": "door"},
    )
    both.until("guest   . pid")
    assert both.said.startswith("door is there\n")
    assert both.end(signal.SIGTERM) == 0


def test_a_reader_who_has_stopped_reading_does_not_hinder_the_end(run: Callable[..., Run]) -> None:
    one = run(
        {
            "name": "a",
            "code": LIVES.replace("time.sleep(60)", "[print('x' * 99) for _ in iter(int, 1)]"),
        }
    )
    family = one.family(1)
    time.sleep(0.5)  # now the pipe is full
    one.parent.send_signal(signal.SIGTERM)
    assert one.parent.wait(10) == 0
    assert all_gone(family)


def test_a_taken_port_is_one_line_and_starts_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1])
        env = {**os.environ, "API_PORT": number, "THROUGHCARE_DATA": str(tmp_path / "data")}
        for name in ("DATABASE_URL", "APP_DATABASE_URL", "WORKER_DATABASE_URL"):
            env.pop(name, None)
        done = subprocess.run(
            [sys.executable, str(ROOT / "throughcare.py"), "up"],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert f"port {number} is taken" in done.stderr
    assert "API_PORT" in done.stderr
    assert not (tmp_path / "data").exists()


async def test_what_listens_with_a_certificate_is_no_workstation(tmp_path: Path) -> None:
    configured = replace(read({}), listen_certificate=tmp_path / "a", listen_key=tmp_path / "b")
    with pytest.raises(SettingsError, match=r"^LISTEN_CERTIFICATE_FILE is for a server"):
        await up.up(configured, demo=False)


def test_one_port_for_two_is_refused(port: int) -> None:
    with pytest.raises(up.PortError, match="PHONES_PORT"):
        up.require_free_ports({"API_PORT": ("127.0.0.1", port), "PHONES_PORT": ("127.0.0.1", port)})
    up.require_free_ports({"API_PORT": ("127.0.0.1", port)})


def test_no_program_is_given_the_owners_url(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://throughcare_owner@db/throughcare"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("APP_DATABASE_URL", url.replace("owner", "app"))
    children = up.children(read(os.environ), None)
    assert {child.name for child in children} == {"phones", "api", "worker", "bot"}
    for child in children:
        assert url not in child.env.values()
        assert child.env["APP_DATABASE_URL"] == url.replace("owner", "app")


def test_the_phones_stand_in_only_where_there_is_no_token() -> None:
    settings = read({"DATABASE_URL": "x", "PHONES_PORT": "8765"})
    bot = next(child for child in up.children(settings, None) if child.name == "bot")
    assert bot.after == "phones"
    assert bot.env["TELEGRAM_API"] == "http://127.0.0.1:8765"

    real = replace(settings, telegram_token="a token")
    children = up.children(real, None)
    assert [child.name for child in children] == ["api", "worker", "bot"]
    assert children[-1].after is None
    assert "PHONES_PORT" not in up.ports(real)


def test_of_a_server_of_our_own_nothing_stays_open_for_the_release_before(
    server: embedded.Server,
) -> None:
    given = read(os.environ)
    [migrates, demo] = up.beforehand(given, server, demo=True)
    assert migrates.argv[-2:] == ["migrate", "--close"]
    assert demo.argv[-2:] == ["admin", "demo"]
    [migrates] = up.beforehand(given, None, demo=False)
    assert migrates.argv[-1] == "migrate"
