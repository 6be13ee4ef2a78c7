"""Every service of compose.yaml, by its exact command, under its own account."""

import asyncio
import os
import re
import signal
import socket
import time
from collections import Counter
from pathlib import Path

import asyncpg
import httpx
import pytest

from bots.channels.telegram import STAND_IN_TOKEN
from bots.phones.client import Phones
from tests.backend.authenticator import Authenticator
from tests.deploy.proxy import Proxy
from tests.deploy.stack import HOST, Running, Stack
from tests.processes import free_port

pytestmark = pytest.mark.slow


def test_as_many_run_as_the_file_says_and_their_health_checks_pass(stack: Stack) -> None:
    assert Counter(one.service for one in stack.running) == {"api": 2, "worker": 2, "bot": 1}
    for one in stack.running:
        done = stack.check(one)
        assert done.returncode == 0, done.stderr


def test_a_health_check_fails_where_nothing_listens(stack: Stack) -> None:
    for one in (*stack.of("api")[:1], *stack.of("bot")):
        nobody = Running(one.service, one.process, one.log, "", {"LISTEN_HOST": f"{stack.net}.99"})
        done = stack.check(nobody)
        assert done.returncode == 1
        assert done.stderr.strip() == f"{one.service}: ConnectError"


def test_a_health_check_fails_where_no_worker_beats(stack: Stack, tmp_path: Path) -> None:
    silent = stack.of("worker")[0]
    url = (stack.secrets / "worker_database_url").read_text().replace(str(stack.socket), "/nowhere")
    elsewhere = {"WORKER_DATABASE_URL_FILE": "", "WORKER_DATABASE_URL": url}
    done = stack.check(Running("worker", silent.process, tmp_path, "", elsewhere))
    assert done.returncode == 1
    assert "worker: " in done.stderr
    assert "://" not in done.stderr


def test_migrate_runs_a_second_time_as_well(stack: Stack) -> None:
    done = stack.run("migrate")
    assert (done.returncode, done.stdout) == (0, "migrate: the database is at this release\n")


@pytest.mark.parametrize("name", ["app", "worker", "backup"])
def test_a_role_is_let_in_by_its_password_alone(stack: Stack, name: str) -> None:
    secret = f"{name}_database_url"
    wrong = re.sub(r":\w+@", ":wrong@", (stack.secrets / secret).read_text())
    variable = f"{name.upper()}_DATABASE_URL"
    service = {"app": "api", "worker": "worker", "backup": "backup"}[name]
    done = stack.run(service, None, **{f"{variable}_FILE": "", variable: wrong})
    assert done.returncode == 1
    assert "password authentication failed" in done.stderr


def test_a_service_runs_without_rights_and_cannot_write_its_code(stack: Stack) -> None:
    for one in stack.running:
        status = dict(
            line.split(":\t", 1)
            for line in Path(f"/proc/{one.process.pid}/status").read_text().splitlines()
            if ":\t" in line
        )
        uid = int(stack.service(one.service)["user"].split(":")[0])
        if os.geteuid() == 0:
            assert set(status["Uid"].split()) == {str(uid)}
            assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
            assert status["NoNewPrivs"] == "1"
    folders = [stack.installed.code, stack.installed.packages]
    writable = [
        path
        for folder in folders
        for path in (folder, *folder.rglob("*"))
        if not path.is_symlink() and path.stat().st_mode & 0o222
    ]
    assert writable == []


def test_no_secret_is_seen_from_outside_a_process_or_in_its_lines(stack: Stack) -> None:
    secrets = {
        part
        for path in stack.secrets.iterdir()
        for part in re.findall(r"[\w+/=:-]{24,}", path.read_text())
        if not part.startswith("postgresql")
    }
    passwords = {
        re.findall(r":(\w+)@", path.read_text())[0] for path in stack.secrets.glob("*database_url")
    }
    assert len(passwords) == 4
    for one in stack.running:
        shown = Path(f"/proc/{one.process.pid}/cmdline").read_text()
        shown += Path(f"/proc/{one.process.pid}/environ").read_text()
        for secret in secrets | passwords:
            assert secret not in shown
            assert secret not in one.said


def test_the_first_administrator_signs_in_through_the_proxy(proxy: Proxy, agency: str) -> None:
    with proxy.caller() as http:
        page = http.get("/desk/sign-in")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "__Host-throughcare-door" in page.headers["set-cookie"]
        assert "Secure" in page.headers["set-cookie"]
        given = {"login": "first", "password": agency}
        limited = http.post("/sessions", json=given)
        assert limited.status_code == 200, limited.text
        # an administrator sets up a passkey before anything else, for the public name
        token = {"Authorization": f"Bearer {limited.json()['access_token']}"}
        assert http.get("/tasks", headers=token).status_code == 401
        assert http.post("/account/factor", json={}, headers=token).status_code == 409
        key, named = Authenticator(origin=f"https://{HOST}", host=HOST), {"name": "stick"}
        asked = http.post("/account/passkeys/options", json=named, headers=token)
        made = {**named, **key.make(asked.json()["options"])}
        confirmed = http.post("/account/passkeys", json=made, headers=token)
        assert confirmed.status_code == 200, confirmed.text
        assert http.post("/sessions", json=given).status_code == 401
        asked = http.post("/sessions/passkey/options", json={})
        signed_in = http.post("/sessions/passkey", json=key.show(asked.json()["options"]))
        assert signed_in.status_code == 200, signed_in.text
        token = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
        assert http.get("/tasks", headers=token).status_code in {200, 403}
        assert http.get("/tasks").status_code == 401


@pytest.mark.usefixtures("proxy", "agency")
async def test_a_phone_writes_and_is_answered_by_webhook(stack: Stack) -> None:
    async with Phones(stack.telegram) as phones, httpx.AsyncClient() as http:
        phone = await phones.phone("phone")
        await phones.say(phone.id, "hello")
        said = await phones.sent(chat=phone.id, method="sendMessage", wait=1, timeout=30)
        assert [bool(one.text) for one in said] == [True]
        hook = await http.get(f"{stack.telegram}/bot{STAND_IN_TOKEN}/getWebhookInfo")
    assert hook.json()["result"]["url"] == f"https://localhost:{stack.https}/telegram"
    assert hook.json()["result"]["pending_update_count"] == 0


@pytest.mark.parametrize("name", ["api", "worker", "bot"])
def test_a_service_listens_for_the_proxy_and_ends_when_it_is_told(stack: Stack, name: str) -> None:
    port = free_port()
    number = {"api": "API_PORT", "bot": "WEBHOOK_PORT"}.get(name)
    own = {number: str(port)} if number else {}
    one = stack.start(name, more={**stack.outside(name), **own})
    while not _heeds(one, signal.SIGTERM):  # any worker that beats makes this one look healthy
        time.sleep(0.1)
    stack.healthy(one)
    if number:
        # an address that is neither its own nor the one by which its health is asked
        with socket.create_connection(("127.0.0.77", port), timeout=5):
            pass
    grace = int(stack.service(name)["stop_grace_period"].removesuffix("s"))
    assert one.end(grace) == 0, one.said


def _heeds(one: Running, number: signal.Signals) -> bool:
    assert one.process.poll() is None, one.said
    status = Path(f"/proc/{one.process.pid}/status").read_text()
    caught = re.findall(r"SigCgt:\s*(\w+)", status)[0]
    return bool(int(caught, 16) >> (number - 1) & 1)


@pytest.mark.usefixtures("agency")
def test_a_backup_is_written_and_comes_back(stack: Stack) -> None:
    done = stack.run("backup")
    assert done.returncode == 0, done.stderr
    assert [path.suffix for path in (stack.place / "backups").iterdir()] == [".age"] * 2
    full = stack.run("restore")
    assert full.returncode == 1
    assert "empty" in full.stderr
    url = (stack.secrets / "database_url").read_text().strip()
    asyncio.run(_make_database(url, "drill"))
    drill = url.replace("/throughcare?", "/drill?")
    done = stack.run("restore", DATABASE_URL_FILE="", DATABASE_URL=drill)
    assert done.returncode == 0, done.stderr
    assert "Names open" in done.stdout


async def _make_database(url: str, name: str) -> None:
    held = await asyncpg.connect(url)
    try:
        await held.execute(f"CREATE DATABASE {name}")
    finally:
        await held.close()
